"""The same thing under another of its numbers (FHIR R4 `identifier`), after all else was settled.

A source that hands on what it got puts a number of its own before the one that was there. A number
alone is not enough: an order or a stay shares its number among many. So the type and the time must be
the same too, and what it is. Numbers of one thing that lead to two are believed in neither.
"""

from typing import Any
from uuid import UUID

import orjson

from phr.bodies import open_bytes
from phr.formats.meaning import base, bounded
from phr.formats.parsed import Parsed
from phr.formats.resource import codes, head

_DROP = "DROP TABLE IF EXISTS pg_temp.numbered"
# By a further number of the newcomer, or by a further number of what is there.
_NUMBERED = """
    CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
    WITH further AS (
        SELECT s.id, s.effective_at, substring(s.others FROM 1 + 32 * n FOR 32) AS identity
        FROM pg_temp.staged s CROSS JOIN LATERAL generate_series(0, length(s.others) / 32 - 1) AS n
        WHERE s.others <> '' AND s.dated AND s.outcome IN ('new', 'changed')
    ), known AS MATERIALIZED (
        SELECT r.id, r.effective_at, unnest(r.aliases) AS identity FROM phr_record r
        WHERE r.patient_id = %(patient)s AND r.hidden_at IS NULL AND r.dated
          AND r.aliases IS NOT NULL
    )
    SELECT f.id, r.id AS record_id FROM further f JOIN phr_record r ON r.identity = f.identity
    WHERE r.patient_id = %(patient)s AND r.hidden_at IS NULL AND r.dated
      AND r.effective_at = f.effective_at
    UNION
    SELECT f.id, k.id FROM further f JOIN known k USING (identity, effective_at)
    UNION
    SELECT s.id, k.id FROM known k JOIN pg_temp.staged s USING (identity, effective_at)
    WHERE s.dated AND s.outcome = 'new'
"""
_BODIES = """
    SELECT s.id, s.body_sealed, r.id, r.version, r.body_sealed
    FROM pg_temp.numbered n JOIN pg_temp.staged s ON s.id = n.id
    JOIN phr_record r ON r.id = n.record_id WHERE length(s.body_sealed) > 0
"""
_ANOTHER = "DELETE FROM pg_temp.numbered WHERE id = %s AND record_id = %s"
_SETTLE = (
    # Its first number leads to what it leads to.
    """
    INSERT INTO pg_temp.numbered
    SELECT DISTINCT s.id, s.record_id FROM pg_temp.staged s JOIN pg_temp.numbered n ON n.id = s.id
    WHERE s.outcome = 'changed'
    """,
    """
    UPDATE pg_temp.staged s SET outcome = 'changed', record_id = n.record_ids[1]
    FROM (
        SELECT id, array_agg(DISTINCT record_id) AS record_ids FROM pg_temp.numbered GROUP BY id
    ) n
    WHERE s.id = n.id AND s.outcome = 'new' AND cardinality(n.record_ids) = 1
    """,
    """
    UPDATE pg_temp.staged s SET outcome = 'new', record_id = NULL, identity = NULL, others = '',
        unsure = true
    FROM (SELECT id FROM pg_temp.numbered GROUP BY id HAVING count(DISTINCT record_id) > 1) n
    WHERE s.id = n.id
    """,
    # Later versions of it in the same file follow it.
    """
    UPDATE pg_temp.staged s SET record_id = f.record_id FROM pg_temp.staged f
    WHERE s.outcome = 'changed' AND s.record_id = f.id AND f.outcome = 'changed'
    """,
)


def further(item: Parsed) -> list[str]:
    """What would be its identity if one of its other identifiers stood first.

    Of a study none: what DICOM gave it is enough, and an order may have several.
    """
    kind, said = item.resource_type, item.identity or ""
    named = [f"{system}|{value}" for system, value in item.meaning.numbers
             if system != f"{kind}|{base(value)}"]  # fmt: skip
    first = next((one for one in named if f"{said}|".startswith(f"{one}|")), None)
    if first is None or kind == "ImagingStudy":
        return []
    ending = said[len(first) :]
    return list(dict.fromkeys(bounded(one + ending) for one in named if one != first))


def settle_numbers(cursor: Any, patient_id: UUID) -> None:
    """Take what is staged as new for another version of what has one of its numbers.

    In the transaction that settled the rest. Where only the look of a file is staged, without
    content, type and time decide.
    """
    cursor.execute(_DROP)
    cursor.execute(_NUMBERED, {"patient": patient_id})
    cursor.execute(_BODIES)
    others = [
        (staged_id, record_id)
        for staged_id, new, record_id, version, old in cursor.fetchall()
        if not _same(
            open_bytes(patient_id, staged_id, 1, bytes(new)),
            open_bytes(patient_id, record_id, version, bytes(old)),
        )
    ]
    cursor.executemany(_ANOTHER, others)
    for statement in _SETTLE:
        cursor.execute(statement)


def _same(one: bytes, other: bytes) -> bool:
    """Whether both are called the same, by a code or in words."""
    what, other_what = orjson.loads(one), orjson.loads(other)
    coded, named = ({*codes(each)} for each in (what, other_what))
    if coded and named:
        return not coded.isdisjoint(named)
    return head(what) == head(other_what)
