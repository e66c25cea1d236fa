"""The SQL of bringing an archive back: temporary tables beside `staged`, and the writing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A temporary table: its name and its columns, each with a type of PostgreSQL."""

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def drop(self) -> str:
        return f"DROP TABLE IF EXISTS pg_temp.{self.name}"

    @property
    def create(self) -> str:
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns)
        return f"CREATE TEMPORARY TABLE {self.name} ({columns})"

    @property
    def copy(self) -> str:
        columns = ", ".join(name for name, _ in self.columns)
        return f"COPY pg_temp.{self.name} ({columns}) FROM STDIN WITH (FORMAT BINARY)"

    @property
    def types(self) -> list[str]:
        return [kind for _, kind in self.columns]


TABLES = {
    "kept": Table(
        "kept",
        (
            ("id", "uuid"), ("version", "int4"), ("tags", "int8[]"), ("favourite", "bool"),
            ("never_shared", "bool"), ("added_at", "timestamptz"), ("changed_at", "timestamptz"),
            ("body_sealed", "bytea"),
        ),
    ),
    "past": Table(
        "past",
        (("id", "uuid"), ("version", "int4"), ("body_sealed", "bytea"), ("ended_at", "timestamptz")),
    ),
    "source": Table(
        "source",
        (
            ("id", "uuid"), ("upload_id", "uuid"), ("version", "int4"), ("place", "text"),
            ("outcome", "text"), ("reason_sealed", "bytea"), ("recorded_at", "timestamptz"),
            ("scope", "uuid"),
        ),
    ),
}  # fmt: skip

# The uploads that new records come from.
NEEDED = """
    SELECT DISTINCT x.upload_id FROM pg_temp.source x
    JOIN pg_temp.staged s ON s.id = x.id AND s.outcome = 'new' WHERE x.upload_id IS NOT NULL
"""
ASIDE = """
    INSERT INTO phr_recordfile (id, patient_id, record_id, binary_id, upload_id, aside)
    SELECT gen_random_uuid(), %(patient)s, s.id, %(binary)s, %(upload)s, %(version)s
    FROM pg_temp.staged s WHERE s.id = %(record)s AND s.outcome = 'new'
    ON CONFLICT DO NOTHING
"""
TAGS = """
    SELECT DISTINCT unnest(k.tags) FROM pg_temp.kept k
    JOIN pg_temp.staged s ON s.id = k.id AND s.outcome = 'new'
"""
PUBLISH = (
    """
    UPDATE phr_record r
    SET version = k.version, tags = k.tags, favourite = k.favourite, never_shared = k.never_shared,
        created_at = k.added_at, updated_at = k.changed_at,
        body_sealed = coalesce(k.body_sealed, r.body_sealed)
    FROM pg_temp.kept k JOIN pg_temp.staged s ON s.id = k.id AND s.outcome = 'new'
    WHERE r.id = k.id AND r.patient_id = %(patient)s
    """,
    """
    UPDATE phr_provenance p SET version = k.version
    FROM pg_temp.kept k JOIN pg_temp.staged s ON s.id = k.id AND s.outcome = 'new'
    WHERE p.record_id = k.id AND p.upload_id = %(upload)s
    """,
    """
    INSERT INTO phr_recordversion (id, patient_id, record_id, version, body_sealed, ended_at)
    SELECT gen_random_uuid(), %(patient)s, x.id, x.version, x.body_sealed, x.ended_at
    FROM pg_temp.past x JOIN pg_temp.staged s ON s.id = x.id AND s.outcome = 'new'
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO phr_provenance (id, patient_id, record_id, upload_id, by_id, version, place,
                                outcome, reason_sealed, recorded_at, scope)
    SELECT gen_random_uuid(), %(patient)s, x.id, x.upload_id,
           CASE WHEN x.upload_id IS NULL THEN %(user)s::uuid END, x.version, x.place, x.outcome,
           x.reason_sealed, x.recorded_at, x.scope
    FROM pg_temp.source x JOIN pg_temp.staged s ON s.id = x.id AND s.outcome = 'new'
    WHERE x.upload_id IS NULL OR x.upload_id = ANY (%(needed)s::uuid[])
    """,
)
