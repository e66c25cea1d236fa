"""A patient is told only by who has to do with her: holds, held or passed on what the notice is of."""

from importlib import import_module

from django.db import migrations

from sharing.walls import MINE

BEFORE = import_module("sharing.migrations.0018_notices_narrower")
# A wall of its own decides whose permissions she gets to see.
HOLDS = """
    kind IN ('accepted', 'attested', 'correction', 'delivery', 'emergency', 'opened')
    AND EXISTS (
        SELECT 1 FROM sharing_grant g WHERE g.id = grant_id AND g.accepted_at IS NOT NULL
          AND g.patient_id = sharing_notice.patient_id
    )
"""
PASSED_ON = "kind = 'passed-on' AND grant_id IN (SELECT p.id FROM phr_passed_on() p)"
# A file that nobody asked for comes under no permission.
UNASKED = "kind = 'delivery' AND grant_id IS NULL"
IN_PERSON = f"""
    (SELECT phr_door()) <> 'session' OR patient_id = ANY ({MINE})
    OR ({HOLDS}) OR ({PASSED_ON}) OR ({UNASKED})
"""
TO_HER = f"{BEFORE.TO_HER} AND ({IN_PERSON})"
SAYS = f"""
    {BEFORE.OWN} AND {BEFORE.BY_LINK}
    AND (({TO_HER}) OR ({BEFORE.TO_HOLDERS}) OR ({BEFORE.TO_ASKED}))
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0026_narrower")]
    operations = [
        migrations.RunSQL(
            [f"ALTER POLICY sharing_notice_3 ON sharing_notice WITH CHECK ({SAYS})"],
            [f"ALTER POLICY sharing_notice_3 ON sharing_notice WITH CHECK ({BEFORE.SAYS})"],
        )
    ]
