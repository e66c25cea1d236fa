"""The database roles that the portal works through; none owns a table or passes by the walls."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

CREATE_ROLES = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['phr_web', 'phr_worker', 'phr_judge', 'phr_backup'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    GRANT phr_web, phr_worker, phr_backup TO CURRENT_USER;
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


@contextmanager
def assumed(role: str | None) -> Iterator[None]:
    """Let both connections of this thread begin in another role; None means as the tables' owner."""
    options = {alias: connections[alias].settings_dict["OPTIONS"] for alias in connections}
    before = {alias: own.get("assume_role") for alias, own in options.items()}
    _assume(options, dict.fromkeys(options, role))
    try:
        yield
    finally:
        _assume(options, before)


def _assume(options: dict[str, dict[str, object]], roles: dict[str, str | None]) -> None:
    for alias, own in options.items():
        own.pop("assume_role", None)
        if roles[alias]:
            own["assume_role"] = roles[alias]
        connections[alias].close()
