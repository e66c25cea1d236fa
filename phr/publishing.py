"""The SQL of an import: a temporary table, what to do with each staged row, and the writing."""

CREATE = """
CREATE TEMPORARY TABLE staged (
    id uuid NOT NULL, position integer NOT NULL, resource_type text NOT NULL,
    category text NOT NULL, effective_at timestamptz NOT NULL, dated boolean NOT NULL,
    labels bigint[] NOT NULL, tokens bigint[] NOT NULL, digest bytea NOT NULL, identity bytea,
    body_sealed bytea NOT NULL, place text NOT NULL, owns_file boolean NOT NULL,
    pictures uuid[] NOT NULL, core bytea, refs bigint[] NOT NULL, around bigint[] NOT NULL,
    names bigint[] NOT NULL, systems bigint[] NOT NULL, numbers bigint[] NOT NULL,
    others bytea NOT NULL, updated timestamptz, issued timestamptz, standing integer NOT NULL,
    unsure boolean NOT NULL DEFAULT false,
    outcome text NOT NULL DEFAULT 'new', record_id uuid, version integer NOT NULL DEFAULT 1
)
"""
DROP = "DROP TABLE IF EXISTS pg_temp.staged"
COPY = (
    "COPY pg_temp.staged (id, position, resource_type, category, effective_at, dated, labels,"
    " tokens, digest, identity, body_sealed, place, owns_file, pictures, core, refs, around, names,"
    " systems, numbers, others, updated, issued, standing)"
    " FROM STDIN WITH (FORMAT BINARY)"
)
TYPES = [
    "uuid", "int4", "text", "text", "timestamptz", "bool", "int8[]", "int8[]", "bytea", "bytea",
    "bytea", "text", "bool", "uuid[]", "bytea", "int8[]", "int8[]", "int8[]", "int8[]", "int8[]",
    "bytea", "timestamptz", "timestamptz", "int4",
]  # fmt: skip

# A file is made by anybody: no statement over it takes longer than this, in milliseconds.
MOST_MILLISECONDS = 240_000
BOUND = "SELECT set_config('statement_timeout', %(most)s::text, true)"

ONE_IMPORT_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%(patient)s::text, 7))"

# What a resource says, and what is said of what it refers to: its own patient, whoever numbers her,
# people and places not at all, the rest by its content, or by name where it is not in this file.
# A name that a file gives to several things is the first's: else n of them and n that refer to them
# would be n * n rows.
LIKEN = """
CREATE TEMPORARY TABLE likened ON COMMIT DROP AS
SELECT s.id, s.position, substring(sha256(s.core || coalesce(
           string_agg(u.said, ''::bytea ORDER BY u.nth, u.said), ''::bytea)) FOR 16) AS likeness
FROM pg_temp.staged s
LEFT JOIN (
    SELECT r.id, r.nth, CASE
               WHEN r.name = ANY (%(owner)s::bigint[]) THEN '\\x01'::bytea
               WHEN t.resource_type = ANY (%(around)s) THEN '\\x02'::bytea
               ELSE coalesce(t.core, int8send(r.name)) END AS said
    FROM (
        SELECT x.id, y.name, y.nth
        FROM pg_temp.staged x CROSS JOIN LATERAL unnest(x.refs) WITH ORDINALITY AS y (name, nth)
    ) r
    LEFT JOIN (
        SELECT DISTINCT ON (name) name, resource_type, core
        FROM (
            SELECT position, resource_type, core, unnest(names) AS name FROM pg_temp.staged
        ) called ORDER BY name, position
    ) t ON t.name = r.name
) u ON u.id = s.id
WHERE s.core IS NOT NULL
GROUP BY s.id, s.position, s.core
"""

# Versions of one thing, the earliest first, whatever stands first in the file; `phr.succession`
# compares by the same times.
IN_TIME = "coalesce(s.updated, s.issued) NULLS FIRST, s.issued NULLS FIRST, s.standing, s.position"

