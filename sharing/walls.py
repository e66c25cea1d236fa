"""Pieces of SQL that the walls of several apps are built from."""

# The patients the actor is; evaluated once in a statement, not once in a row.
MINE = "ARRAY(SELECT phr_own())"
SYSTEM = "(SELECT phr_door()) = 'system'"
STAFF = "(SELECT phr_door()) = 'staff'"

# A row `g` of sharing_grant that let the actor see something, as first drawn up (see IN_FORCE).
ACTIVE = """
    g.grantee_id = phr_actor() AND phr_door() = 'session'
    AND g.revoked_at IS NULL AND g.starts_at <= statement_timestamp()
    AND (g.ends_at IS NULL OR g.ends_at > statement_timestamp())
"""

# The same since a permission can be paused; and whether `g` covers a row of phr_record.
IN_FORCE = f"{ACTIVE} AND g.paused_at IS NULL"
COVERS = """
    phr_record.category = ANY (g.categories) AND phr_record.labels <@ g.labels
    AND NOT phr_record.never_shared
    AND (g.types = '{}' OR phr_record.resource_type = ANY (g.types))
    AND (g.tags = '{}' OR phr_record.tags && g.tags)
    AND (g.records = '{}' OR phr_record.id = ANY (g.records))
    AND phr_record.id <> ALL (g.besides)
    AND (g.data_from IS NULL OR (phr_record.dated AND phr_record.effective_at >= g.data_from))
    AND (g.data_until IS NULL OR (phr_record.dated AND phr_record.effective_at < g.data_until))
"""

# The same since a permission has paths and may be passed on: whether `g` stands, whoever holds it;
# and the patients who use the portal and let it be used.
STANDS = """
    {g}.accepted_at IS NOT NULL AND {g}.revoked_at IS NULL AND {g}.paused_at IS NULL
    AND {g}.starts_at <= statement_timestamp()
    AND ({g}.ends_at IS NULL OR {g}.ends_at > statement_timestamp())
"""
STANDING = f"""
    {STANDS.format(g="g")} AND p.restricted_at IS NULL AND p.erasing_at IS NULL
    AND (g.via_id IS NULL OR EXISTS (
        SELECT 1 FROM sharing_grant above JOIN accounts_user giver ON giver.id = above.grantee_id
        WHERE above.id = g.via_id AND giver.is_active AND {STANDS.format(g="above")}
    ))
"""

# A row `r` of sharing_practitionerrole that is in force, and whether it lets somebody see.
SERVES = """
    r.user_id = phr_actor() AND phr_door() = 'session'
    AND r.accepted_at IS NOT NULL AND r.suspended_at IS NULL
    AND r.starts_at <= statement_timestamp()
    AND (r.ends_at IS NULL OR r.ends_at > statement_timestamp())
    AND EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = r.user_id AND u.is_active)
"""
SEES = """
    (r.code IN ('clinician', 'nurse') OR r.code = 'on-call' AND EXISTS (
        SELECT 1 FROM sharing_shift s WHERE s.role_id = r.id
          AND s.starts_at <= statement_timestamp() AND s.ends_at > statement_timestamp()
    ))
"""

# The record that the actor keeps: her own, or the one she acts for.
KEPT = "(patient_id = ANY (ARRAY(SELECT phr_own())) OR patient_id = (SELECT phr_managed()))"
KEEPS = "phr_may_keep(patient_id)"
