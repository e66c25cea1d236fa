import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0004_backups")]
    operations = [
        migrations.CreateModel(
            name="Certificate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.CharField(max_length=19)),
                ("stage", models.PositiveSmallIntegerField()),
                ("document", models.BinaryField()),
                ("signature", models.BinaryField()),
                (
                    "issued_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reference", "stage"), name="one_certificate_a_stage"
                    )
                ]
            },
        )
    ]
