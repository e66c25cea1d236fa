from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rights", "0005_exports")]
    operations: list[object] = []
