"""Records on their way to whom they are about; their walls are in 0025."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now


def _to(model: str) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model
    )


class Migration(migrations.Migration):
    dependencies = [("sharing", "0024_shown_out"), ("accounts", "0009_dependents")]
    operations = [
        migrations.CreateModel(
            name="Handover",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("lookup", models.BinaryField(unique=True)),
                ("made_at", models.DateTimeField(db_default=Now())),
                ("ends_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("named_by", _to(settings.AUTH_USER_MODEL)),
                ("patient", _to("accounts.patient")),
            ],
            options={"indexes": [models.Index(fields=["patient"], name="handover_by_patient")]},
        ),
    ]
