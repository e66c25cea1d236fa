"""The second wall: row-level security for patients, grants and the audit trail.

`phr_judge` owns the functions that read patients and grants for the policies; its own policies on
those two tables are plain, so that no policy asks itself. Functions narrow to the patient that
`phr.about` names, which keeps one check the same price for one permission and for ten thousand.
"""

from django.db import migrations

from accounts.roles import wall
from sharing.walls import ACTIVE, MINE, STAFF, SYSTEM

GRANTED = f"""
    SELECT DISTINCT g.patient_id FROM sharing_grant g
    JOIN accounts_patient p ON p.id = g.patient_id
    JOIN accounts_user u ON u.id = g.grantee_id
    WHERE {ACTIVE} AND u.is_active AND p.restricted_at IS NULL AND p.erasing_at IS NULL
"""
FUNCTIONS = {
    # The patients the actor is (or will be: somebody who acts for).
    "phr_own()": f"""
        RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $$
            SELECT p.id FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id
            WHERE p.user_id = phr_actor() AND phr_door() = 'session' AND u.is_active
              AND p.erasing_at IS NULL AND (phr_about() IS NULL OR p.id = phr_about())
        $$""",
    # The patients who let the actor see something now. Two halves of which one runs: an OR would
    # read all her permissions to find the one.
    "phr_granted()": f"""
        RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $$
            {GRANTED} AND phr_about() IS NOT NULL AND g.patient_id = phr_about()
            UNION ALL
            {GRANTED} AND phr_about() IS NULL
        $$""",
    # The addresses the actor has proved to own, for invitations.
    "phr_addresses()": """
        RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $$
            SELECT lower(e.email) FROM account_emailaddress e
            WHERE e.user_id = phr_actor() AND e.verified AND phr_door() = 'session'
        $$""",
    # Asked for every row that is written, and VOLATILE: a change of authority that commits while
    # this statement waits for a lock is seen.
    "phr_may_write(about uuid)": """
        RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            IF phr_about() IS NOT NULL AND phr_about() <> about THEN
                RETURN false;
            END IF;
            RETURN EXISTS (
                SELECT 1 FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id
                WHERE p.id = about AND p.user_id = phr_actor() AND phr_door() = 'session'
                  AND u.is_active AND p.erasing_at IS NULL
            );
        END $$""",
}


def _judged() -> list[str]:
    names = list(FUNCTIONS)
    return [
        "GRANT phr_judge TO CURRENT_USER",
        "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
        *(f"CREATE FUNCTION {name} {body}" for name, body in FUNCTIONS.items()),
        *(f"ALTER FUNCTION {name} OWNER TO phr_judge" for name in names),
        "REVOKE CREATE ON SCHEMA public FROM phr_judge",
        "REVOKE phr_judge FROM CURRENT_USER",
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("sharing", "0001_initial"),
        ("accounts", "0002_walls"),
        ("account", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            [
                *_judged(),
                *wall(
                    "accounts_patient",
                    "FOR SELECT TO phr_judge USING (true)",
                    "FOR SELECT TO phr_web USING ("
                    f"id = ANY ({MINE}) OR id = ANY (ARRAY(SELECT phr_granted()))"
                    # A patient that is being made is not yet in any list.
                    " OR (user_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'"
                    " AND erasing_at IS NULL))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    "FOR INSERT TO phr_web WITH CHECK"
                    " (user_id = phr_actor() AND phr_door() = 'session')",
                    "FOR UPDATE TO phr_web USING (phr_may_write(id))"
                    " WITH CHECK (user_id = phr_actor())",
                ),
                *wall(
                    "sharing_grant",
                    "FOR SELECT TO phr_judge USING (true)",
                    "FOR SELECT TO phr_web USING ("
                    f"patient_id = ANY ({MINE})"
                    " OR (grantee_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session')"
                    " OR (grantee_id IS NULL"
                    " AND invited_email = ANY (ARRAY(SELECT phr_addresses()))))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    "FOR UPDATE TO phr_web USING (grantee_id IS NULL AND revoked_at IS NULL"
                    " AND invited_email = ANY (ARRAY(SELECT phr_addresses())))"
                    " WITH CHECK (grantee_id = phr_actor() AND revoked_at IS NULL)",
                ),
                *wall(
                    "accounts_auditevent",
                    "FOR INSERT TO phr_web, phr_worker WITH CHECK (true)",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {STAFF})",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                ),
            ]
        )
    ]
