"""Undoing a whole import is an erasure too; what is held of it is said by the hold itself."""

from django.db import migrations, models

FOLLOW = """
CREATE OR REPLACE FUNCTION phr_erasure_holds(told text)
RETURNS TABLE (ground text, review_on date, placed_at timestamptz, placed_after_request boolean,
               released_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.ground, h.review_on, h.confirmed_at, h.placed_after_request, h.released_at
    FROM rights_erasure e JOIN rights_hold h ON h.erasure_id = e.id OR (
        h.patient_id = e.patient_id AND h.emptied_at IS NULL AND h.released_at IS NULL
        AND (%s)
    )
    WHERE e.reference = told AND h.confirmed_at IS NOT NULL
$$
"""
BEFORE = "e.record_id IS NULL OR e.record_id = h.record_id"
NOW = "e.scope IN ('record', 'account') OR e.record_id = h.record_id"


def _as_judge(statement: str) -> list[str]:
    return [
        "GRANT phr_judge TO CURRENT_USER",
        "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
        statement,
        "REVOKE CREATE ON SCHEMA public FROM phr_judge",
        "REVOKE phr_judge FROM CURRENT_USER",
    ]


class Migration(migrations.Migration):
    dependencies = [("rights", "0007_parts")]
    operations = [
        migrations.AddField("erasure", "upload_id", models.UUIDField(null=True, unique=True)),
        migrations.AlterField(
            "erasure",
            "scope",
            models.CharField(
                choices=[
                    ("item", "one item"),
                    ("import", "what came with one file"),
                    ("record", "the whole record"),
                    ("account", "the whole record and the account"),
                ],
                default="item",
                max_length=10,
            ),
        ),
        migrations.RunSQL(_as_judge(FOLLOW % NOW), _as_judge(FOLLOW % BEFORE)),
    ]
