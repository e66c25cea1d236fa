"""Cases: seen by the person who asked and by staff; rows of the record stay closed to staff."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import F, Q

import rights.models.cases
from accounts.roles import wall
from sharing.walls import MINE, STAFF, SYSTEM

SESSION = "(SELECT phr_door()) = 'session'"
# Somebody who keeps no record here has rights too.
OWN = (
    f"patient_id = ANY ({MINE})"
    f" OR (patient_id IS NULL AND user_id = (SELECT phr_actor()) AND {SESSION})"
)
# A part of a case is where its case is, and names the same patient.
OF_CASE = (
    "EXISTS (SELECT 1 FROM rights_case c WHERE c.id = {table}.case_id"
    " AND c.patient_id IS NOT DISTINCT FROM {table}.patient_id)"
)
OF_REQUEST = (
    "EXISTS (SELECT 1 FROM rights_rightrequest r WHERE r.id = rights_clockevent.request_id"
    " AND r.patient_id IS NOT DISTINCT FROM rights_clockevent.patient_id)"
)
REQUEST = OF_CASE.format(table="rights_rightrequest")
# Of who is hidden from everyone, the desk neither reads nor writes a word.
MESSAGE = (
    "EXISTS (SELECT 1 FROM rights_case c WHERE c.id = rights_casemessage.case_id"
    " AND c.patient_id IS NOT DISTINCT FROM rights_casemessage.patient_id"
    " AND NOT phr_hidden(c.patient_id, c.user_id))"
)
# Nothing is decided of a request that is only asked for.
UNDECIDED = (
    "state = 'received' AND decision = '' AND ground = '' AND proposed_by IS NULL"
    " AND decided_by IS NULL AND acknowledged_at IS NULL AND decided_at IS NULL"
)
# Before a colleague has confirmed it, a refusal is a thought of the desk.
TOLD = f"(about <> 'proposal' OR {STAFF})"
ABOUT = f"{SYSTEM} AND (patient_id IS NULL OR patient_id = (SELECT phr_about()))"
# Whose record it is when a request comes by mail; staff write it down for somebody else alone.
RECORD_OF = """
CREATE FUNCTION phr_record_of(who uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id FROM accounts_patient p
    WHERE p.user_id = who AND p.erasing_at IS NULL
      AND phr_door() = 'staff' AND who <> phr_actor()
$$
"""
# Whether a deletion hides the person from the desk: her record is on its way out, or her account closed.
HIDDEN = """
CREATE FUNCTION phr_hidden(about uuid, who uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT phr_door() = 'staff' AND (
        EXISTS (SELECT 1 FROM accounts_patient WHERE id = about AND erasing_at IS NOT NULL)
        OR EXISTS (SELECT 1 FROM accounts_user WHERE id = who AND NOT is_active)
    )
$$
"""
# Whoever decides does it in her own name; who asks decides nothing.
SIGNED = """
CREATE FUNCTION phr_request_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (phr_door() = 'session' AND (NEW.decision, NEW.ground, NEW.proposed_by, NEW.decided_by)
            IS DISTINCT FROM (OLD.decision, OLD.ground, OLD.proposed_by, OLD.decided_by))
        OR (NEW.proposed_by IS DISTINCT FROM OLD.proposed_by AND NEW.proposed_by <> phr_actor())
        OR (NEW.decided_by IS DISTINCT FROM OLD.decided_by AND NEW.decided_by <> phr_actor())
    THEN
        RAISE EXCEPTION 'a request is decided in one''s own name'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER rights_rightrequest_signed BEFORE UPDATE ON rights_rightrequest
FOR EACH ROW EXECUTE FUNCTION phr_request_signed()
"""
ID = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)
NOW = django.db.models.functions.datetime.Now()


def belongs_to(model: str, name: str) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=f"rights.{model}"
    )


class Migration(migrations.Migration):
    dependencies = [("rights", "0003_erasures"), ("sharing", "0002_walls")]
    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", ID.clone()),
                ("reference", models.CharField(default=rights.models.cases.new_reference, max_length=19, unique=True)),
                ("patient_id", models.UUIDField(null=True)),
                ("user_id", models.UUIDField(null=True)),
                ("jurisdiction", models.CharField(max_length=12)),
                ("received_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user_id", "-received_at"], name="case_by_user"),
                    models.Index(fields=["patient_id"], name="case_by_patient"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RightRequest",
            fields=[
                ("id", ID.clone()),
                ("case", belongs_to("case", "requests")),
                ("patient_id", models.UUIDField(null=True)),
                ("right", models.CharField(max_length=16)),
                ("regime", models.CharField(max_length=12)),
                ("rule_version", models.CharField(max_length=60)),
                ("state", models.CharField(default="received", max_length=16)),
                ("decision", models.CharField(blank=True, max_length=8)),
                ("ground", models.CharField(blank=True, max_length=24)),
                ("proposed_by", models.UUIDField(null=True)),
                ("decided_by", models.UUIDField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("legal_on", models.DateField()),
                ("safe_on", models.DateField()),
                ("acknowledge_on", models.DateField(null=True)),
                ("waiting_since", models.DateField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["safe_on"], name="request_by_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["case", "right", "regime"], name="one_request_a_right_and_regime"
                    ),
                    models.CheckConstraint(
                        condition=Q(safe_on__lte=F("legal_on")), name="safe_is_not_late"
                    ),
                    models.CheckConstraint(
                        condition=~Q(state__in=["decided", "closed"])
                        | Q(decision="granted")
                        | Q(proposed_by__isnull=False)
                        & Q(decided_by__isnull=False)
                        & ~Q(proposed_by=F("decided_by"))
                        & ~Q(ground=""),
                        name="refusal_by_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockEvent",
            fields=[
                ("id", ID.clone()),
                ("request", belongs_to("rightrequest", "clock")),
                ("patient_id", models.UUIDField(null=True)),
                ("kind", models.CharField(max_length=12)),
                ("reason", models.CharField(blank=True, max_length=16)),
                ("on", models.DateField()),
                ("at", models.DateTimeField(db_default=NOW)),
            ],
            options={"ordering": ["at"]},
        ),
        migrations.CreateModel(
            name="CaseMessage",
            fields=[
                ("id", ID.clone()),
                ("case", belongs_to("case", "messages")),
                ("patient_id", models.UUIDField(null=True)),
                ("by_desk", models.BooleanField()),
                ("about", models.CharField(blank=True, max_length=16)),
                ("at", models.DateTimeField(db_default=NOW)),
                ("text_sealed", models.BinaryField()),
            ],
            options={"ordering": ["at"]},
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                RECORD_OF,
                HIDDEN,
                "ALTER FUNCTION phr_record_of(uuid) OWNER TO phr_judge",
                "ALTER FUNCTION phr_hidden(uuid, uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                SIGNED,
                TRIGGER,
                *wall(
                    "rights_case",
                    f"FOR SELECT TO phr_web USING ({OWN} OR {STAFF})",
                    f"FOR INSERT TO phr_web WITH CHECK (user_id = phr_actor() AND {SESSION}"
                    f" AND (patient_id IS NULL OR patient_id = ANY ({MINE})))",
                    f"FOR INSERT TO phr_web WITH CHECK ({STAFF} AND user_id <> phr_actor()"
                    " AND patient_id IS NOT DISTINCT FROM phr_record_of(user_id))",
                    f"FOR UPDATE TO phr_web USING ({OWN} OR {STAFF})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                ),
                *wall(
                    "rights_rightrequest",
                    f"FOR SELECT TO phr_web USING ({STAFF} OR {REQUEST})",
                    f"FOR INSERT TO phr_web WITH CHECK ({REQUEST} AND {UNDECIDED})",
                    f"FOR UPDATE TO phr_web USING ({STAFF} OR {REQUEST})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                ),
                *wall(
                    "rights_clockevent",
                    f"FOR SELECT TO phr_web USING ({STAFF} OR {OF_REQUEST})",
                    f"FOR INSERT TO phr_web WITH CHECK ({OF_REQUEST})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                ),
                *wall(
                    "rights_casemessage",
                    f"FOR SELECT TO phr_web USING ({MESSAGE} AND {TOLD})",
                    # Nobody speaks for the other side.
                    f"FOR INSERT TO phr_web WITH CHECK ({MESSAGE} AND by_desk = ({STAFF}))",
                    f"FOR ALL TO phr_worker USING ({ABOUT}) WITH CHECK ({ABOUT})",
                ),
            ]
        ),
    ]
