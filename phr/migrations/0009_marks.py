"""A search finds a page at a time, newest first, through the token index alone.

`phr_found` looks up what has all of `wanted` and not all of `besides`, after one place of the
timeline, as `phr_matching` does: ids of the one patient the act is about, if the actor may see her.
It is planned anew each time, since words differ by their rarity; the inner query keeps the planner
from walking the timeline and unpacking the tokens of every record.
"""

from django.db import migrations, models

FOUND = """
CREATE FUNCTION phr_found(
    wanted bigint[], besides bigint[], before timestamptz, before_id uuid, most integer
) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT r.id, r.effective_at FROM phr_record r
        WHERE r.patient_id = phr_about() AND r.hidden_at IS NULL AND r.tokens @> wanted
          AND phr_about() IN (SELECT phr_own() UNION ALL SELECT phr_granted())
    ), better AS MATERIALIZED (
        SELECT r.id FROM phr_record r
        WHERE besides IS NOT NULL
          AND r.patient_id = phr_about() AND r.hidden_at IS NULL AND r.tokens @> besides
    )
    SELECT f.id FROM found f
    WHERE (before IS NULL OR (f.effective_at, f.id) < (before, before_id))
      AND f.id NOT IN (SELECT b.id FROM better b)
    ORDER BY f.effective_at DESC, f.id DESC LIMIT most;
END
$$
"""
NAME = "phr_found(bigint[], bigint[], timestamptz, uuid, integer)"


class Migration(migrations.Migration):
    dependencies = [("phr", "0008_in_and_out")]
    operations = [
        migrations.AddIndex(
            model_name="record",
            index=models.Index(
                fields=["patient", "-effective_at", "-id"],
                name="record_favourites",
                condition=models.Q(favourite=True),
            ),
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                FOUND,
                f"ALTER FUNCTION {NAME} OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
            ],
            f"DROP FUNCTION {NAME}",
        ),
    ]
