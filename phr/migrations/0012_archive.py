"""What an archive of this portal brings back, and which upload brought it."""

from django.db import migrations, models

OUTCOMES = ("new", "changed", "known", "alike", "older", "aside", "twice", "back")


class Migration(migrations.Migration):
    dependencies = [("phr", "0011_sources")]
    operations = [
        migrations.AddField("upload", "brought_by", models.UUIDField(null=True)),
        migrations.AlterField(
            "provenance",
            "outcome",
            models.CharField(
                choices=[(name, name.title()) for name in OUTCOMES], db_default="", max_length=7
            ),
        ),
    ]
