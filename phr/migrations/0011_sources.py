"""The same item from another source is known again by what it says."""

from django.db import migrations, models
from django.db.models import Q

OUTCOMES = ("new", "changed", "known", "alike", "older", "aside", "twice")


class Migration(migrations.Migration):
    dependencies = [("phr", "0010_undo")]
    operations = [
        migrations.AddField("record", "likeness", models.BinaryField(null=True)),
        migrations.AddIndex(
            "record",
            models.Index(
                fields=["patient", "likeness"],
                name="record_by_likeness",
                condition=Q(hidden_at=None, likeness__isnull=False),
            ),
        ),
        migrations.AlterField(
            "provenance",
            "outcome",
            models.CharField(
                choices=[(name, name.title()) for name in OUTCOMES], db_default="", max_length=7
            ),
        ),
    ]
