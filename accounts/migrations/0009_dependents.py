"""A patient without an account: who opened the record, and since when as the database knows it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Who opened it gives herself her permissions in the same transaction, and never afterwards.
OPENED = """
CREATE FUNCTION phr_opened() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.opened_by_id IS NOT NULL THEN
        NEW.created_at := transaction_timestamp();
    END IF;
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_vouching")]
    operations = [
        migrations.AddField(
            "patient",
            "opened_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dependents",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "patient",
            models.CheckConstraint(
                name="nobody_is_her_own_dependent",
                condition=models.Q(opened_by=None) | ~models.Q(opened_by=models.F("user")),
            ),
        ),
        migrations.RunSQL(
            [
                OPENED,
                "CREATE TRIGGER phr_opened BEFORE INSERT ON accounts_patient"
                " FOR EACH ROW EXECUTE FUNCTION phr_opened()",
            ]
        ),
    ]
