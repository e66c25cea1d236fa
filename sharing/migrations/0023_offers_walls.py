"""What a patient chose about files that nobody asked for, and who offers some, behind the wall."""

from django.db import migrations

from accounts.roles import wall
from sharing.walls import MINE, SYSTEM

# Whose choice it is to keep apart what comes with an offer of the actor's; nobody for any reason is
# the same as nobody.
UNASKED = """
CREATE FUNCTION phr_unasked(offer uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM sharing_offer o
    JOIN account_emailaddress e ON lower(e.email) = o.email AND e.verified
    JOIN accounts_user u ON u.id = e.user_id AND u.is_active
    JOIN accounts_patient p ON p.user_id = u.id
    JOIN sharing_deliverychoice c ON c.patient_id = p.id AND c.unasked = 'keep'
    WHERE o.id = offer AND o.sender_id = phr_actor() AND phr_door() = 'session'
      AND o.sent_at IS NULL AND o.made_at > statement_timestamp() - interval '1 hour'
      AND p.user_id <> o.sender_id AND p.erasing_at IS NULL AND p.restricted_at IS NULL
      AND CASE WHEN o.organization_id IS NULL THEN EXISTS (
            SELECT 1 FROM accounts_practitioner d
            WHERE d.user_id = o.sender_id AND d.verified_at IS NOT NULL
          ) ELSE o.organization_id IN (SELECT phr_teams()) END
    LIMIT 1
$$
"""
WORKER = f"{SYSTEM} AND patient_id = (SELECT phr_about())"
OWN_CHOICE = f"patient_id = ANY ({MINE})"
SENDER = "sender_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'"


class Migration(migrations.Migration):
    dependencies = [("sharing", "0022_offers")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                UNASKED,
                "ALTER FUNCTION phr_unasked(uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                *wall(
                    "sharing_deliverychoice",
                    f"FOR SELECT TO phr_web USING ({OWN_CHOICE})",
                    f"FOR INSERT TO phr_web WITH CHECK ({OWN_CHOICE})",
                    f"FOR UPDATE TO phr_web USING ({OWN_CHOICE})",
                    f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
                    "FOR SELECT TO phr_judge USING (true)",
                ),
                *wall(
                    "sharing_offer",
                    f"FOR SELECT TO phr_web USING ({SENDER})",
                    f"FOR INSERT TO phr_web WITH CHECK ({SENDER} AND sent_at IS NULL)",
                    f"FOR UPDATE TO phr_web USING ({SENDER})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                    "FOR SELECT TO phr_judge USING (true)",
                ),
            ]
        ),
    ]
