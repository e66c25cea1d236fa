"""Who administered a facility when it closed still answers about its copies, and nothing else."""

from importlib import import_module

from django.db import migrations

from sharing.walls import MINE as OWN

BEFORE = import_module("sharing.migrations.0018_notices_narrower")
SAID = import_module("sharing.migrations.0027_notices_with_a_say")
DEFINER = """
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$ {} $$
"""
# A row `r` of sharing_practitionerrole that answers for its facility `o`.
ANSWERS = """
    r.code = 'admin' AND r.accepted_at IS NOT NULL AND r.suspended_at IS NULL
    AND EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = r.user_id AND u.is_active)
    AND COALESCE(o.closed_at, statement_timestamp()) >= GREATEST(r.starts_at, r.accepted_at)
    AND (r.ends_at IS NULL OR r.ends_at > COALESCE(o.closed_at, statement_timestamp()))
"""
ROLES = """
    FROM sharing_practitionerrole r JOIN sharing_organization o ON o.id = r.organization_id
"""
ANSWERING = f"CREATE FUNCTION phr_answers_for() RETURNS SETOF uuid {DEFINER}".format(
    f"SELECT r.organization_id {ROLES}"
    f" WHERE r.user_id = phr_actor() AND phr_door() = 'session' AND {ANSWERS}"
)
# Whom the portal, or a patient in whose act a permission ends, tells that they are asked.
ANSWERERS = f"CREATE FUNCTION phr_answerers(facility uuid) RETURNS SETOF uuid {DEFINER}".format(
    f"SELECT r.user_id {ROLES}"
    f" WHERE r.organization_id = facility AND phr_door() IN ('session', 'system') AND {ANSWERS}"
)
HELD = """
    (SELECT phr_door()) = 'session' AND (grantee_id = (SELECT phr_actor())
    OR organization_id = ANY (ARRAY(SELECT phr_answers_for())))
"""
READ = f"""
    ALTER POLICY sharing_attestation_1 ON sharing_attestation
    USING (patient_id = ANY ({OWN}) OR {HELD})
"""
ANSWER = f"""
    ALTER POLICY sharing_attestation_3 ON sharing_attestation
    USING ({HELD} AND answered_at IS NULL) WITH CHECK ({HELD} AND answered_by_id = phr_actor())
"""
# Whoever may answer no longer sees the permission itself; the question has a wall of its own.
ANSWERED = """
    kind = 'attested' AND EXISTS (
        SELECT 1 FROM sharing_attestation a WHERE a.grant_id = sharing_notice.grant_id
          AND a.patient_id = sharing_notice.patient_id AND a.answered_by_id = phr_actor()
    )
"""
SAYS = f"""
    {BEFORE.OWN} AND {BEFORE.BY_LINK}
    AND (({BEFORE.TO_HER} AND (({SAID.IN_PERSON}) OR ({ANSWERED})))
         OR ({BEFORE.TO_HOLDERS}) OR ({BEFORE.TO_ASKED}))
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0032_taken_over")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                ANSWERING,
                ANSWERERS,
                "ALTER FUNCTION phr_answers_for() OWNER TO phr_judge",
                "ALTER FUNCTION phr_answerers(uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                READ,
                ANSWER,
                f"ALTER POLICY sharing_notice_3 ON sharing_notice WITH CHECK ({SAYS})",
            ]
        )
    ]
