"""Who acts for a patient changes only what she sees, also by a statement that reads nothing.

Such a statement passes by the policies of reading: with it, what is not shown to her could have been
given other labels, and so shown.
"""

from django.db import migrations

from sharing.walls import COVERS, KEEPS

SEEN = f"""
    EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.patient_id = phr_record.patient_id AND g.id = ANY (ARRAY(SELECT phr_grants()))
          AND {COVERS}
    )
"""
BEFORE = f"phr_may_write(patient_id) OR (hidden_at IS NULL AND NOT never_shared AND {KEEPS})"
NOW = f"phr_may_write(patient_id) OR (hidden_at IS NULL AND NOT never_shared AND {KEEPS} AND {SEEN})"


class Migration(migrations.Migration):
    dependencies = [("phr", "0028_unasked"), ("sharing", "0016_flat")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY phr_record_2 ON phr_record USING ({NOW}) WITH CHECK ({BEFORE})",
            f"ALTER POLICY phr_record_2 ON phr_record USING ({BEFORE}) WITH CHECK ({BEFORE})",
        )
    ]
