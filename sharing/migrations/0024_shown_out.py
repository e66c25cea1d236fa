"""Who was shown out of a record does not come back by the same card; who left is not called back."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("sharing.migrations.0015_emergencies")
ROLES = import_module("sharing.migrations.0017_facilities_walls")
AGAIN = """
    IF EXISTS (
        SELECT 1 FROM sharing_emergencyaccess a JOIN sharing_grant g ON g.id = a.grant_id
        WHERE a.patient_id = whose AND a.person_id = phr_actor()
          AND (a.outcome = 'misuse' OR g.revoked_at IS NOT NULL AND a.opened_at >= plan.armed_at)
    ) THEN
        RETURN NULL;
    END IF;
"""
COUNTED = "    -- One after the other, so that what is counted is all there is.\n"
CLOSING = "WHERE id = access AND closed_at IS NULL AND person_id <> phr_actor()"
APART = """
      AND NOT EXISTS (
          SELECT 1 FROM sharing_practitionerrole r
          WHERE r.organization_id = sharing_emergencyaccess.organization_id
            AND r.user_id = phr_actor()
      )
"""
GONE = ROLES.TRIGGER.format(
    name="phr_keep_gone",
    rule="OLD.ends_at IS NULL OR OLD.ends_at > statement_timestamp() OR " + ROLES.same("ends_at"),
)
LEFT = (
    "CREATE TRIGGER phr_keep_gone BEFORE UPDATE ON sharing_practitionerrole"
    " FOR EACH ROW EXECUTE FUNCTION phr_keep_gone()"
)


def again(statement: str) -> str:
    """The statement that makes a function, to be said of one that is there."""
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("sharing", "0023_offers_walls")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                again(BEFORE.BREAK_GLASS).replace(COUNTED, AGAIN + COUNTED),
                again(BEFORE.CLOSE).replace(CLOSING, CLOSING + APART),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                GONE,
                LEFT,
            ]
        ),
    ]
