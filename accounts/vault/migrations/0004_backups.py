import uuid

import django.db.models.functions.datetime
from django.db import migrations, models

from accounts.roles import CREATE_ROLES


class Migration(migrations.Migration):
    dependencies = [("vault", "0003_ledger")]
    operations = [
        migrations.RunSQL(CREATE_ROLES),
        migrations.CreateModel(
            name="BackupSet",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=8)),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("finished_at", models.DateTimeField(null=True)),
                ("verified_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(null=True)),
                ("size", models.BigIntegerField(default=0)),
                ("rows", models.BigIntegerField(default=0)),
                ("files", models.BigIntegerField(default=0)),
                ("files_missing", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("gone_at", None)),
                        fields=["kind", "expires_at"],
                        name="backup_there",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_at", None), ("failed_at", None), _connector="OR"
                        ),
                        name="backup_verified_or_failed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["default", "vault"])),
                        name="backup_of_a_known_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pulse",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("mark", models.BigIntegerField(default=0)),
                ("locked_at", models.DateTimeField(null=True)),
                ("restored_from", models.UUIDField(null=True)),
                ("snapshot_at", models.DateTimeField(null=True)),
                ("expired_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_pulse")
                ],
            },
        ),
        # Keys are re-wrapped under a new KEK by the worker, one patient at a time.
        migrations.RunSQL(
            "CREATE POLICY vault_patientkey_4 ON vault_patientkey FOR UPDATE TO phr_worker"
            " USING (patient_id = (SELECT phr_about()))"
            " WITH CHECK (patient_id = (SELECT phr_about()))"
        ),
    ]
