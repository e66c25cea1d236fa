"""The second wall around a patient without an account: who opened her record stands in for her.

She is what the patient in person is to every wall (`phr_own`, `phr_may_write`), while her permission
lets her; only of permissions she gives none that could widen or outlast her own.
"""

from django.db import migrations, models

from sharing.walls import MINE, STANDING

FIXED = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
OWNS = """
    p.user_id = phr_actor() AND phr_door() = 'session' AND u.is_active
    AND p.erasing_at IS NULL AND phr_acting_for() IS NULL
"""
# `phr_acting_for()` names a dependent whom the actor opened herself, and may still decide for.
DECIDES = f"""
    FROM sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id
    JOIN accounts_user u ON u.id = g.grantee_id
    WHERE g.patient_id = phr_acting_for() AND g.grantee_id = phr_actor()
      AND phr_door() = 'session' AND u.is_active AND g.path = 'proxy' AND g.may_manage
      AND g.may_decide AND p.opened_by_id = phr_actor() AND {STANDING}
"""
FUNCTIONS = {
    # Until when the actor may decide for the patient she acts for; NULL for who may not.
    "phr_decides_until()": f"""
        RETURNS timestamptz LANGUAGE sql STABLE {FIXED} AS $$
            SELECT max(COALESCE(g.ends_at, 'infinity')) {DECIDES}
        $$
    """,
    # The same for one patient, VOLATILE: a permission that ends meanwhile is seen.
    "phr_may_decide(about uuid)": f"""
        RETURNS boolean LANGUAGE plpgsql VOLATILE {FIXED} AS $$
        BEGIN
            RETURN about = phr_acting_for() AND EXISTS (SELECT 1 {DECIDES});
        END $$
    """,
}
REPLACED = {
    "phr_own()": f"""
        RETURNS SETOF uuid LANGUAGE sql STABLE {FIXED} AS $$
            SELECT p.id FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id
            WHERE {OWNS} AND (phr_about() IS NULL OR p.id = phr_about())
            UNION ALL
            SELECT phr_acting_for() WHERE phr_acting_for() IS NOT NULL
              AND (phr_about() IS NULL OR phr_acting_for() = phr_about())
              AND phr_decides_until() IS NOT NULL
        $$
    """,
    "phr_may_write(about uuid)": f"""
        RETURNS boolean LANGUAGE plpgsql VOLATILE {FIXED} AS $$
        BEGIN
            IF phr_about() IS NOT NULL AND phr_about() <> about THEN
                RETURN false;
            END IF;
            RETURN EXISTS (
                SELECT 1 FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id
                WHERE p.id = about AND {OWNS}
            ) OR (phr_acting_for() IS NOT NULL AND phr_may_decide(about));
        END $$
    """,
}
IN_PERSON = "phr_door() = 'session' AND phr_acting_for() IS NULL"
# Nobody signs in as a placeholder: no mail reaches it (RFC 2606), and no password opens it.
PLACEHOLDER = """
    EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = user_id AND u.password LIKE '!%'
            AND u.email = u.id || '@dependent.invalid')
"""
OPENS = f"""
    path = 'proxy' AND grantee_id = phr_actor() AND via_id IS NULL AND {IN_PERSON} AND EXISTS (
        SELECT 1 FROM accounts_patient p
        WHERE p.id = patient_id AND p.opened_by_id = phr_actor()
          AND p.created_at = transaction_timestamp()
    )
"""
TO_OTHERS = """
    path <> 'proxy' AND grantee_id IS DISTINCT FROM phr_actor()
    AND invited_email <> ALL (ARRAY(SELECT phr_addresses()))
"""
IN_TIME = "COALESCE(ends_at, 'infinity') <= (SELECT phr_decides_until())"
POLICIES = [
    "ALTER POLICY accounts_patient_4 ON accounts_patient WITH CHECK"
    f" (user_id = phr_actor() AND opened_by_id IS NULL AND {IN_PERSON})",
    "CREATE POLICY accounts_patient_opened ON accounts_patient FOR INSERT TO phr_web WITH CHECK"
    f" (opened_by_id = phr_actor() AND user_id <> phr_actor() AND {IN_PERSON} AND {PLACEHOLDER})",
    "ALTER POLICY accounts_patient_2 ON accounts_patient USING ("
    f"id = ANY ({MINE})"
    # A patient that is being made is not yet in any list; who opened it may hand it over later.
    " OR ((user_id = (SELECT phr_actor()) OR opened_by_id = (SELECT phr_actor()))"
    " AND (SELECT phr_door()) = 'session' AND erasing_at IS NULL)"
    " OR phr_lets_in(id))",
    f"CREATE POLICY sharing_grant_opened ON sharing_grant FOR INSERT TO phr_web WITH CHECK ({OPENS})",
    "CREATE POLICY sharing_grant_deciding ON sharing_grant AS RESTRICTIVE FOR INSERT TO phr_web"
    f" WITH CHECK ((NOT may_decide OR ({OPENS}))"
    f" AND (phr_acting_for() IS NULL OR ({TO_OTHERS} AND {IN_TIME})))",
    "CREATE POLICY sharing_grant_decided ON sharing_grant AS RESTRICTIVE FOR UPDATE TO phr_web"
    " USING (phr_acting_for() IS NULL OR path <> 'proxy')"
    f" WITH CHECK (phr_acting_for() IS NULL OR ({TO_OTHERS}))",
]


class Migration(migrations.Migration):
    dependencies = [("sharing", "0020_notice_once"), ("accounts", "0009_dependents")]
    operations = [
        migrations.AddField(
            "grant", "may_decide", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddConstraint(
            "grant",
            models.CheckConstraint(
                name="only_who_keeps_it_decides",
                condition=models.Q(may_decide=False)
                | models.Q(may_manage=True, grantee__isnull=False),
            ),
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                *(f"CREATE FUNCTION {name} {body}" for name, body in FUNCTIONS.items()),
                *(f"ALTER FUNCTION {name.replace('about ', '')} OWNER TO phr_judge"
                  for name in FUNCTIONS),
                *(f"CREATE OR REPLACE FUNCTION {name} {body}" for name, body in REPLACED.items()),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                *POLICIES,
            ]
        ),
    ]  # fmt: skip
