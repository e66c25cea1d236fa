"""The second wall around facilities, their people, rosters and agreements, which the others trust.

A policy does not see what a row was before: what an act may change of it, a trigger decides.
"""

from django.db import migrations

from accounts.roles import wall
from sharing.walls import SEES, SYSTEM

SESSION = "(SELECT phr_door()) = 'session'"
OPEN = "(SELECT phr_door()) IN ('session', 'staff', 'link')"
IS_STAFF = """
    (SELECT phr_door() = 'staff' AND EXISTS (
        SELECT 1 FROM accounts_user u WHERE u.id = phr_actor() AND u.is_staff AND u.is_active
    ))
"""
ADMINISTERED = "organization_id = ANY (ARRAY(SELECT phr_administers()))"
STILL_OPEN = "(ends_at IS NULL OR ends_at > statement_timestamp())"
MINE_TO_ACCEPT = "user_id IS NULL AND invited_email = ANY (ARRAY(SELECT phr_addresses()))"
PROFESSIONAL = "EXISTS (SELECT 1 FROM accounts_practitioner k WHERE k.user_id = phr_actor())"
FOUNDS = f"""
    {SESSION} AND founded_by_id = phr_actor() AND {PROFESSIONAL}
    AND first_verified_at IS NULL AND first_verified_by_id IS NULL
    AND verified_at IS NULL AND verified_by_id IS NULL
    AND suspended_at IS NULL AND closing_at IS NULL AND closed_at IS NULL
"""
# Who registers a facility is its first administrator, in the same act.
FOUNDED = f"""
    {SESSION} AND code = 'admin' AND user_id = phr_actor() AND EXISTS (
        SELECT 1 FROM sharing_organization o
        WHERE o.id = organization_id AND o.founded_by_id = phr_actor()
          AND o.created_at >= transaction_timestamp()
    )
"""
INVITES = f"{ADMINISTERED} AND user_id IS NULL AND accepted_at IS NULL"
SEEN_ROLE = "EXISTS (SELECT 1 FROM sharing_practitionerrole r WHERE r.id = role_id)"
ROSTERED = """
    EXISTS (SELECT 1 FROM sharing_practitionerrole r WHERE r.id = role_id AND r.code = 'on-call'
            AND r.organization_id = ANY (ARRAY(SELECT phr_administers())))
"""
# What a patient is told of a facility's people, and what the rule asks: no address of anybody.
COLLEAGUES = f"""
CREATE FUNCTION phr_colleagues(facilities uuid[]) RETURNS TABLE (
    organization_id uuid, user_id uuid, code text, sees boolean, soon boolean, lasting boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.organization_id, r.user_id, r.code, o.is_open AND {SEES},
        o.is_open AND r.code = 'on-call' AND EXISTS (
            SELECT 1 FROM sharing_shift s
            WHERE s.role_id = r.id AND s.ends_at > statement_timestamp()
              AND s.starts_at < statement_timestamp() + interval '24 hours'
        ), r.ends_at IS NULL
    FROM sharing_practitionerrole r JOIN accounts_user u ON u.id = r.user_id AND u.is_active
    JOIN (SELECT id, verified_at IS NOT NULL AND suspended_at IS NULL AS is_open
          FROM sharing_organization WHERE closed_at IS NULL) o ON o.id = r.organization_id
    WHERE r.organization_id = ANY (facilities) AND phr_door() IN ('session', 'staff', 'system')
      AND r.accepted_at IS NOT NULL AND r.suspended_at IS NULL
      AND r.starts_at <= statement_timestamp()
      AND (r.ends_at IS NULL OR r.ends_at > statement_timestamp())
$$
"""
TRIGGER = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_user = 'phr_web' AND NOT COALESCE({rule}, false) THEN
        RAISE insufficient_privilege USING MESSAGE = 'not for this actor to change';
    END IF;
    RETURN NEW;
