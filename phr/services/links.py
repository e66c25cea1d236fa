"""What a record refers to, where the reader may see that too, so that pages can name it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts import keys
from accounts.actors import Actor
from phr.bodies import open_body
from phr.models import Record
from phr.search import Tokeniser, matching
from sharing import policy
from sharing.policy import Action

MOST = 50

Linked = dict[str, dict[str, Any]]


def linked(actor: Actor, patient_id: UUID, names: Iterable[str]) -> tuple[Linked, list[Record]]:
    """Reference → FHIR resource for those names the actor may read, and the records they are.

    Call within an act about the patient.
    """
    wanted = list(dict.fromkeys(names))[:MOST]
    if not wanted:
        return {}, []
    tokens = Tokeniser(keys.subkey(patient_id, keys.Purpose.INDEX)).links(wanted)
    name_of = dict(zip(tokens, wanted, strict=True))
    rows = policy.records(actor, Action.READ, Record.objects.all(), patient_id)
    found: Linked = {}
    found_rows = list(matching(rows, tokens, every=False)[:MOST])
    for row in found_rows:
        body = open_body(patient_id, row.pk, row.version, bytes(row.body_sealed))
        found.update((name_of[token], body) for token in row.tokens if token in name_of)
    return found, found_rows


def medicine_of(resource: dict[str, Any]) -> list[str]:
    """The reference without which a medication's headline would not name the medicine."""
    reference = resource.get("medicationReference")
    name = reference.get("reference") if isinstance(reference, dict) else None
    return [name] if isinstance(name, str) else []
