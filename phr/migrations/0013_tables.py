from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0012_archive")]
    operations = []
