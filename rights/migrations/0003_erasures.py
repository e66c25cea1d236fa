"""Erasures of whole records and accounts; they outlive what they erased, so no key points out of them."""

from base64 import b32encode
from hashlib import sha256

import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q

from sharing.walls import MINE, STAFF, SYSTEM

ALWAYS = django.db.models.functions.datetime.Now()
SESSION = "(SELECT phr_door()) = 'session'"
# Anybody who was told the reference may follow; nothing here says who it is about.
FOLLOW = """
CREATE FUNCTION phr_erasure(told text)
RETURNS TABLE (scope text, planned jsonb, steps jsonb, hidden_at timestamptz,
               purge_after timestamptz, undone_at timestamptz, purged_at timestamptz,
               finished_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.scope, e.planned, e.steps, e.hidden_at, e.purge_after, e.undone_at, e.purged_at,
           e.finished_at
    FROM rights_erasure e WHERE e.reference = told
$$
"""


def refer(apps, schema_editor):
    """Give the erasures of single items, made before there were references, one each."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM rights_erasure")
        for (pk,) in cursor.fetchall():
            text = b32encode(sha256(pk.bytes).digest()[:10]).decode()
            name = "-".join(text[start : start + 4] for start in range(0, 16, 4))
            cursor.execute("UPDATE rights_erasure SET reference = %s WHERE id = %s", [name, pk])


class Migration(migrations.Migration):
    dependencies = [("rights", "0002_walls"), ("sharing", "0004_leaving")]
    operations = [
        migrations.RunSQL("ALTER TABLE rights_erasure NO FORCE ROW LEVEL SECURITY"),
        migrations.RemoveIndex("erasure", "erasure_due"),
        migrations.AlterField(
            "erasure",
            "patient",
            models.ForeignKey(
                "accounts.patient", db_constraint=False, null=True, on_delete=models.PROTECT,
                related_name="erasures",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField("erasure", "patient"),
                migrations.AddField(
                    "erasure", "patient_id", models.UUIDField(null=True, db_index=True)
                ),
            ]
        ),
        migrations.AlterField("erasure", "record_id", models.UUIDField(null=True, unique=True)),
        migrations.RenameField("erasure", "lease_until", "due_at"),
        migrations.RunSQL(
            "UPDATE rights_erasure SET due_at = statement_timestamp() WHERE due_at IS NULL"
        ),
        migrations.AlterField("erasure", "due_at", models.DateTimeField(db_default=ALWAYS)),
        migrations.AlterField("erasure", "attempts", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "erasure",
            "scope",
            models.CharField(
                choices=[
                    ("item", "one item"),
                    ("record", "the whole record"),
                    ("account", "the whole record and the account"),
                ],
                default="item",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "erasure", "user_id", models.UUIDField(null=True, db_index=True)
        ),
        migrations.AddField("erasure", "planned", models.JSONField(default=dict)),
        migrations.AddField("erasure", "steps", models.JSONField(default=dict)),
        migrations.AddField("erasure", "purge_after", models.DateTimeField(db_default=ALWAYS)),
        migrations.AddField("erasure", "undone_at", models.DateTimeField(null=True)),
        migrations.AddField("erasure", "finished_at", models.DateTimeField(null=True)),
        migrations.AddField("erasure", "reference", models.CharField(max_length=19, default="")),
        migrations.RunPython(refer, migrations.RunPython.noop),
        migrations.AlterField("erasure", "reference", models.CharField(max_length=19, unique=True)),
        migrations.AddIndex(
            "erasure",
            models.Index(
                fields=["due_at"],
                name="erasure_due",
                condition=Q(finished_at=None, undone_at=None),
            ),
        ),
        migrations.RunSQL(
            [
                "ALTER TABLE rights_erasure FORCE ROW LEVEL SECURITY",
                "DROP POLICY rights_erasure_1 ON rights_erasure",
                "DROP POLICY rights_erasure_2 ON rights_erasure",
                "CREATE POLICY rights_erasure_1 ON rights_erasure FOR SELECT TO phr_web USING ("
                f"patient_id = ANY ({MINE}) OR {STAFF}"
                f" OR (user_id = (SELECT phr_actor()) AND {SESSION}))",
                "CREATE POLICY rights_erasure_2 ON rights_erasure FOR INSERT TO phr_web WITH CHECK"
                " ((patient_id IS NULL OR phr_may_write(patient_id))"
                f" AND (user_id IS NULL OR (user_id = (SELECT phr_actor()) AND {SESSION}))"
                " AND (patient_id IS NOT NULL OR user_id IS NOT NULL)"
                # Only workers say how far it is.
                " AND steps = '{}' AND undone_at IS NULL AND purged_at IS NULL"
                " AND finished_at IS NULL)",
                "CREATE POLICY rights_erasure_4 ON rights_erasure FOR UPDATE TO phr_web USING"
                f" (user_id = (SELECT phr_actor()) AND {SESSION})",
                "CREATE POLICY rights_erasure_judge ON rights_erasure FOR SELECT TO phr_judge"
                " USING (true)",
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                FOLLOW,
                "ALTER FUNCTION phr_erasure(text) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
            ]
        ),
    ]
