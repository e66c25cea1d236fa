"""Who vouches for a care professional: staff alone, each in her own name, and never for herself."""

from django.db import migrations

SESSION = "phr_door() = 'session'"
IS_STAFF = """
    phr_door() = 'staff' AND EXISTS (
        SELECT 1 FROM accounts_user u WHERE u.id = phr_actor() AND u.is_staff AND u.is_active
    )
"""
VOUCHED = ("verified_at", "verified_by_id", "recheck_on", "recheck_due_at")
TRIGGER = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_user = 'phr_web' AND NOT COALESCE({rule}, false) THEN
        RAISE insufficient_privilege USING MESSAGE = 'not for this actor to change';
    END IF;
    RETURN NEW;
END $$
"""


def same(*columns: str) -> str:
    """SQL that an update leaves these columns as they were."""
    before, after = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"ROW({before}) IS NOT DISTINCT FROM ROW({after})"


NOBODY_VOUCHES = " AND ".join(f"NEW.{name} IS NULL" for name in VOUCHED)
REGISTER = TRIGGER.format(
    name="phr_keep_registering",
    rule=f"{SESSION} AND NEW.user_id = phr_actor() AND {NOBODY_VOUCHES}",
)
VOUCH = TRIGGER.format(
    name="phr_keep_vouching",
    rule=f"""
    CASE WHEN {IS_STAFF} THEN
        OLD.user_id <> phr_actor() AND {same("place", "listed_at")}
        AND (NEW.verified_by_id IS NULL OR {same("verified_at", "verified_by_id")}
             OR NEW.verified_by_id = phr_actor())
    ELSE {SESSION} AND OLD.user_id = phr_actor() AND {same(*VOUCHED)} END
    """,
)
LOOK_UP = TRIGGER.format(
    name="phr_keep_looking_up", rule=f"{IS_STAFF} AND NEW.checked_by_id = phr_actor()"
)
KEPT = (
    ("phr_keep_new BEFORE INSERT", "accounts_practitioner", "phr_keep_registering"),
    ("phr_keep BEFORE UPDATE", "accounts_practitioner", "phr_keep_vouching"),
    ("phr_keep_new BEFORE INSERT", "accounts_licencecheck", "phr_keep_looking_up"),
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_practitioners")]
    operations = [
        migrations.RunSQL(
            [
                REGISTER,
                VOUCH,
                LOOK_UP,
                *(
                    f"CREATE TRIGGER {trigger} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
                    for trigger, table, name in KEPT
                ),
            ]
        )
    ]
