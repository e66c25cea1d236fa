from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rights", "0006_holds")]
    operations = []
