from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rights", "0006_holds")]
    operations = [
        migrations.AddField(
            model_name="export", name="choice_sealed", field=models.BinaryField(null=True)
        )
    ]
