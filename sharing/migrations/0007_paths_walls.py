"""The second wall, in step with the paths of permissions: facilities, links, emergencies, passing on."""

from django.db import migrations

from accounts.roles import wall
from sharing.walls import MINE, SEES, SERVES, STAFF, STANDING, SYSTEM

DEFINER = """
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$ {} $$
"""
NARROW = (
    "phr_about() IS NOT NULL AND g.patient_id = phr_about()",
    "phr_about() IS NULL",
)
# By each path of its own, and of each two halves of which one runs: an OR would read everything
# that is shared with somebody to find the one permission.
ARMS = [
    f"""
    SELECT g.id FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    JOIN accounts_user u ON u.id = g.grantee_id
    WHERE g.grantee_id = phr_actor() AND phr_door() = 'session' AND u.is_active
      AND (g.path IN ('person', 'proxy') OR g.path = 'emergency'
           AND g.organization_id IN (SELECT phr_teams()))
      AND {STANDING}
    """,
    f"""
    SELECT g.id FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    WHERE g.path = 'facility' AND g.organization_id = ANY (ARRAY(SELECT phr_teams()))
      AND {STANDING}
    """,
    f"""
    SELECT g.id FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    WHERE g.path = 'link' AND g.id = phr_link() AND phr_door() = 'link' AND {STANDING}
    """,
]
FUNCTIONS = {
    # The facilities where the actor sees now what is shared with them.
    "phr_teams()": f"""
        RETURNS SETOF uuid {DEFINER}
    """.format(
        f"""
            SELECT r.organization_id FROM sharing_practitionerrole r
            JOIN sharing_organization o ON o.id = r.organization_id
            WHERE {SERVES} AND {SEES} AND o.verified_at IS NOT NULL
              AND o.suspended_at IS NULL AND o.closed_at IS NULL
        """
    ),
    # The facilities whose people the actor manages.
    "phr_administers()": f"""
        RETURNS SETOF uuid {DEFINER}
    """.format(
        f"""
            SELECT r.organization_id FROM sharing_practitionerrole r
            JOIN sharing_organization o ON o.id = r.organization_id
            WHERE {SERVES} AND r.code = 'admin' AND o.closed_at IS NULL
        """
    ),
    # The permissions through which the actor sees something now.
    "phr_grants()": f"RETURNS SETOF uuid {DEFINER}".format(
        " UNION ALL ".join(f"{arm} AND {narrow}" for arm in ARMS for narrow in NARROW)
    ),
}
GRANTED = f"CREATE OR REPLACE FUNCTION phr_granted() RETURNS SETOF uuid {DEFINER}".format(
    "SELECT DISTINCT g.patient_id FROM sharing_grant g WHERE g.id IN (SELECT phr_grants())"
)
LINK = """
CREATE FUNCTION phr_link() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(current_setting('phr.link', true), '')::uuid
$$
"""
TEAM = "organization_id = ANY (ARRAY(SELECT phr_teams()))"
ADMINISTERED = "organization_id = ANY (ARRAY(SELECT phr_administers()))"
OPEN = "(SELECT phr_door()) IN ('session', 'staff', 'link')"
INVITED = "user_id IS NULL AND invited_email = ANY (ARRAY(SELECT phr_addresses()))"
# Who registers a facility is its first administrator.
FOUNDED = """
    code = 'admin' AND user_id = phr_actor() AND EXISTS (
        SELECT 1 FROM sharing_organization o
        WHERE o.id = organization_id AND o.founded_by_id = phr_actor() AND o.verified_at IS NULL
    )
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0006_paths"), ("accounts", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                LINK,
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                *(f"CREATE FUNCTION {name} {body}" for name, body in FUNCTIONS.items()),
                *(f"ALTER FUNCTION {name} OWNER TO phr_judge" for name in FUNCTIONS),
                GRANTED,
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "DROP POLICY sharing_grant_2 ON sharing_grant",
                "CREATE POLICY sharing_grant_2 ON sharing_grant FOR SELECT TO phr_web USING ("
                f"patient_id = ANY ({MINE})"
                " OR (grantee_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session')"
                f" OR {TEAM} OR {ADMINISTERED}"
                " OR (id = (SELECT phr_link()) AND (SELECT phr_door()) = 'link')"
                " OR (accepted_at IS NULL"
                " AND invited_email = ANY (ARRAY(SELECT phr_addresses()))))",
                *wall(
                    "sharing_practitionerrole",
                    "FOR SELECT TO phr_judge USING (true)",
                    f"FOR SELECT TO phr_web USING ({OPEN})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                    f"FOR INSERT TO phr_web WITH CHECK ({ADMINISTERED} OR {STAFF} OR {FOUNDED})",
                    f"FOR UPDATE TO phr_web USING ({ADMINISTERED} OR {STAFF} OR {INVITED})"
                    f" WITH CHECK ({ADMINISTERED} OR {STAFF} OR user_id = phr_actor())",
                ),
            ]
        )
    ]
