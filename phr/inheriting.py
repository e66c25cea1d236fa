"""What refers to something sensitive is as sensitive as that: labels along references.

A report tells of its results, a prescription of its reason, a plan of what it addresses. Not so
what merely happened to the same person, at the same visit or by the same hands.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts import keys
from phr.formats.meaning import AROUND
from phr.formats.parsed import Parsed
from phr.models import Record
from phr.search import Tokeniser, matching
from sharing.labels import Sensitivity
from sharing.tokens import label_tokens

# A dispense names its prescription, which names its reason: longer chains than this are none.
MOST_STEPS = 4
_ABOUT_WHOM = ("Patient", "Person", "RelatedPerson", "Group")
# What the file holds may be in the record already, and sorted by its patient meanwhile.
_TELLING = """
    CREATE TEMPORARY TABLE telling ON COMMIT DROP AS
    SELECT DISTINCT n.name, l.label
    FROM pg_temp.staged s
    LEFT JOIN phr_record r ON r.id = s.record_id,
    unnest(s.names) AS n (name), unnest(s.labels || r.labels) AS l (label)
    WHERE l.label = ANY (%(sensitive)s::bigint[]) AND s.resource_type <> ALL (%(beside)s)
"""
_INHERIT = """
    UPDATE pg_temp.staged s SET labels = ARRAY(
        SELECT own FROM unnest(s.labels) AS o (own) WHERE own <> %(ordinary)s
        UNION SELECT unnest(g.labels)
    )
    FROM (
        SELECT r.id, array_agg(DISTINCT t.label) AS labels
        FROM (SELECT id, unnest(refs) AS name FROM pg_temp.staged) r
        JOIN pg_temp.telling t ON t.name = r.name
        GROUP BY r.id
    ) g
    WHERE g.id = s.id AND NOT s.labels @> g.labels AND s.resource_type <> ALL (%(whom)s)
"""


def told_of(item: Parsed) -> list[str]:
    """What a resource refers to, save the person and the visit it is about."""
    return [name for name in item.meaning.refs if name not in (item.subject, item.visit)]


def inherit(patient_id: UUID) -> None:
    """Give what is staged the labels of what it refers to, in the transaction that publishes it.

    "Not sorted" is not handed on: a document that nobody has read says nothing of what lists it.
    """
    about: dict[str, Any] = {
        "sensitive": _sensitive(patient_id),
        "ordinary": label_tokens(patient_id)[Sensitivity.N],
        "whom": list(_ABOUT_WHOM),
        "beside": [*_ABOUT_WHOM, *AROUND],
    }
    with connection.cursor() as cursor:
        for _ in range(MOST_STEPS):
            cursor.execute("DROP TABLE IF EXISTS pg_temp.telling")
            cursor.execute(_TELLING, about)
            if not cursor.rowcount:
                return
            cursor.execute("ANALYZE pg_temp.telling")
            cursor.execute(_INHERIT, about)
            if not cursor.rowcount:
                return


def hand_on(row: Record) -> list[UUID]:
    """Give what refers to a record its sensitive labels, on the same terms; who got any.

    Takes no label away but "ordinary". Call within an act of its patient, in one transaction with
    what made the record sensitive.
    """
    patient_id, reached = row.patient_id, {row.pk}
    given = {*row.labels} & {*_sensitive(patient_id)}
    tokeniser = Tokeniser(keys.subkey(patient_id, keys.Purpose.INDEX))
    telling = [row]
    for _ in range(MOST_STEPS if given else 0):
        named = (one.tokens for one in telling if one.resource_type not in (*_ABOUT_WHOM, *AROUND))
        wanted = tokeniser.telling_of({token for tokens in named for token in tokens})
        telling = _lacking(patient_id, wanted, given, reached)
        reached |= _give(telling, given, label_tokens(patient_id)[Sensitivity.N])
    return sorted(reached - {row.pk})


def _lacking(
    patient_id: UUID, wanted: list[int], given: set[int], reached: set[UUID]
) -> list[Record]:
    """Those that refer to one of the names and lack a label, locked in the order of their ids."""
    if not wanted:
        return []
    rows = Record.objects.filter(patient_id=patient_id).exclude(pk__in=reached)
    rows = rows.exclude(labels__contains=sorted(given)).exclude(resource_type__in=_ABOUT_WHOM)
    found = matching(rows, wanted, every=False).order_by("pk").select_for_update(of=("self",))
    return list(found.only("labels", "tokens", "resource_type"))


def _give(rows: Sequence[Record], given: set[int], ordinary: int) -> set[UUID]:
    """Label them; one statement for all that are labelled alike, as thousands may be."""
    alike: dict[tuple[int, ...], list[UUID]] = {}
    for row in rows:
        row.labels = sorted({*row.labels, *given} - {ordinary})
        alike.setdefault(tuple(row.labels), []).append(row.pk)
    for labels, ids in alike.items():
        Record.objects.filter(pk__in=ids).update(labels=list(labels), updated_at=timezone.now())
    return {row.pk for row in rows}


def _sensitive(patient_id: UUID) -> list[int]:
    plain = (Sensitivity.N, Sensitivity.UNCLASSIFIED)
    return [token for label, token in label_tokens(patient_id).items() if label not in plain]
