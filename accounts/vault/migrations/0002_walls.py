from django.db import migrations

from accounts.roles import ABOUT, CREATE_ROLES, wall


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [
                CREATE_ROLES,
                ABOUT,
                *wall(
                    "vault_patientkey",
                    "FOR SELECT TO phr_web, phr_worker USING (patient_id = (SELECT phr_about()))",
                    "FOR INSERT TO phr_web, phr_worker"
                    " WITH CHECK (patient_id = (SELECT phr_about()))",
                    "FOR DELETE TO phr_worker USING (patient_id = (SELECT phr_about()))",
                ),
            ]
        )
    ]