# The version of `r` that is in force is as its owner wrote it.
BY_HAND = """
    EXISTS (
        SELECT 1 FROM phr_provenance p
        WHERE p.record_id = r.id AND p.version = r.version AND p.upload_id IS NULL
    )
"""
# Two of one source that say the same stay two, so each is paired with one of the other source's;
# unless one numbering gave them different numbers. In steps, because nothing is known of the rows
# of a young record that would let a plan of it all be a good one.
PAIR = (
    "DROP TABLE IF EXISTS pg_temp.left_over, pg_temp.candidate",
    """
    CREATE TEMPORARY TABLE left_over ON COMMIT DROP AS
    SELECT l.id, l.likeness, row_number() OVER (PARTITION BY l.likeness ORDER BY l.position)
    FROM pg_temp.likened l JOIN pg_temp.staged n ON n.id = l.id WHERE n.outcome = 'new'
    """,
    "CREATE INDEX left_over_likeness ON pg_temp.left_over (likeness)",
    "ANALYZE pg_temp.left_over",
    """
    CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
    SELECT k.id, k.likeness,
           row_number() OVER (PARTITION BY k.likeness ORDER BY k.created_at, k.id)
    FROM phr_record k
    WHERE k.patient_id = %(patient)s AND k.hidden_at IS NULL
      AND k.likeness IN (SELECT likeness FROM pg_temp.left_over)
      AND k.id NOT IN (SELECT record_id FROM pg_temp.staged WHERE record_id IS NOT NULL)
    """,
    "ANALYZE pg_temp.candidate",
    """
    UPDATE pg_temp.staged s SET outcome = 'alike', record_id = r.id, version = r.version
    FROM pg_temp.left_over n
    JOIN pg_temp.candidate k ON k.likeness = n.likeness AND k.row_number = n.row_number
    JOIN phr_record r ON r.id = k.id
    WHERE s.id = n.id AND (NOT s.systems && r.tokens OR s.numbers && r.tokens)
    """,
    # What a file said of it before: not hers where its owner corrected it, an older state elsewhere.
    "DROP TABLE IF EXISTS pg_temp.once_said",
    """
    CREATE TEMPORARY TABLE once_said ON COMMIT DROP AS
    SELECT v.record_id AS id, v.likeness,
           row_number() OVER (PARTITION BY v.likeness ORDER BY k.created_at, k.id)
    FROM (
        SELECT DISTINCT record_id, likeness FROM phr_recordversion
        WHERE patient_id = %(patient)s AND likeness IN (SELECT likeness FROM pg_temp.left_over)
    ) v
    JOIN phr_record k ON k.id = v.record_id
    WHERE k.patient_id = %(patient)s AND k.hidden_at IS NULL AND k.resource_type <> 'ImagingStudy'
      AND k.id NOT IN (SELECT record_id FROM pg_temp.staged WHERE record_id IS NOT NULL)
    """,
    f"""
    UPDATE pg_temp.staged s SET record_id = r.id, version = r.version,
        outcome = CASE WHEN {BY_HAND} THEN 'changed' ELSE 'older' END
    FROM (
        SELECT l.id, l.likeness, row_number() OVER (PARTITION BY l.likeness ORDER BY s.position)
        FROM pg_temp.left_over l JOIN pg_temp.staged s ON s.id = l.id WHERE s.outcome = 'new'
    ) n
    JOIN pg_temp.once_said k ON k.likeness = n.likeness AND k.row_number = n.row_number
    JOIN phr_record r ON r.id = k.id
    WHERE s.id = n.id AND (NOT s.systems && r.tokens OR s.numbers && r.tokens)
    """,  # noqa: S608 - a piece of our own
)

