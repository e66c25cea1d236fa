"""Let the job that works on a patient's record move her access epoch too.

A label that a file brings later takes away what others saw of an item that was there before.
"""

from django.db import migrations

_MOVE = """
CREATE OR REPLACE FUNCTION phr_move_epoch(about uuid) RETURNS void LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE accounts_patient SET access_epoch = access_epoch + 1
    WHERE id = about AND (
        phr_may_write(about){worker}
        OR EXISTS (
            SELECT 1 FROM sharing_grant g
            WHERE g.patient_id = about AND g.grantee_id IS NULL AND g.revoked_at IS NULL
              AND g.invited_email IN (SELECT phr_addresses())
        )
    );
END $$
"""
_WORKER = """
        OR (phr_door() = 'system' AND current_setting('role') = 'phr_worker'
            AND phr_about() = about)"""


def _replaced(worker: str) -> list[str]:
    return [
        "GRANT phr_judge TO CURRENT_USER",
        "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
        _MOVE.format(worker=worker),
        "REVOKE CREATE ON SCHEMA public FROM phr_judge",
        "REVOKE phr_judge FROM CURRENT_USER",
    ]


class Migration(migrations.Migration):
    dependencies = [("phr", "0016_scope"), ("sharing", "0003_epoch")]
    operations = [migrations.RunSQL(_replaced(_WORKER), _replaced(""))]
