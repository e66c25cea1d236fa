"""When the actor last looked at the records that are shared with her, from behind the wall."""

from django.db import migrations

LOOKS = """
CREATE FUNCTION phr_my_looks(patients uuid[]) RETURNS TABLE (
    patient_id uuid, looked_at timestamptz, changed_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, (
        SELECT e.at FROM accounts_auditevent e
        WHERE e.patient_id = p.id AND e.actor_id = phr_actor() AND e.action IN ('read', 'copy')
        ORDER BY e.at DESC LIMIT 1
    ), (
        SELECT e.at FROM accounts_auditevent e
        WHERE e.patient_id = p.id AND e.action IN (
            'classify', 'correct', 'enter', 'give-back', 'import', 'take-theirs', 'undo-import'
        )
        ORDER BY e.at DESC LIMIT 1
    )
    FROM unnest(patients) AS p (id)
    WHERE phr_door() = 'session' AND p.id IN (SELECT phr_granted())
$$
"""


class Migration(migrations.Migration):
    dependencies = [("phr", "0022_deliveries")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                LOOKS,
                "ALTER FUNCTION phr_my_looks(uuid[]) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY accounts_auditevent_looks ON accounts_auditevent FOR SELECT"
                " TO phr_judge USING (true)",
            ]
        )
    ]
