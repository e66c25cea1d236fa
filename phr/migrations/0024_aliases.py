"""An item is known by all its business identifiers; one whose numbers lead to two is its own."""

import django.contrib.postgres.fields
from django.db import migrations, models

OUTCOMES = (
    "new", "changed", "known", "alike", "older", "aside", "twice", "back", "mine", "theirs", "unsure",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("phr", "0023_my_looks")]
    operations = [
        migrations.AddField(
            "record",
            "aliases",
            django.contrib.postgres.fields.ArrayField(models.BinaryField(), null=True),
        ),
        migrations.AlterField(
            "provenance",
            "outcome",
            models.CharField(
                choices=[(name, name.title()) for name in OUTCOMES], db_default="", max_length=7
            ),
        ),
    ]
