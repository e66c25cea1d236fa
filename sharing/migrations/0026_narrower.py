"""A notice of a permission is about its patient; who is invited accepts, and does nothing else."""

from django.db import migrations

# `NOT VALID`: of the rows there are, none is read; every further one has to hold.
OF_HERS = """
ALTER TABLE sharing_notice ADD CONSTRAINT notice_of_a_permission_of_hers
FOREIGN KEY (grant_id, patient_id) REFERENCES sharing_grant (id, patient_id)
DEFERRABLE INITIALLY DEFERRED NOT VALID
"""
ACCEPTS = """
ALTER POLICY sharing_grant_6 ON sharing_grant
WITH CHECK (grantee_id = phr_actor() AND (SELECT phr_door()) = 'session'
            AND revoked_at IS NULL AND paused_at IS NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("sharing", "0025_handovers_walls")]
    operations = [
        migrations.RunSQL(
            [
                "ALTER TABLE sharing_grant ADD CONSTRAINT grant_of_one_patient"
                " UNIQUE (id, patient_id)",
                OF_HERS,
                ACCEPTS,
            ]
        )
    ]
