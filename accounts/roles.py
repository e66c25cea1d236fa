"""The database roles that the portal works through; none owns a table or passes by the walls."""

CREATE_ROLES = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['phr_web', 'phr_worker', 'phr_judge'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    GRANT phr_web, phr_worker TO CURRENT_USER;
END $$
"""

# An empty setting, a setting never made and a setting of an ended transaction all mean: nobody.
ABOUT = """
CREATE FUNCTION phr_about() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(current_setting('phr.about', true), '')::uuid
$$
"""
WHO = (
    """
    CREATE FUNCTION phr_actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT NULLIF(current_setting('phr.actor', true), '')::uuid
    $$
    """,
    """
    CREATE FUNCTION phr_door() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT COALESCE(current_setting('phr.door', true), '')
    $$
    """,
)


def wall(table: str, *policies: str) -> list[str]:
    """SQL that forces row-level security on a table: what no policy lets through is not there."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        *(f"CREATE POLICY {table}_{number} ON {table} {policy}"
          for number, policy in enumerate(policies, start=1)),
    ]  # fmt: skip
