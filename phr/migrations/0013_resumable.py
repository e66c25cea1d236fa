"""Files that come in pieces and may be interrupted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phr", "0012_archive")]
    operations = [
        migrations.AddField(
            model_name="binary", name="arriving_until", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="upload", name="fingerprint_sealed", field=models.BinaryField(null=True)
        ),
    ]
