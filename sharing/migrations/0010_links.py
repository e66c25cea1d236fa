"""Links: the row that opens a permission of path `link`, its walls, and what the database keeps true.

Whoever holds a link has no account, so the database itself finds the permission by the keyed hash
of the secret; it lets the two counters only fall, and empties the secrets of what was taken back.
"""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from accounts.roles import wall
from sharing.walls import MINE, SYSTEM

FIND = """
CREATE FUNCTION phr_link_of(secret bytea) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT grant_id FROM sharing_sharelink WHERE lookup = secret
$$
"""
EMPTY = """
CREATE FUNCTION phr_empty_link() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE sharing_sharelink SET secret_sealed = NULL WHERE grant_id = NEW.id;
    RETURN NULL;
END $$
"""
FALLING = """
CREATE FUNCTION phr_only_falls() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.attempts_left > OLD.attempts_left OR NEW.uses_left > OLD.uses_left
        OR (NEW.uses_left IS NULL) <> (OLD.uses_left IS NULL) THEN
        RAISE EXCEPTION 'what a link has left only falls';
    END IF;
    RETURN NEW;
END $$
"""
RESTS = "patient_id <> ALL (ARRAY(SELECT phr_resting()))"
VISITOR = "grant_id = (SELECT phr_link()) AND (SELECT phr_door()) = 'link'"


class Migration(migrations.Migration):
    dependencies = [("sharing", "0009_facilities")]
    operations = [
        migrations.CreateModel(
            name="ShareLink",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("lookup", models.BinaryField(unique=True)),
                ("recipient_sealed", models.BinaryField()),
                ("secret_sealed", models.BinaryField(null=True)),
                ("passcode_hash", models.CharField(blank=True, max_length=200)),
                ("attempts_left", models.PositiveSmallIntegerField(db_default=5, default=5)),
                ("uses_left", models.PositiveIntegerField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("grant", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="link", to="sharing.grant")),
                ("patient", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.patient")),
            ],
            options={"indexes": [models.Index(fields=["patient"], name="link_by_patient")]},
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                FIND,
                "ALTER FUNCTION phr_link_of(bytea) OWNER TO phr_judge",
                EMPTY,
                "ALTER FUNCTION phr_empty_link() OWNER TO phr_judge",
                FALLING,
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE TRIGGER sharing_grant_link AFTER UPDATE OF revoked_at ON sharing_grant"
                " FOR EACH ROW WHEN (NEW.path = 'link' AND NEW.revoked_at IS NOT NULL)"
                " EXECUTE FUNCTION phr_empty_link()",
                "CREATE TRIGGER sharing_sharelink_falls BEFORE UPDATE OF attempts_left, uses_left"
                " ON sharing_sharelink FOR EACH ROW EXECUTE FUNCTION phr_only_falls()",
                *wall(
                    "sharing_sharelink",
                    "FOR SELECT TO phr_judge USING (true)",
                    "FOR UPDATE TO phr_judge USING (true)",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {VISITOR})",
                    "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                    f"AS RESTRICTIVE FOR INSERT TO phr_web, phr_worker WITH CHECK ({RESTS})",
                    f"FOR UPDATE TO phr_web USING ({VISITOR}) WITH CHECK ({VISITOR})",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    "FOR DELETE TO phr_worker"
                    f" USING ({SYSTEM} AND patient_id = (SELECT phr_about()))",
                ),
            ]
        ),
    ]
