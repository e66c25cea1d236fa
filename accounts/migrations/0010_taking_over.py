"""Whether a record was taken over is asked on pages: found without reading its whole log."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_dependents")]
    operations = [
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["patient_id", "at"],
                name="audit_of_taking_over",
                condition=models.Q(action__in=("claim", "keep-sharing")),
            ),
        ),
    ]
