from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0010_undo")]
    operations = []
