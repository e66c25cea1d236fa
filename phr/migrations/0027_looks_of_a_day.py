"""When anything was last done to a record is told by the day: it may be to what she cannot see."""

from django.db import migrations

LOOKS = """
CREATE OR REPLACE FUNCTION phr_my_looks(patients uuid[]) RETURNS TABLE (
    patient_id uuid, looked_at timestamptz, changed_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, (
        SELECT e.at FROM accounts_auditevent e
        WHERE e.patient_id = p.id AND e.actor_id = phr_actor() AND e.action IN ('read', 'copy')
        ORDER BY e.at DESC LIMIT 1
    ), (
        SELECT date_trunc('day', e.at, 'UTC') + interval '1 day' FROM accounts_auditevent e
        WHERE e.patient_id = p.id AND e.action IN (
            'classify', 'correct', 'enter', 'give-back', 'import', 'take-theirs', 'undo-import'
        )
        ORDER BY e.at DESC LIMIT 1
    )
    FROM unnest(patients) AS p (id)
    WHERE phr_door() = 'session' AND phr_lets_in(p.id)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("phr", "0026_looks_of_one")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                LOOKS,
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
            ]
        )
    ]
