"""Who may write which notice: what is told once cannot be told beforehand by who has no say in it."""

from django.db import migrations

from sharing.walls import KEPT

# Nobody says that somebody else did it, nor puts it off; reminders are the portal's alone.
OWN = """
    (SELECT phr_door()) <> '' AND mailed_at IS NULL AND seen_at IS NULL
    AND due_at <= statement_timestamp() + interval '1 hour'
    AND person_id IS NOT DISTINCT FROM
        (SELECT CASE phr_door() WHEN 'session' THEN phr_actor() END)
    AND kind NOT IN ('ending', 'unanswered', 'closing')
"""
TO_HER = (
    "recipient_id IS NULL AND kind NOT IN ('destroy', 'granted', 'paused', 'resumed', 'request')"
)
BY_LINK = """
    (kind = 'link-opened') <= ((SELECT phr_door()) = 'link')
    AND ((SELECT phr_door()) <> 'link'
         OR kind IN ('link-opened', 'delivery') AND grant_id = (SELECT phr_link()))
"""
# What the patient does is told to who holds it; all at once names no permission.
TO_HOLDERS = f"""
    recipient_id IS NOT NULL AND kind IN ('destroy', 'ended', 'granted', 'paused', 'resumed')
    AND ({KEPT} OR patient_id IS NULL AND kind = 'ended')
"""
TO_ASKED = "recipient_id IS NOT NULL AND kind = 'request' AND patient_id IS NULL"
SAYS = f"{OWN} AND {BY_LINK} AND ({TO_HER} OR {TO_HOLDERS} OR {TO_ASKED})"


class Migration(migrations.Migration):
    dependencies = [("sharing", "0017_facilities_walls")]
    operations = [
        migrations.RunSQL([f"ALTER POLICY sharing_notice_3 ON sharing_notice WITH CHECK ({SAYS})"])
    ]
