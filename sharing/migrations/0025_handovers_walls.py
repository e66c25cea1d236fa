"""Handing over, behind the second wall: the database itself lets go of who opened a record.

Whoever follows the mailed link is nobody yet, so the database finds the row by the keyed hash of
what stands in it, and does in one statement all that must come together.
"""

from django.db import migrations

from accounts.roles import wall
from sharing.walls import SYSTEM

FIXED = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
OPEN = """
    h.claimed_at IS NULL AND h.withdrawn_at IS NULL AND h.ends_at > statement_timestamp()
    AND p.opened_by_id = h.named_by_id AND p.erasing_at IS NULL
"""
# What stands behind a link, and which permissions end with it: those to keep the record.
FOUND = f"""
CREATE FUNCTION phr_handover(secret bytea) RETURNS TABLE (
    patient_id uuid, user_id uuid, named_by uuid, email text, open boolean, ending uuid[]
) LANGUAGE sql STABLE {FIXED} AS $$
    SELECT h.patient_id, p.user_id, h.named_by_id, h.email, {OPEN}, ARRAY(
        SELECT g.id FROM sharing_grant g
        WHERE g.patient_id = h.patient_id AND g.path = 'proxy' AND g.may_manage
          AND g.revoked_at IS NULL
    )
    FROM sharing_handover h JOIN accounts_patient p ON p.id = h.patient_id
    WHERE h.lookup = secret
$$
"""
# Two presses of the button wait for each other at the patient's row.
CLAIM = f"""
CREATE FUNCTION phr_claim(secret bytea) RETURNS boolean LANGUAGE plpgsql VOLATILE {FIXED} AS $$
DECLARE whose uuid;
BEGIN
    SELECT patient_id INTO whose FROM sharing_handover WHERE lookup = secret;
    PERFORM 1 FROM accounts_patient WHERE id = whose FOR NO KEY UPDATE;
    UPDATE sharing_handover h SET claimed_at = statement_timestamp(), email = ''
    FROM accounts_patient p WHERE h.lookup = secret AND p.id = h.patient_id AND {OPEN};
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE sharing_grant SET revoked_at = statement_timestamp()
    WHERE patient_id = whose AND path = 'proxy' AND may_manage AND revoked_at IS NULL;
    UPDATE accounts_patient SET opened_by_id = NULL, access_epoch = access_epoch + 1
    WHERE id = whose;
    RETURN true;
END $$
"""
HERS = """
    named_by_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'
    AND (SELECT phr_acting_for()) IS NULL
"""
NAMES = f"""
    {HERS} AND claimed_at IS NULL AND EXISTS (
        SELECT 1 FROM accounts_patient p
        WHERE p.id = patient_id AND p.opened_by_id = named_by_id AND p.erasing_at IS NULL
    )
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0024_handovers")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                FOUND,
                CLAIM,
                "ALTER FUNCTION phr_handover(bytea) OWNER TO phr_judge",
                "ALTER FUNCTION phr_claim(bytea) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                *wall(
                    "sharing_handover",
                    "FOR SELECT TO phr_judge USING (true)",
                    "FOR UPDATE TO phr_judge USING (true)",
                    f"FOR SELECT TO phr_web USING ({HERS})",
                    f"FOR INSERT TO phr_web WITH CHECK ({NAMES})",
                    f"FOR UPDATE TO phr_web USING ({HERS} AND claimed_at IS NULL)",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR DELETE TO phr_worker USING ({SYSTEM})",
                ),
            ]
        )
    ]
