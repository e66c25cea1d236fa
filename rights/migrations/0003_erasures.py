from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rights", "0002_walls")]
    operations: list[object] = []
