"""Proving that who holds the ledger for billing cannot tell whose record was used (S21, S22)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from phr.services.removal import record_ids
from sharing import references
from sharing.models import Usage, UsageKey

COLUMNS = {"id", "action", "at", "user_id", "reference"}
# Compared are pieces of a reference: a guess need not stand at its beginning.
PIECE, STARTS = 16, (0, 8, 16)


@dataclass(slots=True)
class Proof:
    """How many rows there are, how many ids were tried, and what was found.

    `with_key` is how many ids the facilities' own keys resolve: were it none although there are
    rows, the trial would show nothing.
    """

    rows: int = 0
    tried: int = 0
    resolved: int = 0
    with_key: int = 0
    columns: frozenset[str] = frozenset()

    @property
    def shows_something(self) -> bool:
        """Whether there was anything to resolve, and some of it resolves with a key."""
        return self.rows > 0 and self.with_key > 0

    @property
    def holds(self) -> bool:
        return self.resolved == 0 and self.columns == COLUMNS


def prove(actor: Actor) -> Proof:
    """Try every id of a patient and a record that there is, in every way that needs no key."""
    proof = Proof()
    with acting_as(actor):
        found = [bytes(one) for one in Usage.objects.values_list("reference", flat=True)]
        keys = [references.key_of(pk) for pk in UsageKey.objects.values_list("pk", flat=True)]
        proof.columns = frozenset(_columns())
    proof.rows, whole = len(found), set(found)
    pieces = {one[start : start + PIECE] for one in whole for start in STARTS}
    for subject in _subjects(actor):
        proof.tried += 1
        guesses = references.weakly(subject)
        proof.resolved += any(guess[:PIECE] in pieces for guess in guesses)
        proof.with_key += any(references.reference(key, subject) in whole for key in keys)
    return proof


def _columns() -> Iterator[str]:
    with connection.cursor() as cursor:
        table = connection.introspection.get_table_description(cursor, Usage._meta.db_table)  # noqa: SLF001
        yield from (column.name for column in table)


def _subjects(actor: Actor) -> Iterator[str]:
    with acting_as(actor):
        patients = list(Patient.objects.values_list("pk", flat=True))
    for patient_id in patients:
        yield f"Patient/{patient_id}"
        yield from (f"Record/{one}" for one in record_ids(actor, patient_id))
