"""Let who makes an archive look up what a record refers to, as its reader does.

Without it the pages of an archive named no medicine that an order only refers to. Several tokens
are looked up one by one, and by the token index alone, since they are one patient's anyhow: the
planner takes "any of 500" for every record, and before it has counted a new record even one.
"""

from django.db import migrations

_READER = "phr_about() IN (SELECT phr_own() UNION ALL SELECT phr_granted())"
_WORKER = "phr_door() = 'system' AND current_setting('role') = 'phr_worker'"
_LOOK_UP = """
    SELECT r.id FROM phr_record r
    WHERE r.patient_id = phr_about() AND r.hidden_at IS NULL AND (%s)
"""
_MATCHING = """
CREATE OR REPLACE FUNCTION phr_matching(wanted bigint[], all_of_them boolean, most integer)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp {settings} AS $$
    {look_up} AND all_of_them AND r.tokens @> wanted
    UNION ALL
    {any_of_them}
    LIMIT most
$$
"""
_BEFORE = f"{_LOOK_UP} AND NOT all_of_them AND r.tokens && wanted"
_NOW = f"""
    SELECT DISTINCT r.id FROM unnest(wanted) AS token
    CROSS JOIN LATERAL (
        SELECT f.id, f.patient_id, f.hidden_at FROM phr_record f
        WHERE f.tokens @> ARRAY[token] OFFSET 0
    ) AS r
    WHERE r.patient_id = phr_about() AND r.hidden_at IS NULL AND (%s) AND NOT all_of_them
"""


def _replaced(who: str, any_of_them: str, settings: str = "") -> list[str]:
    return [
        "GRANT phr_judge TO CURRENT_USER",
        "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
        _MATCHING.format(
            look_up=_LOOK_UP % who, any_of_them=any_of_them % who, settings=settings
        ),
        "REVOKE CREATE ON SCHEMA public FROM phr_judge",
        "REVOKE phr_judge FROM CURRENT_USER",
    ]


class Migration(migrations.Migration):
    dependencies = [("phr", "0014_seeing")]
    operations = [
        migrations.RunSQL(
            _replaced(f"({_READER}) OR ({_WORKER})", _NOW, "SET enable_seqscan = off"),
            _replaced(_READER, _BEFORE),
        ),
    ]
