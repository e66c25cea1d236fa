"""Who stands in for a dependent arms no card, and hides no record that is being taken over.

A card has no last day, so that hers would outlast her. What hides a record waits for its row first
and decides then: whoever claimed it meanwhile keeps it.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("sharing.migrations.0004_leaving")
AGAIN = import_module("sharing.migrations.0029_handovers_narrower").again
BEGIN = "AS $$\nBEGIN\n"
# Only who may hide it holds it up.
WAITS = """
    PERFORM 1 FROM accounts_patient
    WHERE id = about AND (phr_may_write(about) OR (phr_door() = 'system' AND phr_about() = about))
    FOR NO KEY UPDATE;
"""
IN_PERSON = "phr_acting_for() IS NULL"


def waiting(statement: str) -> str:
    """The statement that makes the function, with the patient's row held before anything is asked."""
    if statement.count(BEGIN) != 1:
        raise ValueError("Not one place where it begins.")
    return AGAIN(statement).replace(BEGIN, BEGIN + WAITS)


class Migration(migrations.Migration):
    dependencies = [("sharing", "0030_handovers_end_links")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                waiting(BEFORE.HIDE),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY sharing_emergencyplan_made ON sharing_emergencyplan AS RESTRICTIVE"
                f" FOR INSERT TO phr_web WITH CHECK ({IN_PERSON})",
                "CREATE POLICY sharing_emergencyplan_armed ON sharing_emergencyplan AS RESTRICTIVE"
                f" FOR UPDATE TO phr_web WITH CHECK ({IN_PERSON} OR armed_at IS NULL)",
            ]
        )
    ]
