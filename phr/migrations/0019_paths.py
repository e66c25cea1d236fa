"""The wall around the records, in step with the paths of permissions."""

from django.db import migrations

from sharing.walls import COVERS, MINE

SHARED = f"""
    hidden_at IS NULL AND EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.patient_id = phr_record.patient_id
          AND g.id = ANY (ARRAY(SELECT phr_grants())) AND {COVERS}
    )
"""


class Migration(migrations.Migration):
    dependencies = [("phr", "0018_known_again"), ("sharing", "0007_paths_walls")]
    operations = [
        migrations.RunSQL(
            [
                "DROP POLICY phr_record_1 ON phr_record",
                "CREATE POLICY phr_record_1 ON phr_record FOR SELECT TO phr_web"
                f" USING (patient_id = ANY ({MINE}) OR ({SHARED}))",
            ]
        )
    ]
