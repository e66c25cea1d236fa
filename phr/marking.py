"""What comes again with a label that it did not have: what is kept gets it, nothing loses one."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from phr.bodies import open_bytes
from phr.models import Record
from sharing.labels import Sensitivity, suggest
from sharing.tokens import label_tokens

_AT_ONCE = 200
# What came twice in the file, the once with a label and the once without.
_TWICE = """
    UPDATE pg_temp.staged k SET labels = ARRAY(
        SELECT own FROM unnest(k.labels) AS o (own) WHERE own <> %(ordinary)s
        UNION SELECT unnest(m.labels)
    )
    FROM (
        SELECT record_id, array_agg(DISTINCT l.label) AS labels
        FROM pg_temp.staged s, unnest(s.labels) AS l (label)
        WHERE s.outcome = 'twice' AND l.label <> %(ordinary)s GROUP BY record_id
    ) m
    WHERE k.id = m.record_id AND NOT k.labels @> m.labels
"""
_MAY_SAY_MORE = """
    SELECT s.id FROM pg_temp.staged s JOIN phr_record r ON r.id = s.record_id
    WHERE s.outcome IN ('known', 'alike') AND r.patient_id = %(patient)s
      AND NOT r.labels @> array_remove(s.labels, %(ordinary)s)
"""
_BODIES = """
    SELECT s.id, s.body_sealed, r.id, r.version, r.body_sealed
    FROM pg_temp.staged s JOIN phr_record r ON r.id = s.record_id WHERE s.id = ANY (%s)
"""


def mark_again(patient_id: UUID) -> list[UUID]:
    """Label what is staged as known where this file says more; the ids of what was labelled.

    In the transaction that publishes it. How its owner sorted what the file says as before, stays.
    """
    tokens = label_tokens(patient_id)
    about: dict[str, Any] = {"patient": patient_id, "ordinary": tokens[Sensitivity.N]}
    with connection.cursor() as cursor:
        cursor.execute(_TWICE, about)
        cursor.execute(_MAY_SAY_MORE, about)
        asked = [staged_id for (staged_id,) in cursor.fetchall()]
    more: dict[UUID, set[int]] = {}
    for start in range(0, len(asked), _AT_ONCE):
        for record_id, labels in _said_more(patient_id, asked[start : start + _AT_ONCE]):
            more.setdefault(record_id, set()).update(tokens[label] for label in labels)
    found = [record_id for record_id, labels in more.items() if labels]
    for row in Record.objects.filter(pk__in=found).only("labels"):
        row.labels = sorted({*row.labels, *more[row.pk]} - {tokens[Sensitivity.N]})
        row.updated_at = timezone.now()
        row.save(update_fields=["labels", "updated_at"])
    return found


def _said_more(patient_id: UUID, asked: list[UUID]) -> Iterator[tuple[UUID, set[Sensitivity]]]:
    with connection.cursor() as cursor:
        cursor.execute(_BODIES, [asked])
        for staged_id, body, record_id, version, kept in cursor.fetchall():
            new = orjson.loads(open_bytes(patient_id, staged_id, 1, bytes(body)))
            old = orjson.loads(open_bytes(patient_id, record_id, version, bytes(kept)))
            yield record_id, {*suggest(new)} - {*suggest(old), Sensitivity.N}
