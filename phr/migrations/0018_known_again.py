"""By what a past version is known again, and in whose words a version is when its file is gone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("phr", "0017_epoch_by_import")]
    operations = [
        migrations.AddField("recordversion", "likeness", models.BinaryField(null=True)),
        migrations.AddField("provenance", "scope", models.UUIDField(null=True)),
        migrations.AddIndex(
            "recordversion",
            models.Index(
                fields=["patient", "likeness"],
                name="version_by_likeness",
                condition=models.Q(likeness__isnull=False),
            ),
        ),
    ]
