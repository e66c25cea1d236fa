import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0002_walls")]
    operations = [
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("token", models.BinaryField(null=True)),
                ("state", models.CharField(blank=True, max_length=40)),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("emptied_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("emptied_at__isnull", False), ("token", None)),
                            models.Q(("emptied_at", None), ("token__isnull", False)),
                            _connector="OR",
                        ),
                        name="ledger_token_until_emptied",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("token", None), _negated=True),
                        fields=["kind", "made_at"],
                        name="ledger_by_kind",
                    )
                ],
            },
        )
    ]
