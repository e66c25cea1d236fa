"""Legal holds: two people in the database itself, and held items that no page can reach."""

import uuid
from datetime import timedelta

from django.db import migrations, models
from django.db.models.functions import Coalesce, Now, TruncDate

from accounts.roles import wall
from sharing.walls import MINE, STAFF, SYSTEM

# Nobody decides about her own record.
FOR_ANOTHER = """
CREATE FUNCTION phr_for_another(about uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT phr_door() = 'staff' AND NOT EXISTS (
        SELECT 1 FROM accounts_patient WHERE id = about AND user_id = phr_actor()
    )
$$
"""
# Staff cannot see what is kept; this says only that an item with this id is, or is still, there.
MAY_HOLD = """
CREATE FUNCTION phr_may_hold(about uuid, item uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT phr_for_another(about) AND EXISTS (
        SELECT 1 FROM phr_record WHERE id = item AND patient_id = about
    )
$$
"""
# Whoever was told the reference of an erasure learns what it left out, and why; not what it says.
FOLLOW = """
CREATE FUNCTION phr_erasure_holds(told text)
RETURNS TABLE (ground text, review_on date, placed_at timestamptz, placed_after_request boolean,
               released_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.ground, h.review_on, h.confirmed_at, h.placed_after_request, h.released_at
    FROM rights_erasure e JOIN rights_hold h ON h.erasure_id = e.id OR (
        h.patient_id = e.patient_id AND h.emptied_at IS NULL AND h.released_at IS NULL
        AND (e.record_id IS NULL OR e.record_id = h.record_id)
    )
    WHERE e.reference = told AND h.confirmed_at IS NOT NULL
$$
"""
# Whoever signs does it in her own name, and what was decided stays as it was decided.
SIGNED = """
CREATE FUNCTION phr_hold_signed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'asked_by', 'confirmed_by', 'declined_by', 'reviewed_by', 'release_asked_by',
        'released_by', 'opening_asked_by', 'opening_allowed_by'
    ] LOOP
        IF after ->> name IS DISTINCT FROM before ->> name AND (
            (after ->> name)::uuid <> COALESCE(phr_actor(), gen_random_uuid())
            OR (before ->> name IS NOT NULL
                AND name IN ('asked_by', 'confirmed_by', 'declined_by', 'released_by'))
        ) THEN
            RAISE EXCEPTION 'a hold is signed in one''s own name'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
    RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER rights_hold_signed BEFORE UPDATE ON rights_hold
FOR EACH ROW EXECUTE FUNCTION phr_hold_signed()
"""
WORKER = f"{SYSTEM} AND patient_id = (SELECT phr_about())"
UNSIGNED = " AND ".join(
    f"{name} IS NULL"
    for name in (
        "confirmed_by", "declined_by", "reviewed_by", "release_asked_by", "released_by",
        "opening_asked_by", "opening_allowed_by", "rehomed_at", "emptied_at",
    )
)  # fmt: skip
WALLS = [
    *wall(
        "rights_hold",
        f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {STAFF})",
        "FOR INSERT TO phr_web WITH CHECK (phr_may_hold(patient_id, record_id)"
        f" AND asked_by = (SELECT phr_actor()) AND {UNSIGNED})",
        "FOR UPDATE TO phr_web USING (phr_for_another(patient_id))",
        f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
        "FOR SELECT TO phr_judge USING (true)",
    ),
    *wall("rights_helditem", f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})"),
    *wall(
        "rights_heldfile",
        f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
        # So that a file of a held item is not taken for a stray one.
        f"FOR SELECT TO phr_worker USING ({SYSTEM})",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("rights", "0005_exports"), ("phr", "0004_search_behind_walls")]
    operations = [
        migrations.CreateModel(
            name="HeldFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("patient_id", models.UUIDField()),
                ("binary_id", models.UUIDField()),
                ("name", models.CharField(max_length=64, unique=True)),
                ("facts_sealed", models.BinaryField(null=True)),
                ("complete_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("patient_id", models.UUIDField(null=True)),
                ("record_id", models.UUIDField(null=True)),
                (
                    "ground",
                    models.CharField(
                        choices=[
                            ("legal-obligation", "A law requires it: GDPR Art. 17(3)(b)"),
                            ("legal-claims", "A legal claim needs it: GDPR Art. 17(3)(e)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("review_on", models.DateField()),
                ("placed_after_request", models.BooleanField(default=False)),
                ("asked_by", models.UUIDField()),
                ("asked_at", models.DateTimeField(db_default=Now())),
                ("confirmed_by", models.UUIDField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("declined_by", models.UUIDField(null=True)),
                ("declined_at", models.DateTimeField(null=True)),
                ("reviewed_by", models.UUIDField(null=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("release_asked_by", models.UUIDField(null=True)),
                ("release_asked_at", models.DateTimeField(null=True)),
                ("released_by", models.UUIDField(null=True)),
                ("released_at", models.DateTimeField(null=True)),
                ("opening_asked_by", models.UUIDField(null=True)),
                ("opening_asked_at", models.DateTimeField(null=True)),
                ("opening_allowed_by", models.UUIDField(null=True)),
                ("opening_allowed_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(null=True)),
                ("erasure_id", models.UUIDField(null=True)),
                ("rehomed_at", models.DateTimeField(null=True)),
                ("lost_at", models.DateTimeField(null=True)),
                ("emptied_at", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
                ("release_told_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="HeldItem",
            fields=[
                (
                    "hold",
                    models.OneToOneField(
                        on_delete=models.PROTECT,
                        primary_key=True,
                        related_name="item",
                        serialize=False,
                        to="rights.hold",
                    ),
                ),
                ("patient_id", models.UUIDField()),
                ("body_sealed", models.BinaryField()),
            ],
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(fields=["patient_id"], name="hold_by_patient"),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("declined_at", None), ("emptied_at", None)),
                fields=["asked_at"],
                name="hold_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("declined_at", None), ("emptied_at", None), ("released_at", None)
                ),
                fields=("record_id", "ground"),
                name="hold_once_per_ground",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "review_on__lte",
                        TruncDate(
                            Coalesce(models.F("reviewed_at"), models.F("asked_at"))
                            + timedelta(days=366)
                        ),
                    )
                ),
                name="hold_reviewed_within_a_year",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at", None), ("confirmed_by", None)),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("confirmed_by__isnull", False),
                        ("declined_at", None),
                        models.Q(("confirmed_by", models.F("asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="hold_confirmed_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("declined_by", None), ("declined_at__isnull", False), _connector="OR"
                ),
                name="hold_declined_at_and_by",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("released_at", None), ("released_by", None)),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("release_asked_by__isnull", False),
                        ("released_at__isnull", False),
                        ("released_by__isnull", False),
                        models.Q(("released_by", models.F("release_asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="hold_released_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("opening_allowed_at", None), ("opening_allowed_by", None)),
                    models.Q(
                        ("opening_allowed_at__isnull", False),
                        ("opening_allowed_by__isnull", False),
                        ("opening_asked_by__isnull", False),
                        models.Q(
                            ("opening_allowed_by", models.F("opening_asked_by")), _negated=True
                        ),
                    ),
                    _connector="OR",
                ),
                name="hold_opened_by_another",
            ),
        ),
        migrations.AddField(
            model_name="heldfile",
            name="hold",
            field=models.ForeignKey(
                on_delete=models.PROTECT, related_name="files", to="rights.hold"
            ),
        ),
        migrations.AddConstraint(
            model_name="heldfile",
            constraint=models.UniqueConstraint(
                fields=("hold", "binary_id"), name="file_once_per_hold"
            ),
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                FOR_ANOTHER,
                MAY_HOLD,
                FOLLOW,
                "ALTER FUNCTION phr_for_another(uuid) OWNER TO phr_judge",
                "ALTER FUNCTION phr_erasure_holds(text) OWNER TO phr_judge",
                "ALTER FUNCTION phr_may_hold(uuid, uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                SIGNED,
                TRIGGER,
                *WALLS,
            ]
        ),
    ]
