"""Deciding costs the same however many permissions there are: of one patient, holder or facility."""

import django.db.models.deletion
from django.db import migrations, models

from sharing.walls import MINE, STANDING

DEFINER = """
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$ {} $$
"""
HERSELF = "phr_acting_for() IS NULL"
MANAGES = "g.path = 'proxy' AND g.may_manage AND g.patient_id = phr_acting_for()"
FROM = "sharing_grant g JOIN accounts_patient p ON p.id = g.patient_id"
# The paths of phr_grants(), as in 0012_proxies_walls. What is asked once is a SELECT of its own: the
# plan is kept for as long as a connection lives, and must not be made for whoever came first.
BY_NAME = f"""
    {FROM} JOIN accounts_user u ON u.id = g.grantee_id
    WHERE g.grantee_id = (SELECT phr_actor()) AND phr_door() = 'session' AND u.is_active
      AND (g.path IN ('person', 'proxy') OR g.path = 'emergency'
           AND g.organization_id IN (SELECT phr_teams()))
      AND ({HERSELF} OR {MANAGES})
      AND {STANDING}
"""
AT_FACILITY = f"{FROM} WHERE g.path = 'facility' AND {HERSELF} AND {STANDING}"
TEAM = "g.organization_id = ANY (ARRAY(SELECT phr_teams()))"
BY_LINK = f"""
    {FROM} WHERE g.path = 'link' AND g.id = (SELECT phr_link()) AND phr_door() = 'link' AND {STANDING}
"""
ARMS = [
    f"""
    SELECT g.id FROM {arm}
    """
    for arm in (BY_NAME, f"{AT_FACILITY} AND {TEAM}", BY_LINK)
]
# Two halves of which one runs.
NARROW = (
    "(SELECT phr_about()) IS NOT NULL AND g.patient_id = (SELECT phr_about())",
    "(SELECT phr_about()) IS NULL",
)
GRANTS = " UNION ALL ".join(f"{arm} AND {narrow}" for arm in ARMS for narrow in NARROW)
OF_HER = " OR ".join(f"EXISTS ({arm} AND g.patient_id = about)" for arm in ARMS)
NEWEST = "ORDER BY g.created_at DESC, g.id DESC LIMIT most"
FUNCTIONS = {
    # Whether this patient lets the actor see something now: `phr_granted()` asked of one.
    "phr_lets_in(about uuid)": "RETURNS boolean "
    + DEFINER.format(f"SELECT (phr_about() IS NULL OR phr_about() = about) AND ({OF_HER})"),
    # The newest of the permissions by which the actor sees something now, for a list of them.
    "phr_newest(most integer)": "RETURNS SETOF uuid "
    + DEFINER.format(
        f"""
        SELECT g.id FROM (
            (SELECT g.id, g.created_at FROM {BY_NAME} AND g.revoked_at IS NULL {NEWEST})
            UNION ALL
            SELECT g.id, g.created_at FROM (SELECT DISTINCT phr_teams() AS id) team
            CROSS JOIN LATERAL (
                SELECT g.id, g.created_at FROM {AT_FACILITY} AND g.organization_id = team.id
                {NEWEST}
            ) g
        ) g {NEWEST}
        """
    ),
}


class Migration(migrations.Migration):
    dependencies = [("sharing", "0015_emergencies")]
    operations = [
        migrations.RemoveIndex("grant", "grant_by_patient"),
        migrations.AlterField(
            "grant",
            "patient",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="grants",
                to="accounts.patient",
            ),
        ),
        migrations.AddIndex(
            "grant", models.Index(fields=["patient", "id"], name="grant_by_patient")
        ),
        migrations.AddIndex(
            "grant",
            models.Index(
                fields=["patient", "organization"],
                name="grant_by_patient_at_facility",
                condition=models.Q(path="facility"),
            ),
        ),
        migrations.AddIndex(
            "grant",
            models.Index(
                fields=["grantee", "-created_at", "-id"],
                name="grant_newest_of_grantee",
                condition=models.Q(revoked_at=None),
            ),
        ),
        migrations.AddIndex(
            "grant",
            models.Index(
                fields=["organization", "-created_at", "-id"],
                name="grant_newest_of_facility",
                condition=models.Q(path="facility", revoked_at=None),
            ),
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                *(f"CREATE FUNCTION {name} {body}" for name, body in FUNCTIONS.items()),
                *(f"ALTER FUNCTION {name.replace('about ', '').replace('most ', '')}"
                  " OWNER TO phr_judge" for name in FUNCTIONS),
                f"CREATE OR REPLACE FUNCTION phr_grants() RETURNS SETOF uuid {DEFINER.format(GRANTS)}",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "ALTER POLICY accounts_patient_2 ON accounts_patient USING ("
                f"id = ANY ({MINE})"
                # A patient that is being made is not yet in any list.
                " OR (user_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'"
                " AND erasing_at IS NULL)"
                " OR phr_lets_in(id))",
            ]
        ),
    ]  # fmt: skip
