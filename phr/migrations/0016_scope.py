"""The wall around the records, in step with what a permission may cover and that it can be paused."""

from django.db import migrations

from sharing.walls import COVERS, IN_FORCE, MINE

SHARED = f"""
    hidden_at IS NULL AND patient_id = ANY (ARRAY(SELECT phr_granted()))
    AND EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.patient_id = phr_record.patient_id AND {IN_FORCE} AND {COVERS}
    )
"""


class Migration(migrations.Migration):
    dependencies = [("phr", "0015_matching_for_workers"), ("sharing", "0005_scope")]
    operations = [
        migrations.RunSQL(
            [
                "DROP POLICY phr_record_1 ON phr_record",
                "CREATE POLICY phr_record_1 ON phr_record FOR SELECT TO phr_web"
                f" USING (patient_id = ANY ({MINE}) OR ({SHARED}))",
            ]
        )
    ]
