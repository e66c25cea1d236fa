"""Let a search use the token index.

Under row-level security PostgreSQL asks an index only with leakproof operators; `@>` and `&&` are
not, so a search would read the whole record. `phr_matching` looks up ids alone, of the one patient
the act is about if the actor may see her; the rows are still read through the walls.
"""

from django.db import migrations, models

_LOOK_UP = """
    SELECT r.id FROM phr_record r
    WHERE r.patient_id = phr_about() AND r.hidden_at IS NULL
      AND phr_about() IN (SELECT phr_own() UNION ALL SELECT phr_granted())
"""
MATCHING = f"""
CREATE FUNCTION phr_matching(wanted bigint[], all_of_them boolean, most integer)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    {_LOOK_UP} AND all_of_them AND r.tokens @> wanted
    UNION ALL
    {_LOOK_UP} AND NOT all_of_them AND r.tokens && wanted
    LIMIT most
$$
"""
NAME = "phr_matching(bigint[], boolean, integer)"


class Migration(migrations.Migration):
    dependencies = [("phr", "0003_tokens_in_bulk"), ("sharing", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                "GRANT phr_judge TO CURRENT_USER",
                "GRANT USAGE, CREATE ON SCHEMA public TO phr_judge",
                MATCHING,
                f"ALTER FUNCTION {NAME} OWNER TO phr_judge",
                "REVOKE CREATE ON SCHEMA public FROM phr_judge",
                "REVOKE phr_judge FROM CURRENT_USER",
                # Plain, for the same reason; privileges give this role four columns without content.
                "CREATE POLICY phr_record_judge ON phr_record FOR SELECT TO phr_judge USING (true)",
            ],
            [
                "DROP POLICY phr_record_judge ON phr_record",
                f"DROP FUNCTION {NAME}",
            ],
        ),
        # Every other index of the table but the primary key begins with the patient.
        migrations.RunSQL(
            "DROP INDEX phr_record_patient_id_bf038a3a",
            "CREATE INDEX phr_record_patient_id_bf038a3a ON phr_record (patient_id)",
            state_operations=[
                migrations.AlterField(
                    "record",
                    "patient",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.PROTECT,
                        related_name="records",
                        to="accounts.patient",
                    ),
                )
            ],
        ),
    ]
