"""Emergencies: what may be opened then, each time that it was, and the two acts the database makes.

Who breaks the glass has no permission to begin with. The database makes it, after it has looked
itself: the code, the armed plan, the facility and its person, a second factor, and how often.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from accounts.roles import wall
from sharing.walls import MINE, STAFF, SYSTEM

PLAN_OF = """
CREATE FUNCTION phr_plan_of(secret bytea) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT patient_id FROM sharing_emergencyplan
    WHERE lookup = secret AND armed_at IS NOT NULL AND phr_door() = 'session'
      AND EXISTS (SELECT phr_teams())
$$
"""
BREAK_GLASS = """
CREATE FUNCTION phr_break_glass(
    secret bytea, facility uuid, fresh uuid, access uuid, reason bytea, number bigint
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE plan sharing_emergencyplan; whose uuid;
BEGIN
    SELECT patient_id INTO whose FROM sharing_emergencyplan WHERE lookup = secret;
    -- Who disarms or stops everything meanwhile comes before or after.
    PERFORM 1 FROM accounts_patient WHERE id = whose FOR NO KEY UPDATE;
    SELECT * INTO plan FROM sharing_emergencyplan
    WHERE patient_id = whose AND lookup = secret AND armed_at IS NOT NULL;
    IF NOT FOUND OR phr_door() <> 'session' OR facility NOT IN (SELECT phr_teams())
        OR NOT EXISTS (
            SELECT 1 FROM accounts_patient WHERE id = whose AND restricted_at IS NULL
              AND erasing_at IS NULL AND user_id <> phr_actor()
        )
        OR NOT EXISTS (
            SELECT 1 FROM mfa_authenticator
            WHERE user_id = phr_actor() AND type IN ('totp', 'webauthn')
        ) THEN
        RETURN NULL;
    END IF;
    -- One after the other, so that what is counted is all there is.
    PERFORM pg_advisory_xact_lock(hashtext('phr_break_glass'));
    IF (SELECT count(*) FROM sharing_emergencyaccess WHERE person_id = phr_actor()
            AND opened_at > statement_timestamp() - interval '1 day') >= 5
        OR (SELECT count(*) FROM sharing_emergencyaccess WHERE organization_id = facility
            AND opened_at > statement_timestamp() - interval '1 day') >= 20 THEN
        RETURN NULL;
    END IF;
    INSERT INTO sharing_grant (
        id, patient_id, path, grantee_id, organization_id, invited_email, categories, labels,
        may_copy, purpose, starts_at, ends_at, accepted_at, invitation_ends_at, serial
    ) VALUES (
        fresh, whose, 'emergency', phr_actor(), facility, '', plan.categories, plan.labels,
        false, 'BTG', statement_timestamp(), statement_timestamp() + interval '4 hours',
        statement_timestamp(), statement_timestamp(), number
    );
    INSERT INTO sharing_emergencyaccess (
        id, patient_id, grant_id, person_id, organization_id, reason_sealed, due_at, outcome
    ) VALUES (
        access, whose, fresh, phr_actor(), facility, reason,
        statement_timestamp() + interval '72 hours', ''
    );
    UPDATE accounts_patient SET access_epoch = access_epoch + 1 WHERE id = whose;
    RETURN whose;
END $$
"""
CLOSE = """
CREATE FUNCTION phr_close_emergency(access uuid, said text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE whose uuid; given uuid;
BEGIN
    IF phr_door() <> 'staff' OR said NOT IN ('proper', 'misuse') OR NOT EXISTS (
        SELECT 1 FROM accounts_user WHERE id = phr_actor() AND is_staff AND is_active
    ) THEN
        RETURN NULL;
    END IF;
    SELECT patient_id INTO whose FROM sharing_emergencyaccess WHERE id = access;
    PERFORM 1 FROM accounts_patient WHERE id = whose FOR NO KEY UPDATE;
    UPDATE sharing_emergencyaccess
    SET closed_at = statement_timestamp(), closed_by_id = phr_actor(), outcome = said
    WHERE id = access AND closed_at IS NULL AND person_id <> phr_actor()
    RETURNING grant_id INTO given;
    IF given IS NOT NULL AND said = 'misuse' THEN
        UPDATE sharing_grant SET revoked_at = statement_timestamp()
        WHERE id = given AND revoked_at IS NULL;
        UPDATE accounts_patient SET access_epoch = access_epoch + 1 WHERE id = whose;
    END IF;
    RETURN given;
END $$
"""
SIGNATURES = (
    "phr_plan_of(bytea)",
    "phr_break_glass(bytea, uuid, uuid, uuid, bytea, bigint)",
    "phr_close_emergency(uuid, text)",
)
RESTS = "patient_id <> ALL (ARRAY(SELECT phr_resting()))"
ABOUT = f"{SYSTEM} AND patient_id = (SELECT phr_about())"
OWN = "person_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'"
PURPOSES = [
    ("TREAT", "For my care"),
    ("COC", "For a second opinion or a change of doctor"),
    ("FAMRQT", "So that family or friends know"),
    ("COVERAGE", "For my insurance"),
    ("HRESCH", "For research"),
    ("PATRQT", "For another reason of mine"),
    ("BTG", "In an emergency"),
]
OUTCOMES = [("proper", "It was an emergency"), ("misuse", "It was not")]


def _to(model: str, **more: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model, **more)


class Migration(migrations.Migration):
    dependencies = [
        ("sharing", "0014_requests"),
        ("mfa", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AlterField("grant", "purpose", models.CharField(choices=PURPOSES, db_default="TREAT", default="TREAT", max_length=8)),
        migrations.CreateModel(
            name="EmergencyPlan",
            fields=[
                ("patient", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="accounts.patient")),
                ("armed_at", models.DateTimeField(null=True)),
                ("card", models.UUIDField(default=uuid.uuid4)),
                ("categories", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ("labels", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("lookup", models.BinaryField(unique=True)),
                ("code_sealed", models.BinaryField()),
                ("names_her", models.BooleanField()),
                ("says_birth_date", models.BooleanField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("categories__len__gt", 0), ("labels__len__gt", 0)),
                        name="plan_covers_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EmergencyAccess",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reason_sealed", models.BinaryField()),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, choices=OUTCOMES, max_length=8)),
                ("closed_by", _to(settings.AUTH_USER_MODEL, null=True)),
                ("grant", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sharing.grant")),
                ("organization", _to("sharing.organization")),
                ("patient", _to("accounts.patient")),
                ("person", _to(settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name_plural": "emergency accesses",
                "indexes": [
                    models.Index(fields=["patient"], name="emergency_by_patient"),
                    models.Index(fields=["person", "-opened_at"], name="emergency_by_person"),
                    models.Index(fields=["organization", "-opened_at"], name="emergency_by_organization"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("closed_by", None), ("outcome", "")),
                            models.Q(
                                ("closed_at__isnull", False), ("closed_by__isnull", False),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="emergency_closed_with_an_outcome",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                PLAN_OF,
                BREAK_GLASS,
                CLOSE,
                *(f"ALTER FUNCTION {name} OWNER TO phr_judge" for name in SIGNATURES),
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY sharing_grant_emergency ON sharing_grant FOR INSERT TO phr_judge"
                " WITH CHECK (path = 'emergency' AND grantee_id = phr_actor())",
                *wall(
                    "sharing_emergencyplan",
                    "FOR SELECT TO phr_judge USING (true)",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}))",
                    "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                    f"AS RESTRICTIVE FOR INSERT TO phr_web, phr_worker WITH CHECK ({RESTS})",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR UPDATE TO phr_worker USING ({ABOUT}) WITH CHECK ({ABOUT})",
                    f"FOR DELETE TO phr_worker USING ({ABOUT})",
                ),
                *wall(
                    "sharing_emergencyaccess",
                    "FOR SELECT TO phr_judge USING (true)",
                    "FOR INSERT TO phr_judge WITH CHECK (person_id = phr_actor())",
                    "FOR UPDATE TO phr_judge USING (phr_door() = 'staff')",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {STAFF} OR ({OWN}))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR DELETE TO phr_worker USING ({ABOUT})",
                ),
            ]
        ),
    ]
