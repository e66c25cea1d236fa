"""Pieces of SQL that the walls of several apps are built from."""

# The patients the actor is; evaluated once in a statement, not once in a row.
MINE = "ARRAY(SELECT phr_own())"
SYSTEM = "(SELECT phr_door()) = 'system'"
STAFF = "(SELECT phr_door()) = 'staff'"

# A row `g` of sharing_grant that lets the actor see something now.
ACTIVE = """
    g.grantee_id = phr_actor() AND phr_door() = 'session'
    AND g.revoked_at IS NULL AND g.starts_at <= statement_timestamp()
    AND (g.ends_at IS NULL OR g.ends_at > statement_timestamp())
"""
