"""What others send in and what they write beside a permission, behind the second wall.

A sender reaches no file of the patient: she makes her own row here, under a permission to send in,
and the portal keeps the file (`phr/services/deliveries.py`).
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from accounts.roles import wall
from sharing.walls import MINE, SYSTEM

WORKER = f"{SYSTEM} AND patient_id = (SELECT phr_about())"
MINE_BY_SESSION = "(SELECT phr_door()) = 'session'"
# Under a permission that lets the actor send in now, of just this patient.
INWARD = """
    EXISTS (
        SELECT 1 FROM sharing_grant g
        WHERE g.id = grant_id AND g.patient_id = phr_delivery.patient_id
          AND g.id = ANY (ARRAY(SELECT phr_grants())) AND cardinality(g.inward_categories) > 0
          AND g.organization_id IS NOT DISTINCT FROM phr_delivery.organization_id
    )
"""
NOT_ANSWERED = """
    accepted_at IS NULL AND refused_at IS NULL AND expired_at IS NULL
    AND unreadable_at IS NULL AND NOT outside_too
"""
SENDER = "sender_id IS NOT DISTINCT FROM phr_actor()"
# Who opened a drop-box link sees what she is sending, and only until it is here.
DROPPING = "(SELECT phr_door()) = 'link' AND grant_id = (SELECT phr_link()) AND received_at IS NULL"
HELD = "grant_id = ANY (ARRAY(SELECT phr_grants()))"
OF_GRANT = """
    EXISTS (SELECT 1 FROM sharing_grant g
            WHERE g.id = grant_id AND g.patient_id = phr_remark.patient_id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("phr", "0022_acting_for"),
        ("accounts", "0006_in_and_out"),
        ("sharing", "0007_paths_walls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            "Delivery",
            [
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("named_sealed", models.BinaryField(null=True)),
                ("file_name_sealed", models.BinaryField()),
                ("outside_too", models.BooleanField(db_default=False, default=False)),
                ("begun_at", models.DateTimeField(db_default=Now())),
                ("received_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("refused_at", models.DateTimeField(null=True)),
                ("expired_at", models.DateTimeField(null=True)),
                ("unreadable_at", models.DateTimeField(null=True)),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="sharing.grant",
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
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="accounts.patient",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["patient", "-begun_at"], name="delivery_by_patient"),
                    models.Index(fields=["sender", "-begun_at"], name="delivery_by_sender"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at", None),
                            models.Q(("expired_at", None), ("refused_at", None)),
                            _connector="OR",
                        ),
                        name="delivery_is_answered_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("received_at__isnull", False), ("accepted_at", None), _connector="OR"
                        ),
                        name="delivery_is_answered_when_it_is_here",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "Remark",
            [
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("correction", "Correction"), ("note", "Note")], max_length=10
                    ),
                ),
                ("record", models.UUIDField(null=True)),
                ("text_sealed", models.BinaryField()),
                ("made_at", models.DateTimeField(db_default=Now())),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("corrected", "Corrected"), ("left", "Left as it is")],
                        default="",
                        max_length=9,
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remarks",
                        to="sharing.grant",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remarks",
                        to="accounts.patient",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["patient", "grant"], name="remark_by_grant"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", ""), ("answered_at", None)),
                            models.Q(("answered_at__isnull", False), ("kind", "correction")),
                            _connector="OR",
                        ),
                        name="only_a_correction_is_answered",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            [
                *wall(
                    "phr_delivery",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE})"
                    f" OR (sender_id = (SELECT phr_actor()) AND {MINE_BY_SESSION})"
                    f" OR ({DROPPING}))",
                    f"FOR INSERT TO phr_web WITH CHECK ({SENDER} AND {INWARD} AND {NOT_ANSWERED}"
                    " AND received_at IS NULL)",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
                ),
                *wall(
                    "phr_remark",
                    f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {HELD})",
                    "FOR INSERT TO phr_web WITH CHECK (by_id = phr_actor()"
                    f" AND (SELECT phr_door()) = 'session' AND {HELD} AND {OF_GRANT})",
                    "FOR UPDATE TO phr_web USING (phr_may_write(patient_id))",
                    f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                    f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
                ),
            ]
        ),
    ]
