"""Requests to be let in, and passing on: what a holder may give to somebody else, made in SQL.

Who passes on says only to whom and until when; everything else is copied from her own permission by
the database, so that it cannot be wider, and cannot be passed on again.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from accounts.roles import wall
from sharing.walls import SYSTEM

PASS_ON = """
CREATE FUNCTION phr_pass_on(
    above uuid, fresh uuid, email text, ends timestamptz, open_until timestamptz, number bigint
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE whose uuid;
BEGIN
    SELECT patient_id INTO whose FROM sharing_grant WHERE id = above;
    PERFORM 1 FROM accounts_patient WHERE id = whose FOR NO KEY UPDATE;
    PERFORM 1 FROM sharing_grant WHERE id = above FOR NO KEY UPDATE;
    INSERT INTO sharing_grant (
        id, patient_id, path, via_id, invited_email, categories, labels, types, tags, records,
        besides, data_from, data_until, may_copy, purpose, starts_at, ends_at,
        invitation_ends_at, serial
    )
    SELECT fresh, g.patient_id, 'person', g.id, lower(email), g.categories, g.labels, g.types,
        g.tags, g.records, g.besides, g.data_from, g.data_until, g.may_copy, g.purpose,
        g.starts_at, LEAST(g.ends_at, ends), open_until, number
    FROM sharing_grant g
    WHERE g.id = above AND g.id IN (SELECT phr_grants()) AND g.path = 'person'
      AND g.grantee_id = phr_actor() AND phr_door() = 'session'
      AND g.may_reshare AND g.via_id IS NULL AND cardinality(g.categories) > 0;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE accounts_patient SET access_epoch = access_epoch + 1 WHERE id = whose;
    RETURN whose;
END $$
"""
PASSED_ON = """
CREATE FUNCTION phr_passed_on() RETURNS TABLE (
    id uuid, via_id uuid, invited_email text, created_at timestamptz, ends_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT g.id, g.via_id, g.invited_email::text, g.created_at, g.ends_at FROM sharing_grant g
    JOIN sharing_grant a ON a.id = g.via_id
    WHERE a.grantee_id = phr_actor() AND phr_door() = 'session' AND a.revoked_at IS NULL
      AND g.revoked_at IS NULL
$$
"""
MADE = "via_id IS NOT NULL AND path = 'person' AND NOT may_reshare AND accepted_at IS NULL"
ADDRESSED = "email = ANY (ARRAY(SELECT phr_addresses()))"
ASKER = "asker_id = (SELECT phr_actor()) AND (SELECT phr_door()) = 'session'"
KINDS = [
    ("accepted", "Somebody accepted what was shared"),
    ("attested", "An answer came about copies that you asked to be destroyed"),
    ("closing", "A facility closes its account"),
    ("correction", "Somebody asks for a correction"),
    ("delivery", "Somebody sent something in"),
    ("destroy", "A patient asks that copies be destroyed"),
    ("emergency", "A record was opened in an emergency"),
    ("ended", "Sharing ended"),
    ("ending", "Sharing ends soon"),
    ("granted", "A patient shares with you"),
    ("link-opened", "A link was opened"),
    ("opened", "Somebody looked for the first time"),
    ("passed-on", "Somebody passed on what you share"),
    ("paused", "Sharing was paused"),
    ("request", "Somebody asks for access"),
    ("resumed", "Sharing goes on"),
    ("unanswered", "Nobody answered about copies in time"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("sharing", "0013_receipts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            "AccessRequest",
            [
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("asked_sealed", models.BinaryField()),
                ("made_at", models.DateTimeField(db_default=Now())),
                ("expires_at", models.DateTimeField()),
                ("granted_at", models.DateTimeField(null=True)),
                ("refused_at", models.DateTimeField(null=True)),
                ("given", models.UUIDField(null=True)),
                (
                    "asker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sharing.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email", "-made_at"], name="access_request_by_email"),
                    models.Index(fields=["asker", "-made_at"], name="access_request_by_asker"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("given", None), ("granted_at", None)),
                            models.Q(
                                ("given__isnull", False),
                                ("granted_at__isnull", False),
                                ("refused_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="access_request_has_one_answer",
                    )
                ],
            },
        ),
        migrations.AlterField("notice", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                PASS_ON,
                PASSED_ON,
                "ALTER FUNCTION phr_pass_on(uuid, uuid, text, timestamptz, timestamptz, bigint)"
                " OWNER TO phr_judge",
                "ALTER FUNCTION phr_passed_on() OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY sharing_grant_passed_on ON sharing_grant FOR INSERT TO phr_judge"
                f" WITH CHECK ({MADE})",
                *wall(
                    "sharing_accessrequest",
                    f"FOR SELECT TO phr_web USING ({ADDRESSED} OR {ASKER})",
                    f"FOR INSERT TO phr_web WITH CHECK ({ASKER} AND granted_at IS NULL)",
                    f"FOR UPDATE TO phr_web USING ({ADDRESSED})",
                    f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
                ),
            ]
        ),
    ]
