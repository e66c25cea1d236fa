from django.db import migrations, models

from accounts.roles import CREATE_ROLES


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_walls")]
    operations = [
        migrations.RunSQL(CREATE_ROLES),
        migrations.CreateModel(
            name="Portal",
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_portal")
                ],
            },
        ),
    ]
