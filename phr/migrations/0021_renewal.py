"""Which patients' records were brought up to the present reckoning of their columns, and how far."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.roles import wall
from sharing.walls import SYSTEM

WORKER = f"{SYSTEM} AND patient_id = (SELECT phr_about())"


class Migration(migrations.Migration):
    dependencies = [("phr", "0020_tokens_at_the_end"), ("accounts", "0006_in_and_out")]
    operations = [
        migrations.CreateModel(
            "Renewal",
            [
                (
                    "patient",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="renewal",
                        serialize=False,
                        to="accounts.patient",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(default=0)),
                ("place", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(
            wall(
                "phr_renewal",
                f"FOR SELECT TO phr_worker USING ({SYSTEM})",
                f"FOR ALL TO phr_worker USING ({WORKER}) WITH CHECK ({WORKER})",
            ),
            migrations.RunSQL.noop,
        ),
    ]
