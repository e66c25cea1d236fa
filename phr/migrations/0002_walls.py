"""The second wall around what is kept; `sharing/policy.py` is the first."""

from django.db import migrations

from accounts.roles import wall
from sharing.walls import ACTIVE, MINE, STAFF, SYSTEM

# A worker touches one patient at a time: the one its act is about.
WORKER = f"{SYSTEM} AND patient_id = (SELECT phr_about())"
SHARED = f"""
    hidden_at IS NULL AND patient_id = ANY (ARRAY(SELECT phr_granted()))
    AND EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.patient_id = phr_record.patient_id AND {ACTIVE}
          AND phr_record.category = ANY (g.categories) AND phr_record.labels <@ g.labels
    )
"""


def _part_of_record(table: str, column: str) -> list[str]:
    """A table whose rows are seen by whoever sees the record they belong to."""
    return wall(
        table,
        f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE})"
        f" OR EXISTS (SELECT 1 FROM phr_record r WHERE r.id = {table}.{column}))",
        f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
    )


class Migration(migrations.Migration):
    dependencies = [("phr", "0001_initial"), ("sharing", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                *wall(
                    "phr_record",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR ({SHARED}))",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
                ),
                *_part_of_record("phr_recordversion", "record_id"),
                *_part_of_record("phr_provenance", "record_id"),
                *_part_of_record("phr_recordfile", "record_id"),
                *wall(
                    "phr_binary",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE})"
                    " OR EXISTS (SELECT 1 FROM phr_recordfile f"
                    " WHERE f.binary_id = phr_binary.id))",
                    "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    "FOR DELETE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
                ),
                *wall(
                    "phr_upload",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {STAFF})",
                    "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    "FOR DELETE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                ),
            ]
        )
    ]
