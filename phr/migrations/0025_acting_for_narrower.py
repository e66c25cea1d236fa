"""Who acts for a patient changes nothing that she does not see, and no file but what she brought."""

from django.db import migrations

from sharing.walls import KEEPS, MINE, STAFF

# Whether a file waits in quarantine, or did: that is the patient's own to answer.
DELIVERED = """
CREATE FUNCTION phr_delivered(upload uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM phr_delivery d WHERE d.id = upload)
$$
"""
# A file that came with no upload yet, or with one that the actor brought herself.
BROUGHT_FILE = """
CREATE FUNCTION phr_brought(binary_id uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM phr_upload u WHERE u.original_id = binary_id
          AND (u.by_id IS DISTINCT FROM phr_actor() OR phr_delivered(u.id))
    )
$$
"""
MAY_WRITE = "phr_may_write(patient_id)"
BROUGHT = "by_id = (SELECT phr_actor()) AND NOT phr_delivered(id)"
OF_BROUGHT = "use = 'original' AND phr_brought(id)"
MANAGED = "patient_id = (SELECT phr_managed())"


class Migration(migrations.Migration):
    dependencies = [("phr", "0024_aliases"), ("sharing", "0012_proxies_walls")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                DELIVERED,
                BROUGHT_FILE,
                "ALTER FUNCTION phr_delivered(uuid) OWNER TO phr_judge",
                "ALTER FUNCTION phr_brought(uuid) OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                "CREATE POLICY phr_delivery_judge ON phr_delivery FOR SELECT TO phr_judge"
                " USING (true)",
                "CREATE POLICY phr_upload_judge ON phr_upload FOR SELECT TO phr_judge USING (true)",
                f"ALTER POLICY phr_record_2 ON phr_record USING ({MAY_WRITE}"
                f" OR (hidden_at IS NULL AND NOT never_shared AND {KEEPS}))",
                f"ALTER POLICY phr_upload_1 ON phr_upload USING (patient_id = ANY ({MINE})"
                f" OR {STAFF} OR ({MANAGED} AND {BROUGHT}))",
                *(
                    f"ALTER POLICY phr_upload_{number} ON phr_upload"
                    f" USING ({MAY_WRITE} OR ({BROUGHT} AND {KEEPS}))"
                    for number in (3, 4)
                ),
                f"ALTER POLICY phr_binary_1 ON phr_binary USING (patient_id = ANY ({MINE})"
                " OR EXISTS (SELECT 1 FROM phr_recordfile f WHERE f.binary_id = phr_binary.id)"
                f" OR ({MANAGED} AND {OF_BROUGHT}))",
                *(
                    f"ALTER POLICY phr_binary_{number} ON phr_binary"
                    f" USING ({MAY_WRITE} OR ({OF_BROUGHT} AND {KEEPS}))"
                    for number in (3, 4)
                ),
            ]
        )
    ]
