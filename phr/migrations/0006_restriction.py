"""A restricted record does not grow and does not change: the database refuses, whoever asks.

Hiding an item stays possible: deleting is hers, restricted or not.
"""

from django.db import migrations

RESTS = "patient_id <> ALL (ARRAY(SELECT phr_resting()))"
GROWING = ("phr_record", "phr_recordversion", "phr_provenance", "phr_upload")


class Migration(migrations.Migration):
    dependencies = [("phr", "0005_links_for_workers"), ("sharing", "0004_leaving")]
    operations = [
        migrations.RunSQL(
            [
                *(
                    f"CREATE POLICY {table}_resting ON {table} AS RESTRICTIVE FOR INSERT"
                    f" TO phr_web, phr_worker WITH CHECK ({RESTS})"
                    for table in GROWING
                ),
                "CREATE POLICY phr_record_still ON phr_record AS RESTRICTIVE FOR UPDATE"
                " TO phr_web, phr_worker USING (true)"
                f" WITH CHECK (hidden_at IS NOT NULL OR {RESTS})",
            ]
        )
    ]
