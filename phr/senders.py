"""Who sent in what came into a record, in words for its patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts import keys
from accounts import services as accounts
from phr.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a file in: a person, the facility whose permission it was, or a name that was told."""

    delivery: Delivery
    person: accounts.Person | None = None
    facility: str = ""
    named: str = ""

    @property
    def words(self) -> str:
        """In a few words, for a page and for the provenance of what came.

        A name that nobody proved says so itself: it is told apart from a sender who signed in.
        """
        if self.person is None:
            return f"somebody who called themselves “{self.named}”, by your drop-box"
        return f"{self.person.name}, {self.facility}" if self.facility else self.person.name


def senders(delivery_ids: Iterable[UUID]) -> dict[UUID, Sender]:
    """Who sent which of these files. Within an act of their patient or about her."""
    rows = list(Delivery.objects.select_related("organization").filter(pk__in=list(delivery_ids)))
    people = accounts.people({row.sender_id for row in rows if row.sender_id})
    return {row.pk: _sender(row, people) for row in rows}


def _sender(row: Delivery, people: dict[UUID, accounts.Person]) -> Sender:
    return Sender(
        row,
        people.get(row.sender_id) if row.sender_id else None,
        row.organization.name if row.organization else "",
        open_text(row, "named", row.named_sealed),
    )


def seal_text(row: Delivery, field: str, text: str) -> bytes:
    """What belongs to a delivery, sealed to its place."""
    plain = text.encode(errors="replace")
    return keys.seal(row.patient_id, keys.Purpose.BODY, _place(row, field), plain)


def open_text(row: Delivery, field: str, sealed: bytes | memoryview | None) -> str:
    """What `seal_text` sealed, "" for nothing. Within an act of its patient or about her."""
    if sealed is None:
        return ""
    place = _place(row, field)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, place, bytes(sealed)).decode()


def _place(row: Delivery, field: str) -> str:
    return f"phr_delivery/{row.pk}/{field}"
