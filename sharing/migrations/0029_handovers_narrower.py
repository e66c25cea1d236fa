"""What a handing over lets go of: also what who opened the record gave, and nobody has accepted yet.

Nobody accepts what is given of a record that she opened, whichever address it was sent to. A link
leads nowhere while the child is too young, nor once who mailed it is switched off.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("sharing.migrations.0025_handovers_walls")
DEPENDENTS = import_module("sharing.migrations.0021_dependents")
STRICTER = """
    AND EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = h.named_by_id AND u.is_active)
    AND NOT EXISTS (
        SELECT 1 FROM sharing_grant k
        WHERE k.patient_id = h.patient_id AND k.path = 'proxy' AND k.may_decide
          AND k.authority = 'parent' AND k.ends_at > statement_timestamp()
    )
"""
OPEN = BEFORE.OPEN + STRICTER
ENDS = (
    "({0}path = 'proxy' AND {0}may_manage OR {0}path = 'person'"
    " AND ({0}grantee_id IS NULL OR {0}grantee_id = {1}))"
)
FOUND = BEFORE.FOUND.replace(BEFORE.OPEN, OPEN).replace(
    "g.path = 'proxy' AND g.may_manage", ENDS.format("g.", "h.named_by_id")
)
CLAIM = (
    BEFORE.CLAIM.replace(BEFORE.OPEN, OPEN)
    .replace("DECLARE whose uuid;", "DECLARE whose uuid; opener uuid;")
    .replace("SELECT patient_id INTO whose", "SELECT patient_id, named_by_id INTO whose, opener")
    .replace("path = 'proxy' AND may_manage", ENDS.format("", "opener"))
)
# Asked only where she takes what was given: ten thousand that are ended ask nothing.
TAKES = """
    revoked_at IS NOT NULL OR path = 'proxy' OR grantee_id IS DISTINCT FROM phr_actor()
    OR NOT EXISTS (
        SELECT 1 FROM accounts_patient p
        WHERE p.id = sharing_grant.patient_id AND p.opened_by_id = grantee_id
    )
"""
CHECK = f"(phr_acting_for() IS NULL OR ({DEPENDENTS.TO_OTHERS})) AND ({TAKES})"


def again(statement: str) -> str:
    """The statement that makes a function, to be said of one that is there."""
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("sharing", "0028_holding")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                again(FOUND),
                again(CLAIM),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                f"ALTER POLICY sharing_grant_decided ON sharing_grant WITH CHECK ({CHECK})",
            ]
        )
    ]
