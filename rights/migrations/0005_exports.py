from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rights", "0004_cases")]
    operations: list[object] = []
