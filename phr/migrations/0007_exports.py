from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0006_restriction")]
    operations: list[object] = []
