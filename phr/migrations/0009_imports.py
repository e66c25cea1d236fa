"""Placeholder."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0008_in_and_out")]
    operations = []
