"""Who acts for a patient keeps her record, within the walls; see sharing/migrations/0012."""

from django.db import migrations

from sharing.walls import KEEPS, KEPT, STAFF

WRITTEN = {
    "phr_record": {2: "USING"},
    "phr_binary": {2: "WITH CHECK", 3: "USING", 4: "USING"},
    "phr_upload": {2: "WITH CHECK", 3: "USING", 4: "USING"},
    "phr_tag": {2: "WITH CHECK", 3: "USING"},
}
BY_HAND = ("phr_record", "phr_recordversion", "phr_provenance")


class Migration(migrations.Migration):
    dependencies = [("phr", "0021_renewal"), ("sharing", "0012_proxies_walls")]
    operations = [
        migrations.RunSQL(
            [
                *(
                    f"ALTER POLICY {table}_{number} ON {table} {clause} ({KEEPS})"
                    for table, policies in WRITTEN.items()
                    for number, clause in policies.items()
                ),
                *(
                    f"ALTER POLICY {table}_by_hand ON {table} WITH CHECK ({KEEPS})"
                    for table in BY_HAND
                ),
                "ALTER POLICY phr_binary_1 ON phr_binary"
                f" USING ({KEPT} OR EXISTS (SELECT 1 FROM phr_recordfile f"
                " WHERE f.binary_id = phr_binary.id))",
                f"ALTER POLICY phr_upload_1 ON phr_upload USING ({KEPT} OR {STAFF})",
                f"ALTER POLICY phr_tag_1 ON phr_tag USING ({KEPT})",
            ]
        )
    ]
