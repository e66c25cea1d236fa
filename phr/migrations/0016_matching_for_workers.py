"""Let who makes an archive look up what a record refers to, as its reader does.

Without it the pages of an archive named no medicine that an order only refers to.
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
SET search_path = pg_catalog, public, pg_temp AS $$
    {look_up} AND all_of_them AND r.tokens @> wanted
    UNION ALL
    {look_up} AND NOT all_of_them AND r.tokens && wanted
    LIMIT most
$$
"""


def _replaced(who: str) -> list[str]:
    return [
        "GRANT phr_judge TO CURRENT_USER",
        "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
        _MATCHING.format(look_up=_LOOK_UP % who),
        "REVOKE CREATE ON SCHEMA public FROM phr_judge",
        "REVOKE phr_judge FROM CURRENT_USER",
    ]


class Migration(migrations.Migration):
    dependencies = [("phr", "0015_seeing")]
    operations = [
        migrations.RunSQL(_replaced(f"({_READER}) OR ({_WORKER})"), _replaced(_READER)),
    ]
