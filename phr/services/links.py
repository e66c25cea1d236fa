"""What a record refers to, where the reader may see that too, so that pages can name it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts import keys
from accounts.actors import Actor
from phr.bodies import open_body
from phr.models import Provenance, Record
from phr.search import Tokeniser, answering, scoped
from phr.sources import words_of
from sharing import policy
from sharing.policy import Grounds

MOST = 50
Linked = dict[str, dict[str, Any]]


def linked(
    actor: Actor,
    patient_id: UUID,
    wanted: Mapping[UUID, Iterable[str]],
    why: Grounds,
    *,
    most: int = MOST,
    among: QuerySet[Record] | None = None,
) -> tuple[dict[UUID, Linked], list[Record]]:
    """For each record the FHIR resources behind its references, and the records these are.

    Only what the actor may read, `most` of it, `among` all or some records; a reference that two
    records answer to, seen or not, names neither. Call within an act about the patient.
    """
    sure = targets(actor, patient_id, wanted, why, most=most, among=among)
    bodies = {row.pk: _body(row) for row in sure.values()}
    found: dict[UUID, Linked] = {}
    for (record_id, name), row in sure.items():
        found.setdefault(record_id, {})[name] = bodies[row.pk]
    return found, list({row.pk: row for row in sure.values()}.values())


def targets(
    actor: Actor,
    patient_id: UUID,
    wanted: Mapping[UUID, Iterable[str]],
    why: Grounds,
    *,
    most: int = MOST,
    among: QuerySet[Record] | None = None,
) -> dict[tuple[UUID, str], Record]:
    """(record, reference) → the one record that this reference names, on the same terms."""
    askers = _askers(patient_id, wanted)
    if not askers:
        return {}
    answers: dict[tuple[UUID, str], set[UUID]] = {}
    for token, ids in answering(list(askers)).items():
        for asker in askers[token]:
            answers.setdefault(asker, set()).update(ids)
    sure = {asker: next(iter(ids)) for asker, ids in answers.items() if len(ids) == 1}
    kept = (Record.objects.all() if among is None else among).filter(pk__in=set(sure.values()))
    rows = policy.records(actor, why.action, kept, patient_id, known=why)
    found = {row.pk: row for row in rows.order_by("-effective_at", "-id")[:most]}
    return {asker: found[pk] for asker, pk in sure.items() if pk in found}


def _askers(
    patient_id: UUID, wanted: Mapping[UUID, Iterable[str]]
) -> dict[int, list[tuple[UUID, str]]]:
    """Token → who asks for it by which name."""
    asking = {record_id: list(names)[:MOST] for record_id, names in wanted.items()}
    asking = {record_id: names for record_id, names in asking.items() if names}
    if not asking:
        return {}
    tokeniser = Tokeniser(keys.subkey(patient_id, keys.Purpose.INDEX))
    found: dict[int, list[tuple[UUID, str]]] = {}
    for record_id, upload_id in words_of(Provenance.objects.filter(record_id__in=asking)):
        names = asking[record_id]
        tokens = tokeniser.links(scoped(upload_id, name) for name in names)
        for token, name in zip(tokens, names, strict=True):
            askers = found.setdefault(token, [])
            if (record_id, name) not in askers:
                askers.append((record_id, name))
    return found


def _body(row: Record) -> dict[str, Any]:
    return open_body(row.patient_id, row.pk, row.version, bytes(row.body_sealed))


def medicine_of(resource: dict[str, Any]) -> list[str]:
    """The reference without which a medication's headline would not name the medicine."""
    reference = resource.get("medicationReference")
    name = reference.get("reference") if isinstance(reference, dict) else None
    return [name] if isinstance(name, str) else []
