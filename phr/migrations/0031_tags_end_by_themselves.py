"""No session deletes a tag: a word ends with its last use, and a worker's job sees to that.

Who acts for a patient tags and untags what she sees, but could have ended a word that others stand
under, and with it their place in a permission by tags.
"""

from django.db import migrations

from sharing.walls import KEEPS


class Migration(migrations.Migration):
    dependencies = [("phr", "0030_files_aside")]
    operations = [
        migrations.RunSQL(
            "DROP POLICY phr_tag_3 ON phr_tag",
            f"CREATE POLICY phr_tag_3 ON phr_tag FOR DELETE TO phr_web USING ({KEEPS})",
        )
    ]
