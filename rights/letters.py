"""What a person and the rights desk write to each other: sealed, opened for these two alone."""

from dataclasses import dataclass
from datetime import datetime

from accounts import keys
from accounts.keys import Purpose
from rights.models import Case, CaseMessage

PROPOSAL = "proposal"
GONE = "This message can no longer be read."


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is read; `about` says what the desk did with it, if anything."""

    at: datetime
    by_desk: bool
    about: str
    text: str


def write(case: Case, text: str, *, by_desk: bool, about: str = "") -> None:
    """Keep a message of a case, sealed for its place."""
    row = CaseMessage(case=case, patient_id=case.patient_id, by_desk=by_desk, about=about)
    row.text_sealed = _seal(row, text.encode())
    row.save()


def read(case: Case) -> list[Letter]:
    """The messages of a case, oldest first; row-level security decides which."""
    return [
        Letter(row.at, row.by_desk, row.about, text_of(row)) for row in case.messages.order_by("at")
    ]


def text_of(row: CaseMessage) -> str:
    """The words of a message, or a sentence in their place once the patient's key is destroyed."""
    try:
        return _unseal(row).decode()
    except keys.Unopenable:
        return GONE


def take_off_record(row: CaseMessage) -> None:
    """Seal a message under the portal's key, so that it outlives the record of who keeps her account.

    One that nothing opens any more is deleted.
    """
    try:
        text = _unseal(row)
    except keys.Unopenable:
        row.delete()
        return
    row.patient_id = None
    row.text_sealed = _seal(row, text)
    row.save(update_fields=["patient_id", "text_sealed"])


def _unseal(row: CaseMessage) -> bytes:
    sealed, place = bytes(row.text_sealed), _place(row)
    if row.patient_id is None:
        return keys.unseal_portal(place, sealed)
    return keys.unseal(row.patient_id, Purpose.BODY, place, sealed)


def _seal(row: CaseMessage, text: bytes) -> bytes:
    # Who keeps no record here has no key of her own.
    if row.patient_id is None:
        return keys.seal_portal(_place(row), text)
    return keys.seal(row.patient_id, Purpose.BODY, _place(row), text)


def _place(row: CaseMessage) -> str:
    return f"rights_casemessage/{row.pk}/text"