# Each staged row ends as `new`, `changed` (same identity, other content), `older` than what is
# there, `known` (the same content), `alike` (the same from another source) or `twice`.
SETTLE = (
    "ANALYZE pg_temp.staged (id, position, digest, identity, outcome, resource_type)",
    "DROP TABLE IF EXISTS pg_temp.likened",
    LIKEN,
    "ANALYZE pg_temp.likened",
    """
    UPDATE pg_temp.staged s SET outcome = 'twice', record_id = f.id
    FROM (
        SELECT id, first_value(id) OVER (
                   PARTITION BY digest ORDER BY coalesce(updated, issued) DESC NULLS LAST, position
               ) AS first
        FROM pg_temp.staged
    ) d
    JOIN pg_temp.staged f ON f.id = d.first
    WHERE s.id = d.id AND d.first <> d.id
    """,
    """
    UPDATE pg_temp.staged s SET outcome = 'twice', record_id = d.last
    FROM (
        SELECT n.id, first_value(n.id) OVER (
                   PARTITION BY n.identity, l.likeness
                   ORDER BY coalesce(n.updated, n.issued) DESC NULLS LAST, n.position DESC
               ) AS last
        FROM pg_temp.staged n JOIN pg_temp.likened l ON l.id = n.id
        WHERE n.identity IS NOT NULL AND n.outcome = 'new' AND n.resource_type <> 'ImagingStudy'
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
    """
    UPDATE pg_temp.staged s SET outcome = 'alike', version = r.version
    FROM phr_record r, pg_temp.likened l
    WHERE s.outcome = 'changed' AND r.id = s.record_id AND l.id = s.id
      AND r.likeness = l.likeness
    """,
    *PAIR,
    # What its owner corrected before that was told apart is known by what a file said: not hers.
    f"""
    UPDATE pg_temp.staged s SET outcome = 'changed'
    FROM pg_temp.left_over n, phr_record r
    WHERE s.outcome = 'alike' AND n.id = s.id AND r.id = s.record_id AND r.version > 1
      AND {BY_HAND} AND NOT EXISTS (
          SELECT 1 FROM phr_recordversion v
          WHERE v.record_id = r.id AND v.likeness IS NOT NULL
      )
    """,  # noqa: S608 - a piece of our own
    # A file that came before with several versions of one thing: the last of them is in force.
    """
    UPDATE pg_temp.staged s SET outcome = 'twice', record_id = k.id
    FROM pg_temp.staged k
    WHERE s.outcome = 'changed' AND k.outcome = 'known' AND k.record_id = s.record_id
      AND k.position > s.position AND s.resource_type <> 'ImagingStudy'
      AND (coalesce(s.updated, s.issued) > coalesce(k.updated, k.issued)) IS NOT TRUE
    """,
    # Other content under one identity in one file: versions, each later than the one before.
    f"""
    UPDATE pg_temp.staged t SET outcome = 'changed', record_id = d.first
    FROM (
        SELECT s.id, first_value(s.id) OVER (PARTITION BY s.identity ORDER BY {IN_TIME}) AS first
        FROM pg_temp.staged s WHERE s.identity IS NOT NULL AND s.outcome = 'new'
    ) d
    WHERE t.id = d.id AND d.first <> d.id
    """,  # noqa: S608 - a piece of our own
)
# Before what changes it: the later versions of a thing may stand in the same file.
LAST_NEW = "SELECT max(position) FROM pg_temp.staged WHERE outcome = 'new'"
ADD = """
    INSERT INTO phr_record (id, patient_id, resource_type, category, effective_at, dated, labels,
                            tokens, digest, identity, version, body_sealed, likeness, aliases)
    SELECT s.id, %(patient)s, s.resource_type, s.category, s.effective_at, s.dated, s.labels,
           s.tokens, s.digest, s.identity, 1, s.body_sealed, l.likeness,
           CASE WHEN s.others <> '' THEN ARRAY(
               SELECT substring(s.others FROM 1 + 32 * n FOR 32)
               FROM generate_series(0, length(s.others) / 32 - 1) AS n) END
    FROM pg_temp.staged s LEFT JOIN pg_temp.likened l ON l.id = s.id
    WHERE s.outcome = 'new' AND s.position BETWEEN %(first)s AND %(last)s ORDER BY s.position
"""
# So many kilobytes of tokens wait before they are taken into their index together; more than the
# second number do not wait for the next import, since every search goes through what waits.
WAIT = "SELECT set_config('gin_pending_list_limit', %(most)s, true)"
MOST_WAITING, MOST_LEFT_WAITING = "4096", "64"
FROM_NEW = """
    INSERT INTO phr_provenance (id, patient_id, record_id, upload_id, version, place, position,
                                outcome)
    SELECT gen_random_uuid(), %(patient)s, s.id, %(upload)s, 1, s.place, s.position,
           CASE WHEN s.unsure THEN 'unsure' ELSE 'new' END
    FROM pg_temp.staged s WHERE s.outcome = 'new'
"""
CHANGED = f"""
    SELECT s.id, s.record_id, s.resource_type, s.category, s.effective_at, s.dated, s.labels,
           s.tokens, s.digest, s.body_sealed, l.likeness, s.identity, s.others
    FROM pg_temp.staged s LEFT JOIN pg_temp.likened l ON l.id = s.id
    WHERE s.outcome = 'changed' ORDER BY {IN_TIME}
"""  # noqa: S608 - a piece of our own
MARK = "UPDATE pg_temp.staged SET outcome = %s, version = %s WHERE id = %s"

PUBLISH = (
    # What is new has no other record_id than its id. What came twice in one file points at the row
    # that was kept, or at what that row became.
    """
    UPDATE pg_temp.staged s SET record_id = k.record_id FROM pg_temp.staged k
    WHERE s.outcome = 'twice' AND k.outcome = 'twice' AND s.record_id = k.id
    """,
    """
    UPDATE pg_temp.staged s SET record_id = coalesce(k.record_id, k.id), version = k.version
    FROM pg_temp.staged k WHERE s.outcome = 'twice' AND s.record_id = k.id
      AND k.outcome <> 'twice'
    """,
    """
    INSERT INTO phr_provenance (id, patient_id, record_id, upload_id, version, place, position,
                                outcome)
    SELECT gen_random_uuid(), %(patient)s, r.id, %(upload)s, s.version, s.place, s.position,
           s.outcome
    FROM pg_temp.staged s JOIN phr_record r ON r.id = coalesce(s.record_id, s.id)
    WHERE s.outcome <> 'new'
    """,
    """
    INSERT INTO phr_recordfile (id, patient_id, record_id, binary_id, upload_id, aside)
    SELECT gen_random_uuid(), %(patient)s, coalesce(s.record_id, s.id), f.binary_id, %(upload)s,
           CASE WHEN s.outcome = 'aside' THEN s.version END
    FROM pg_temp.staged s
    JOIN phr_upload u ON u.id = %(upload)s
    CROSS JOIN LATERAL (
        SELECT unnest(s.pictures) AS binary_id
        UNION ALL SELECT u.original_id WHERE s.owns_file
    ) f
    WHERE s.outcome IN ('new', 'changed', 'aside')
    ON CONFLICT DO NOTHING
    """,
    # What is added may refer to what was there already by the names this file gives it.
    """
    UPDATE phr_record r SET tokens = ARRAY(SELECT unnest(r.tokens) UNION SELECT unnest(m.names))
    FROM (
        SELECT s.record_id, array_agg(DISTINCT c.name) AS names
        FROM (
            SELECT DISTINCT o.id
            FROM (
                SELECT id, unnest(names) AS name FROM pg_temp.staged WHERE outcome <> 'new'
            ) o
            JOIN (
                SELECT DISTINCT unnest(refs || around) AS name FROM pg_temp.staged
                WHERE outcome IN ('new', 'changed')
            ) n ON n.name = o.name
        ) asked
        JOIN pg_temp.staged s ON s.id = asked.id
        CROSS JOIN LATERAL unnest(s.names) AS c (name)
        GROUP BY s.record_id
    ) m
    WHERE r.id = m.record_id AND NOT r.tokens @> m.names
    """,
    # What was kept before it was known by what it says is so from now on.
    """
    UPDATE phr_record r SET likeness = l.likeness
    FROM pg_temp.staged s JOIN pg_temp.likened l ON l.id = s.id
    WHERE s.outcome = 'known' AND r.id = s.record_id AND r.likeness IS NULL
    """,
)
COUNTS = """
    SELECT count(*) FILTER (WHERE outcome = 'new'),
           count(*) FILTER (WHERE outcome IN ('known', 'alike', 'older', 'twice'))
    FROM pg_temp.staged
"""
TOUCHED = """
    SELECT DISTINCT coalesce(record_id, id) FROM pg_temp.staged
    WHERE outcome IN ('new', 'changed', 'aside')
"""
