"""A file that says something else than its patient wrote brings its own files: kept, not shown yet."""

from django.db import migrations, models

from sharing.walls import MINE

OF_SEEN = "EXISTS (SELECT 1 FROM phr_record r WHERE r.id = phr_recordfile.record_id)"
BEFORE = f"patient_id = ANY ({MINE}) OR {OF_SEEN}"
NOW = f"patient_id = ANY ({MINE}) OR (aside IS NULL AND {OF_SEEN})"


class Migration(migrations.Migration):
    dependencies = [("phr", "0029_keeping_what_is_seen")]
    operations = [
        migrations.AddField("recordfile", "aside", models.PositiveIntegerField(null=True)),
        migrations.RunSQL(
            f"ALTER POLICY phr_recordfile_1 ON phr_recordfile USING ({NOW})",
            f"ALTER POLICY phr_recordfile_1 ON phr_recordfile USING ({BEFORE})",
        ),
    ]
