"""The second wall, in step with who acts for a patient: she is nobody else meanwhile, nor herself."""

from django.db import migrations

from sharing.walls import KEPT, SEES, SERVES, STAFF, STANDING

DEFINER = """
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$ {} $$
"""
ASKED = """
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
        IF phr_about() IS NOT NULL AND phr_about() <> about THEN
            RETURN false;
        END IF;
        RETURN {};
    END $$
"""
ACTING_FOR = """
CREATE FUNCTION phr_acting_for() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(current_setting('phr.acting_for', true), '')::uuid
$$
"""
NARROW = (
    "phr_about() IS NOT NULL AND g.patient_id = phr_about()",
    "phr_about() IS NULL",
)
HERSELF = "phr_acting_for() IS NULL"
MANAGES = "g.path = 'proxy' AND g.may_manage AND g.patient_id = phr_acting_for()"
ARMS = [
    f"""
    SELECT g.id FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    JOIN accounts_user u ON u.id = g.grantee_id
    WHERE g.grantee_id = phr_actor() AND phr_door() = 'session' AND u.is_active
      AND (g.path IN ('person', 'proxy') OR g.path = 'emergency'
           AND g.organization_id IN (SELECT phr_teams()))
      AND ({HERSELF} OR {MANAGES})
      AND {STANDING}
    """,
    f"""
    SELECT g.id FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    WHERE g.path = 'facility' AND g.organization_id = ANY (ARRAY(SELECT phr_teams()))
      AND {HERSELF} AND {STANDING}
    """,
    f"""
    SELECT g.id FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    WHERE g.path = 'link' AND g.id = phr_link() AND phr_door() = 'link' AND {STANDING}
    """,
]
OWNS = """
    EXISTS (
        SELECT 1 FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id
        WHERE p.id = about AND p.user_id = phr_actor() AND phr_door() = 'session'
          AND u.is_active AND p.erasing_at IS NULL AND phr_acting_for() IS NULL
    )
"""
# VOLATILE in phr_may_keep: a permission that ends while a statement waits for
# a lock is seen.
STANDS_IN = f"""
    EXISTS (
        SELECT 1 FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
        JOIN accounts_user u ON u.id = g.grantee_id
        WHERE g.patient_id = about AND g.grantee_id = phr_actor() AND phr_door() = 'session'
          AND u.is_active AND {MANAGES} AND {STANDING}
"""
NEW = {
    # The patient the actor acts for, while a permission lets her.
    "phr_managed()": f"RETURNS uuid {DEFINER}".format(
        f"""
            SELECT g.patient_id FROM sharing_grant g
            JOIN accounts_patient p ON p.id = g.patient_id
            JOIN accounts_user u ON u.id = g.grantee_id
            WHERE g.patient_id = phr_acting_for() AND g.grantee_id = phr_actor()
              AND phr_door() = 'session' AND u.is_active AND {MANAGES} AND {STANDING}
              AND (phr_about() IS NULL OR phr_about() = g.patient_id)
            LIMIT 1
        """
    ),
    "phr_may_keep(about uuid)": "RETURNS boolean " + ASKED.format(f"{OWNS} OR {STANDS_IN} )"),
}
REPLACED = {
    "phr_own()": f"RETURNS SETOF uuid {DEFINER}".format(
        """
            SELECT p.id FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id
            WHERE p.user_id = phr_actor() AND phr_door() = 'session' AND u.is_active
              AND p.erasing_at IS NULL AND phr_acting_for() IS NULL
              AND (phr_about() IS NULL OR p.id = phr_about())
        """
    ),
    "phr_teams()": f"RETURNS SETOF uuid {DEFINER}".format(
        f"""
            SELECT r.organization_id FROM sharing_practitionerrole r
            JOIN sharing_organization o ON o.id = r.organization_id
            WHERE {SERVES} AND {SEES} AND o.verified_at IS NOT NULL AND phr_acting_for() IS NULL
              AND o.suspended_at IS NULL AND o.closed_at IS NULL
        """
    ),
    "phr_grants()": f"RETURNS SETOF uuid {DEFINER}".format(
        " UNION ALL ".join(f"{arm} AND {narrow}" for arm in ARMS for narrow in NARROW)
    ),
    "phr_may_write(about uuid)": "RETURNS boolean " + ASKED.format(OWNS),
    "phr_move_epoch(about uuid)": """
        RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            UPDATE accounts_patient SET access_epoch = access_epoch + 1
            WHERE id = about AND (
                phr_may_keep(about)
                OR (phr_door() = 'system' AND current_setting('role') = 'phr_worker'
                    AND phr_about() = about)
                OR EXISTS (
                    SELECT 1 FROM sharing_grant g
                    WHERE g.patient_id = about AND g.accepted_at IS NULL AND g.revoked_at IS NULL
                      AND g.invited_email IN (SELECT phr_addresses())
                )
            );
        END $$
    """,
}


class Migration(migrations.Migration):
    dependencies = [("sharing", "0011_proxies")]
    operations = [
        migrations.RunSQL(
            [
                ACTING_FOR,
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                *(f"CREATE FUNCTION {name} {body}" for name, body in NEW.items()),
                *(f"ALTER FUNCTION {name} OWNER TO phr_judge" for name in NEW),
                *(f"CREATE OR REPLACE FUNCTION {name} {body}" for name, body in REPLACED.items()),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "ALTER POLICY accounts_auditevent_2 ON accounts_auditevent"
                f" USING ({KEPT} OR {STAFF})",
            ]
        )
    ]
