"""Who decides for somebody without an account may erase her record, with the placeholder."""

from django.db import migrations

SESSION = "(SELECT phr_door()) = 'session'"
PLACEHOLDER = """
    patient_id = (SELECT phr_acting_for()) AND user_id = (
        SELECT p.user_id FROM accounts_patient p
        WHERE p.id = patient_id AND p.opened_by_id = phr_actor()
    )
"""


class Migration(migrations.Migration):
    dependencies = [("rights", "0008_undo"), ("sharing", "0021_dependents")]
    operations = [
        migrations.RunSQL(
            "ALTER POLICY rights_erasure_2 ON rights_erasure WITH CHECK"
            " ((patient_id IS NULL OR phr_may_write(patient_id))"
            f" AND (user_id IS NULL OR (user_id = (SELECT phr_actor()) AND {SESSION})"
            f" OR ({PLACEHOLDER}))"
            " AND (patient_id IS NOT NULL OR user_id IS NOT NULL)"
            " AND steps = '{}' AND undone_at IS NULL AND purged_at IS NULL"
            " AND finished_at IS NULL)"
        )
    ]
