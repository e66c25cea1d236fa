"""The SQL of an import: a temporary table, what to do with each staged row, and the writing."""

CREATE = """
CREATE TEMPORARY TABLE staged (
    id uuid NOT NULL, position integer NOT NULL, resource_type text NOT NULL,
    category text NOT NULL, effective_at timestamptz NOT NULL, dated boolean NOT NULL,
    labels bigint[] NOT NULL, tokens bigint[] NOT NULL, digest bytea NOT NULL, identity bytea,
    body_sealed bytea NOT NULL, place text NOT NULL, owns_file boolean NOT NULL,
    pictures uuid[] NOT NULL, outcome text NOT NULL DEFAULT 'new', record_id uuid,
    version integer NOT NULL DEFAULT 1
)
"""
DROP = "DROP TABLE IF EXISTS pg_temp.staged"
COPY = (
    "COPY pg_temp.staged (id, position, resource_type, category, effective_at, dated, labels,"
    " tokens, digest, identity, body_sealed, place, owns_file, pictures)"
    " FROM STDIN WITH (FORMAT BINARY)"
)
TYPES = [
    "uuid", "int4", "text", "text", "timestamptz", "bool", "int8[]", "int8[]", "bytea", "bytea",
    "bytea", "text", "bool", "uuid[]",
]  # fmt: skip

ONE_IMPORT_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%(patient)s::text, 7))"

# Each staged row ends as `new`, `changed` (same identity, other content), `older` than what is
# there, `known` or `twice`.
SETTLE = (
    "ANALYZE pg_temp.staged (id, position, digest, identity, outcome)",
    """
    UPDATE pg_temp.staged s SET outcome = 'twice', record_id = f.id
    FROM (
        SELECT id, digest, position,
               first_value(id) OVER (PARTITION BY digest ORDER BY position) AS first
        FROM pg_temp.staged
    ) d
    JOIN pg_temp.staged f ON f.id = d.first
    WHERE s.id = d.id AND d.first <> d.id
    """,
    """
    UPDATE pg_temp.staged s SET outcome = 'twice', record_id = d.last
    FROM (
        SELECT id, first_value(id) OVER (PARTITION BY identity ORDER BY position DESC) AS last
        FROM pg_temp.staged WHERE identity IS NOT NULL AND outcome = 'new'
        AND resource_type <> 'ImagingStudy'
    ) d
    WHERE s.id = d.id AND d.last <> d.id
    """,
    """
    UPDATE pg_temp.staged s SET outcome = 'known', record_id = r.id, version = r.version
    FROM phr_record r
    WHERE s.outcome = 'new' AND r.patient_id = %(patient)s AND r.hidden_at IS NULL
      AND r.digest = s.digest
    """,
    """
    UPDATE pg_temp.staged s SET outcome = 'changed', record_id = r.id
    FROM phr_record r
    WHERE s.outcome = 'new' AND r.patient_id = %(patient)s AND r.hidden_at IS NULL
      AND s.identity IS NOT NULL AND r.identity = s.identity
    """,
)
CHANGED = """
    SELECT id, record_id, resource_type, category, effective_at, dated, labels, tokens, digest,
           body_sealed
    FROM pg_temp.staged WHERE outcome = 'changed' ORDER BY position
"""
MARK = "UPDATE pg_temp.staged SET outcome = %s, version = %s WHERE id = %s"

PUBLISH = (
    """
    INSERT INTO phr_record (id, patient_id, resource_type, category, effective_at, dated, labels,
                            tokens, digest, identity, version, body_sealed)
    SELECT id, %(patient)s, resource_type, category, effective_at, dated, labels, tokens, digest,
           identity, 1, body_sealed
    FROM pg_temp.staged WHERE outcome = 'new' ORDER BY position
    """,
    "UPDATE pg_temp.staged SET record_id = id WHERE outcome = 'new'",
    # What came twice in one file points at the row that was kept, or at what that row became.
    """
    UPDATE pg_temp.staged s SET record_id = k.record_id, version = k.version
    FROM pg_temp.staged k WHERE s.outcome = 'twice' AND s.record_id = k.id
      AND k.outcome <> 'twice'
    """,
    """
    INSERT INTO phr_provenance (id, patient_id, record_id, upload_id, version, place, position,
                                outcome)
    SELECT gen_random_uuid(), %(patient)s, s.record_id, %(upload)s, s.version, s.place, s.position,
           s.outcome
    FROM pg_temp.staged s JOIN phr_record r ON r.id = s.record_id
    """,
    """
    INSERT INTO phr_recordfile (id, patient_id, record_id, binary_id, upload_id)
    SELECT gen_random_uuid(), %(patient)s, s.record_id, f.binary_id, %(upload)s
    FROM pg_temp.staged s
    JOIN phr_upload u ON u.id = %(upload)s
    CROSS JOIN LATERAL (
        SELECT unnest(s.pictures) AS binary_id
        UNION ALL SELECT u.original_id WHERE s.owns_file
    ) f
    WHERE s.outcome IN ('new', 'changed')
    ON CONFLICT DO NOTHING
    """,
)
COUNTS = """
    SELECT count(*) FILTER (WHERE outcome = 'new'),
           count(*) FILTER (WHERE outcome IN ('known', 'older', 'twice'))
    FROM pg_temp.staged
"""
TOUCHED = """
    SELECT DISTINCT record_id FROM pg_temp.staged WHERE outcome IN ('new', 'changed')
"""
