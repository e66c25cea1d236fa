"""One look-up for a search and for what belongs to a visit, and statistics that keep up.

`phr_found` now finds what has all of `wanted`, one of `either` and not all of `besides`; what is NULL
is not asked for. Else it is as it was: ids of the one patient the act is about, after one place of
the timeline. The walls, and with them every plan, rest on how many rows a patient has: a record
that has just come in must not wait for a tenth of the table to change before it is counted.
"""

from django.db import migrations

FOUND = """
CREATE FUNCTION phr_found(
    wanted bigint[], either bigint[], besides bigint[],
    before timestamptz, before_id uuid, most integer
) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT r.id, r.effective_at FROM phr_record r
        WHERE r.patient_id = phr_about() AND r.hidden_at IS NULL
          AND (wanted IS NULL OR r.tokens @> wanted) AND (either IS NULL OR r.tokens && either)
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
NAME = "phr_found(bigint[], bigint[], bigint[], timestamptz, uuid, integer)"
BEFORE = "phr_found(bigint[], bigint[], timestamptz, uuid, integer)"
FOUND_BEFORE = (
    FOUND.replace(" either bigint[],", "").replace(" AND (either IS NULL OR r.tokens && either)", "")
)
SOON = (
    "ALTER TABLE phr_record SET (autovacuum_analyze_scale_factor = 0.02,"
    " autovacuum_analyze_threshold = 500)"
)
AS_EVER = (
    "ALTER TABLE phr_record RESET (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)"
)


def _instead(gone: str, function: str, name: str) -> list[str]:
    return [
        "GRANT phr_judge TO CURRENT_USER",
        "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
        f"DROP FUNCTION {gone}",
        function,
        f"ALTER FUNCTION {name} OWNER TO phr_judge",
        "REVOKE CREATE ON SCHEMA public FROM phr_judge",
        "REVOKE phr_judge FROM CURRENT_USER",
    ]


class Migration(migrations.Migration):
    dependencies = [("phr", "0013_resumable")]
    operations = [
        migrations.RunSQL(
            [*_instead(BEFORE, FOUND, NAME), SOON],
            [*_instead(NAME, FOUND_BEFORE, BEFORE), AS_EVER],
        )
    ]
