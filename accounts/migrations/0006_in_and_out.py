"""The day a patient was born, for prints and to tell whether a file is about her."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_leaving'),
    ]

    operations = [
        migrations.AddField(
            model_name='patient',
            name='born_sealed',
            field=models.BinaryField(null=True),
        ),
    ]
