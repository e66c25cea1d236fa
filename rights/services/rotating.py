"""A new KEK takes the place of the old one, while everybody goes on working.

Backups are never written again: the KEK that a set needs stays in the key file until the set is gone.
"""

from dataclasses import dataclass
from uuid import UUID

from accounts import keys
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.vault.acting import in_vault
from accounts.vault.models import KeyEncryptionKey, PatientKey
from rights.backups import catalogue, contents, manifest
from rights.backups.programs import login
from rights.backups.repository import Kind
from rights.backups.turn import turn


@dataclass(frozen=True, slots=True)
class Rotated:
    """`kek_id` is current now; `waiting` older ones are still needed by backups."""

    kek_id: str
    rewrapped: int
    verified: int
    retired: int
    waiting: int


def rotate(actor: Actor) -> Rotated:
    """Wrap every key under a new KEK, one by one, verified; then destroy what nothing needs.

    Killed at any point, the next run goes on where it was. Raises `Busy`, `accounts.keys.KeyProblem`
    or `Unopenable`; no key is lost then, for the old KEK goes last.
    """
    with turn():
        current = _current()
        rewrapped = sum(_rewrap(one, current) for old in _older() for one in _under(old))
        verified = sum(_opens(one, current) for one in _under(current))
        retired = _retire()
        with acting_as(actor):
            note("rotate", subject=f"KeyEncryptionKey/{current}", basis=f"job:{actor.system}")
        return Rotated(current, rewrapped, verified, retired, len(_older()))


def retire(actor: Actor) -> Rotated:
    """Only destroy older KEKs that nothing needs any more."""
    with turn():
        retired = _retire()
        if retired:
            with acting_as(actor):
                note("retire", subject="KeyEncryptionKey", basis=f"job:{actor.system}")
        return Rotated(keys.provider().current(), 0, 0, retired, len(_older()))


def _current() -> str:
    """The KEK to wrap with from now on: the one a killed run had begun with, or a new one."""
    provider, rows = keys.provider(), _known()
    if rows and rows[-1] != provider.current() and rows[-1] in provider.names():
        provider.promote(rows[-1])
    elif not any(_under(old) for old in _older()):
        _drop_strangers()
        name = provider.append()
        keys.enter(name)
        provider.promote(name)
    return provider.current()


def _known() -> list[str]:
    """The KEKs that the vault knows, oldest first."""
    with in_vault(worker=True):
        rows = KeyEncryptionKey.objects.order_by("created_at", "id")
        return list(rows.values_list("pk", flat=True))


def _older() -> list[str]:
    current = keys.provider().current()
    return [name for name in _known() if name != current]


def _under(kek_id: str) -> list[UUID]:
    with login("vault") as opened:
        return contents.keys_under(opened, kek_id)


def _rewrap(patient_id: UUID, current: str) -> bool:
    """Wrap one root key anew, unless it was destroyed meanwhile; compare before it counts."""
    provider = keys.provider()
    with in_vault(about=patient_id, worker=True):
        row = PatientKey.objects.select_for_update().filter(pk=patient_id).first()
        if row is None or row.kek_id == current:
            return False
        root = provider.unwrap(row.kek_id, bytes(row.wrapped), patient_id.bytes)
        row.kek_id, row.wrapped = provider.wrap(root, patient_id.bytes)
        if provider.unwrap(row.kek_id, row.wrapped, patient_id.bytes) != root:
            raise keys.Unopenable("a key that was wrapped anew does not open")
        row.save(update_fields=["kek", "wrapped"])
    return True


def _opens(patient_id: UUID, current: str) -> bool:
    """Whether a stored key opens under the new KEK; False when it was destroyed meanwhile."""
    with in_vault(about=patient_id, worker=True):
        row = PatientKey.objects.filter(pk=patient_id, kek_id=current).first()
    if row is None:
        return False
    keys.provider().unwrap(current, bytes(row.wrapped), patient_id.bytes)
    return True


def _retire() -> int:
    """Destroy older KEKs that wrap no key and that no backup needs. Returns how many."""
    needed = _needed()
    idle = [old for old in _older() if old not in needed and not _under(old)]
    for old in idle:
        # The row first: a KEK in the file that no row knows does no harm.
        with in_vault(worker=True):
            KeyEncryptionKey.objects.filter(pk=old).delete()
    _drop_strangers()
    return len(idle)


def _drop_strangers() -> None:
    """Destroy KEKs in the file that the vault does not know and no backup needs."""
    provider, known = keys.provider(), {*_known(), *_needed()}
    for name in provider.names()[1:]:
        if name not in known:
            provider.drop(name)


def _needed() -> set[str]:
    """The KEKs it takes to use the backups there are. Raises `Untrue` when one cannot be read."""
    sets = (one for kind in Kind for one in manifest.every(catalogue.repository(kind)))
    return {name for one in sets for name in one.keks}
