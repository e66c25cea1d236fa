"""What its patient said to what a file says beside what she wrote."""

from django.db import migrations, models

OUTCOMES = (
    "new", "changed", "known", "alike", "older", "aside", "twice", "back", "mine", "theirs",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("phr", "0019_paths")]
    operations = [
        migrations.AlterField(
            "provenance",
            "outcome",
            models.CharField(
                choices=[(name, name.title()) for name in OUTCOMES], db_default="", max_length=7
            ),
        )
    ]