END $$
"""


def same(*columns: str) -> str:
    """SQL that an update leaves these columns as they were."""
    before, after = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"ROW({before}) IS NOT DISTINCT FROM ROW({after})"


def herself(column: str) -> str:
    """SQL that whoever vouches now vouches in her own name, and not for what she founded."""
    return f"""
        (NEW.{column} IS NULL OR {same(column)}
         OR NEW.{column} = phr_actor() AND NEW.founded_by_id <> phr_actor())
    """


WHAT_IT_IS = ("name", "place", "identifier", "regime")
VOUCHED = ("first_verified_at", "first_verified_by_id", "verified_at", "verified_by_id")
KEEP_FACILITY = TRIGGER.format(
    name="phr_keep_facility",
    rule=f"""
    CASE WHEN {IS_STAFF} THEN
        {same(*WHAT_IT_IS, "policy_url", "policy_version", "listed_at", "closing_at", "closed_at")}
        AND {herself("first_verified_by_id")} AND {herself("verified_by_id")}
    ELSE
        {same("verified_at", "verified_by_id", "suspended_at", "closed_at")}
        AND ({same(*VOUCHED)} OR OLD.verified_at IS NULL
             AND NEW.first_verified_at IS NULL AND NEW.first_verified_by_id IS NULL)
        AND (OLD.first_verified_at IS NULL OR {same(*WHAT_IT_IS)})
        AND (OLD.closing_at IS NULL OR {same("closing_at")})
    END
    """,
)
# Nobody is accepted but by herself, while the invitation is open and as it was written.
KEEP_ROLE = TRIGGER.format(
    name="phr_keep_role",
    rule=f"""
    {same("user_id", "accepted_at")} OR (
        OLD.user_id IS NULL AND NEW.user_id = phr_actor() AND phr_door() = 'session'
        AND NEW.invited_email IN (SELECT phr_addresses())
        AND {same("starts_at", "ends_at", "suspended_at")} AND OLD.suspended_at IS NULL
        AND (OLD.ends_at IS NULL OR OLD.ends_at > statement_timestamp())
        AND (NEW.code = 'admin' OR {PROFESSIONAL})
        AND NOT EXISTS (
            SELECT 1 FROM sharing_organization o WHERE o.id = NEW.organization_id
            AND phr_actor() IN (o.first_verified_by_id, o.verified_by_id)
        )
    )
    """,
)
DROPPED = [
    f"DROP POLICY sharing_practitionerrole_{number} ON sharing_practitionerrole"
    for number in (2, 4, 5)
]
ROLES = [
    *DROPPED,
    "CREATE POLICY sharing_practitionerrole_2 ON sharing_practitionerrole FOR SELECT TO phr_web"
    f" USING ((user_id = (SELECT phr_actor()) AND {SESSION}) OR {ADMINISTERED}"
    f" OR {IS_STAFF} OR ({MINE_TO_ACCEPT}))",
    "CREATE POLICY sharing_practitionerrole_4 ON sharing_practitionerrole FOR INSERT TO phr_web"
    f" WITH CHECK (({INVITES}) OR ({FOUNDED}))",
    "CREATE POLICY sharing_practitionerrole_5 ON sharing_practitionerrole FOR UPDATE TO phr_web"
    f" USING ({ADMINISTERED} OR ({MINE_TO_ACCEPT} AND suspended_at IS NULL AND {STILL_OPEN}))"
    f" WITH CHECK ({ADMINISTERED} OR (user_id = phr_actor() AND {SESSION}))",
]
GRANT = f"""
ALTER POLICY sharing_grant_6 ON sharing_grant
USING (grantee_id IS NULL AND revoked_at IS NULL AND accepted_at IS NULL
       AND invitation_ends_at > statement_timestamp() AND {STILL_OPEN}
       AND invited_email = ANY (ARRAY(SELECT phr_addresses())))
WITH CHECK (grantee_id = phr_actor() AND {SESSION} AND revoked_at IS NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0016_flat"), ("accounts", "0007_practitioners")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                COLLEAGUES,
                "ALTER FUNCTION phr_colleagues(uuid[]) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                KEEP_FACILITY,
                KEEP_ROLE,
                "CREATE TRIGGER phr_keep BEFORE UPDATE ON sharing_organization"
                " FOR EACH ROW EXECUTE FUNCTION phr_keep_facility()",
                "CREATE TRIGGER phr_keep BEFORE UPDATE ON sharing_practitionerrole"
                " FOR EACH ROW EXECUTE FUNCTION phr_keep_role()",
                *wall(
                    "sharing_organization",
                    "FOR SELECT TO phr_judge USING (true)",
                    f"FOR SELECT TO phr_web USING ({OPEN})",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR UPDATE TO phr_worker USING ({SYSTEM})",
                    f"FOR INSERT TO phr_web WITH CHECK ({FOUNDS})",
                    # Who shares with it holds its row meanwhile; she changes nothing of it.
                    f"FOR UPDATE TO phr_web USING ({SESSION} OR {IS_STAFF})"
                    f" WITH CHECK (id = ANY (ARRAY(SELECT phr_administers())) OR {IS_STAFF})",
                ),
                *ROLES,
                *wall(
                    "sharing_shift",
                    "FOR SELECT TO phr_judge USING (true)",
                    f"FOR SELECT TO phr_web USING ({SEEN_ROLE})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM})",
                    f"FOR INSERT TO phr_web WITH CHECK ({ROSTERED})",
                    f"FOR DELETE TO phr_web USING ({ROSTERED})",
                ),
                *wall(
                    "sharing_agreement",
                    f"FOR SELECT TO phr_web USING ({OPEN})",
                    f"FOR INSERT TO phr_web WITH CHECK ({ADMINISTERED} AND confirmed_at IS NULL)",
                    f"FOR UPDATE TO phr_web USING ({IS_STAFF})",
                ),
                GRANT,
            ]
        ),
    ]
