"""Roles, the functions that tell the database who asks, and an audit trail that only grows."""

from django.db import migrations

from accounts.roles import ABOUT, CREATE_ROLES, WHO

APPEND_ONLY = """
CREATE FUNCTION phr_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail only grows' USING ERRCODE = 'insufficient_privilege';
END $$
"""


def _guard(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION phr_append_only()",
        f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION phr_append_only()",
    ]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [
                CREATE_ROLES,
                ABOUT,
                *WHO,
                APPEND_ONLY,
                *_guard("accounts_auditevent"),
                *_guard("accounts_auditseal"),
            ]
        )
    ]
