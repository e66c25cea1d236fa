"""How a permission ended, by whom or by what, and what was copied under it: for both sides the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.services.statuses import Status


class Cause(StrEnum):
    """By what a permission ended, as the trail has it."""

    ABOVE = "above"
    CHANGED = "changed"
    CLAIMED = "claimed"
    CLOSED = "facility"
    ERASED = "erased"
    GUESSED = "link"
    LEFT = "left"
    MISUSE = "misuse"
    PATIENT = "owner"
    PROXY = "proxy"
    RESTORED = "ledger"
    TIME = "time"
    UNACCEPTED = "unaccepted"
    UNKNOWN = "unknown"


_KNOWN = frozenset(one.value for one in Cause)


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of one permission's end and copies; `cause` is None while it goes on.

    `who` ended it is told to its patient alone. `items` are how many different ones were copied, 0
    where the trail names none, on which `days`.
    """

    cause: Cause | None
    at: datetime | None
    who: str
    items: int
    days: tuple[date, ...]
    serial: int

    @property
    def status(self) -> Status:
        """Where programs read whether it ended."""
        return Status.of(self.serial)

    @property
    def listed(self) -> bool:
        """Whether the signed list says that it has ended."""
        return self.cause not in {None, Cause.UNACCEPTED}

    def sentence(
        self, words: Mapping[Cause, str], on: str, *, facility: str = "", acts: str = ""
    ) -> str:
        """How it ended, `on` being when; "" while it goes on.

        `acts` stands for who ended it where her name is gone.
        """
        if self.cause is None:
            return ""
        told = words.get(self.cause, "It ended on {on}.")
        return told.format(on=on, facility=facility or "the facility", who=self.who or acts)


def of_own(actor: Actor, grant_id: UUID) -> Ended | None:
    """Of one of the actor's own permissions; of one that she changed: that."""
    return _found(actor, [grant_id], own=True).get(grant_id)


def of_asked(actor: Actor, grant_ids: Iterable[UUID]) -> dict[UUID, Ended]:
    """Of those whose copies the actor is asked about: how the last form of each ended."""
    return _found(actor, list(grant_ids), own=False)


def _found(actor: Actor, grant_ids: list[UUID], *, own: bool) -> dict[UUID, Ended]:
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(
            "SELECT grant_id, serial, changed, cause, ended_at, who, items, days"
            " FROM phr_ended(%s)",
            [grant_ids],
        )
        rows = cursor.fetchall()
        people = accounts.people({row[5] for row in rows if row[5]})
    return {
        pk: Ended(
            Cause.CHANGED if changed and own else _cause(cause),
            None if changed and own else at,
            people[who].name if who in people else "",
            items,
            tuple(days or ()),
            serial,
        )
        for pk, serial, changed, cause, at, who, items, days in rows
    }


def _cause(said: str) -> Cause | None:
    if not said:
        return None
    return Cause(said) if said in _KNOWN else Cause.UNKNOWN


TO_PATIENT = {
    Cause.ABOVE: "It ended on {on}, with the permission that it was passed on from.",
    Cause.CHANGED: "It was changed on {on}. Another permission stands in its place.",
    Cause.CLAIMED: "It ended on {on}, when you took this record over.",
    Cause.CLOSED: "It ended on {on}, because {facility} closed its account here.",
    Cause.ERASED: "It ended on {on}, when the deletion of this record was asked for.",
    Cause.GUESSED: "This portal ended it on {on}: a wrong passcode had been typed five times.",
    Cause.LEFT: "It ended on {on}, because whoever had it closed the account here.",
    Cause.MISUSE: "Our staff ended it on {on}: they found that it was no emergency.",
    Cause.PATIENT: "You took it back on {on}.",
    Cause.PROXY: "{who} took it back for you on {on}.",
    Cause.RESTORED: "It had ended before. This portal ended it again on {on}, after a backup came back.",
    Cause.TIME: "It ended by itself on {on}.",
    Cause.UNACCEPTED: "Nobody accepted it. The invitation ended on {on}.",
    Cause.UNKNOWN: "It ended on {on}.",
}
IN_LETTER = TO_PATIENT | {
    Cause.CLAIMED: "It ended on {on}, when I took this record over.",
    Cause.CLOSED: "It ended on {on}, because {facility} closed its account on this portal.",
    Cause.ERASED: "It ended on {on}, when I asked for my record to be deleted.",
    Cause.GUESSED: "The portal ended it on {on}: a wrong passcode had been typed five times.",
    Cause.LEFT: "It ended on {on}, because you closed your account on this portal.",
    Cause.MISUSE: "The staff of the portal ended it on {on}: they found that it was no emergency.",
    Cause.PATIENT: "I took it back on {on}.",
    Cause.PROXY: "{who} took it back for me on {on}.",
    Cause.RESTORED: "It has ended, on {on} at the latest.",
}
# Who acts for a patient is nobody else's to know.
TO_HOLDER = {
    Cause.ABOVE: "It ended on {on}, with the permission that it was passed on from.",
    Cause.CLAIMED: "It ended on {on}, when the patient took the record over.",
    Cause.CLOSED: "It ended on {on}, because the facility closed its account here.",
    Cause.PATIENT: "The patient took it back on {on}.",
    Cause.PROXY: "It was taken back for the patient on {on}.",
    Cause.TIME: "It ended by itself on {on}.",
}
