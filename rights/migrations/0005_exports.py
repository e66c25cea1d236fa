import uuid

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.roles import wall
from sharing.walls import MINE, SYSTEM

# What only a worker may say, on the day it has done it.
BEGUN = "started_at, finished_at, failed_at, lease_until, total, binary_id, size, sha256, expires_at, destroyed_at"
RUNNING = Q(finished_at=None, failed_at=None, expires_at=None)


class Migration(migrations.Migration):
    dependencies = [("rights", "0004_cases")]
    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("patient_id", models.UUIDField()),
                ("epoch", models.BigIntegerField(default=0)),
                ("erasures", models.PositiveIntegerField(default=0)),
                ("requested_at", models.DateTimeField(db_default=Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(null=True)),
                ("binary_id", models.UUIDField(null=True, unique=True)),
                ("size", models.BigIntegerField(null=True)),
                ("sha256", models.BinaryField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["patient_id", "-requested_at"], name="export_by_patient"),
                    models.Index(condition=Q(destroyed_at=None), fields=["expires_at"], name="export_over"),
                ],
                "constraints": [
                    models.UniqueConstraint(condition=RUNNING, fields=["patient_id"], name="one_export_at_a_time"),
                    models.CheckConstraint(
                        condition=Q(finished_at=None) | Q(failed_at=None), name="export_finished_or_failed"
                    ),
                    models.CheckConstraint(
                        condition=Q(finished_at=None)
                        | Q(sha256__isnull=False, size__isnull=False, expires_at__isnull=False),
                        name="export_finished_is_whole",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            wall(
                "rights_export",
                f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}))",
                f"FOR INSERT TO phr_web WITH CHECK (patient_id = ANY ({MINE})"
                f" AND num_nonnulls({BEGUN}) = 0 AND attempts + epoch + erasures + done = 0)",
                f"FOR UPDATE TO phr_web USING (patient_id = ANY ({MINE}))",
                f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
            )
        ),
    ]
