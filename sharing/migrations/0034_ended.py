"""How a permission ended, and what was copied under it, for its patient and who is asked about copies.

No item is named: how many, on which days, and by whom or what it ended, as the trail has it.
"""

from django.db import migrations

# Whoever is asked answers for the last form of it that there was.
ENDED = """
CREATE FUNCTION phr_ended(wanted uuid[]) RETURNS TABLE (
    grant_id uuid, serial bigint, changed boolean, cause text, ended_at timestamptz, who uuid,
    items bigint, days date[]
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE mine AS (
        SELECT g.id, g.patient_id, g.serial,
            g.patient_id = ANY (ARRAY(SELECT phr_own())) AS own
        FROM sharing_grant g WHERE g.id = ANY (wanted) AND phr_door() = 'session' AND (
            g.patient_id = ANY (ARRAY(SELECT phr_own())) OR EXISTS (
                SELECT 1 FROM sharing_attestation a WHERE a.grant_id = g.id AND (
                    a.grantee_id = phr_actor()
                    OR a.organization_id = ANY (ARRAY(SELECT phr_answers_for()))
                )
            )
        )
    ), forms AS (
        SELECT id AS first, id, patient_id FROM mine
        UNION
        SELECT f.first, g.id, g.patient_id FROM forms f
        JOIN sharing_grant g ON g.patient_id = f.patient_id AND g.replaces = f.id
    ), last AS (
        SELECT f.first, g.* FROM forms f JOIN sharing_grant g ON g.id = f.id
        WHERE NOT EXISTS (
            SELECT 1 FROM sharing_grant n WHERE n.patient_id = g.patient_id AND n.replaces = g.id
        )
    )
    SELECT m.id, m.serial, l.id <> m.id,
        CASE
            WHEN l.ends_at <= COALESCE(l.revoked_at, statement_timestamp()) THEN 'time'
            WHEN l.revoked_at IS NULL AND l.accepted_at IS NULL
                AND l.invitation_ends_at <= statement_timestamp() THEN 'unaccepted'
            WHEN l.revoked_at IS NULL THEN ''
            WHEN EXISTS (
                SELECT 1 FROM sharing_emergencyaccess x WHERE x.grant_id = l.id
                  AND x.outcome = 'misuse' AND x.closed_at = l.revoked_at
            ) THEN 'misuse'
            WHEN EXISTS (
                SELECT 1 FROM sharing_grant above
                WHERE above.id = l.via_id AND above.revoked_at < l.revoked_at
            ) THEN 'above'
            WHEN e.action = 'leave' THEN 'left'
            WHEN e.action = 'claim' THEN 'claimed'
            WHEN e.action = 'erase' THEN 'erased'
            ELSE COALESCE(e.basis, 'unknown')
        END,
        CASE WHEN l.ends_at <= COALESCE(l.revoked_at, statement_timestamp()) THEN l.ends_at
            WHEN l.accepted_at IS NULL THEN COALESCE(l.revoked_at, l.invitation_ends_at)
            ELSE l.revoked_at END,
        CASE WHEN m.own THEN e.actor_id END,
        c.items, c.days
    FROM mine m JOIN last l ON l.first = m.id
    LEFT JOIN LATERAL (
        SELECT t.action, t.basis, t.actor_id FROM accounts_auditevent t
        WHERE t.patient_id = l.patient_id AND t.outcome = 'success'
          AND t.at BETWEEN l.revoked_at - interval '10 minutes'
                       AND l.revoked_at + interval '10 minutes'
          AND (t.action IN ('revoke', 'leave') AND t.subject = 'Grant/' || l.id
               OR t.action IN ('revoke-all', 'claim', 'erase'))
        ORDER BY t.action IN ('revoke', 'leave') DESC,
            abs(extract(epoch FROM t.at - l.revoked_at)) LIMIT 1
    ) e ON true
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT r) AS items,
            array_agg(DISTINCT (t.at AT TIME ZONE 'UTC')::date) AS days
        FROM accounts_auditevent t LEFT JOIN LATERAL unnest(t.records) AS r ON true
        WHERE t.basis = 'grant:' || m.id AND t.patient_id = m.patient_id
          AND t.action = 'copy' AND t.outcome = 'success'
    ) c ON true
$$
"""
ASKED = "FOR SELECT TO phr_judge USING (true)"


class Migration(migrations.Migration):
    dependencies = [("sharing", "0033_answering")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                ENDED,
                "ALTER FUNCTION phr_ended(uuid[]) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                f"CREATE POLICY sharing_attestation_asked ON sharing_attestation {ASKED}",
            ]
        )
    ]
