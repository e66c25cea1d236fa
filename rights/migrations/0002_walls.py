from django.db import migrations

from accounts.roles import wall
from sharing.walls import MINE, STAFF, SYSTEM


class Migration(migrations.Migration):
    dependencies = [("rights", "0001_initial"), ("sharing", "0002_walls")]
    operations = [
        migrations.RunSQL(
            wall(
                "rights_erasure",
                f"FOR SELECT TO phr_web USING (patient_id = ANY ({MINE}) OR {STAFF})",
                "FOR INSERT TO phr_web WITH CHECK (phr_may_write(patient_id))",
                f"FOR ALL TO phr_worker USING ({SYSTEM}) WITH CHECK ({SYSTEM})",
            )
        )
    ]
