"""Whoever changes who may see what moves the patient's access epoch, in the same transaction.

An invitee who accepts may not write to the patient's row; this function may, for that one number.
"""

from django.db import migrations

MOVE = """
CREATE FUNCTION phr_move_epoch(about uuid) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE accounts_patient SET access_epoch = access_epoch + 1
    WHERE id = about AND (
        phr_may_write(about)
        OR EXISTS (
            SELECT 1 FROM sharing_grant g
            WHERE g.patient_id = about AND g.grantee_id IS NULL AND g.revoked_at IS NULL
              AND g.invited_email IN (SELECT phr_addresses())
        )
    );
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                MOVE,
                "ALTER FUNCTION phr_move_epoch(uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY accounts_patient_epoch ON accounts_patient FOR UPDATE TO phr_judge"
                " USING (true)",
            ]
        )
    ]
