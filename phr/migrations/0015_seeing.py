from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("phr", "0014_resumable")]
    operations = []
