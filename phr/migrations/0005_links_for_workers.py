"""Let the sweep for leftovers see which files are in use, whoever's they are.

Without it every picture of every record looked like a leftover, and was destroyed.
"""

from django.db import migrations

from sharing.walls import SYSTEM


class Migration(migrations.Migration):
    dependencies = [("phr", "0004_search_behind_walls")]
    operations = [
        migrations.RunSQL(
            "CREATE POLICY phr_recordfile_system ON phr_recordfile"
            f" FOR SELECT TO phr_worker USING ({SYSTEM})",
            "DROP POLICY phr_recordfile_system ON phr_recordfile",
        )
    ]
