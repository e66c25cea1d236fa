"""Who has looked: the audit trail in words for its patient, and the receipt of a permission."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts import audit
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Door
from accounts.models import AuditEvent
from phr.services.records import titles, titles_of
from sharing import policy
from sharing.policy import Action
from sharing.services import bases, listing
from sharing.services.bases import Under
from sharing.services.listing import MOST_OPENED, Opened

MOST_TITLES = 50
MOST_NAMED = 20_000
EVENTS_AT_ONCE = 100
OPEN_LINK = "open-link"
WORDS = {
    "accept": "accepted your invitation",
    "act-for": "began to act for you",
    "ask-refuse": "said no to somebody who asked for access",
    "answer-correction": "answered somebody who asked for a correction",
    "ask-correction": "asked you to correct an item",
    "archive": "made a file with all your data, as you asked",
    "archive-part": "made a file with a part of your data, as you asked",
    "arm": "made an emergency card",
    "attest": "answered what became of copies",
    "begin": "started this record",
    "born": "changed your date of birth",
    "break-glass": "opened your record in an emergency",
    "cancel": "took an uploaded file back, and it was destroyed",
    "case-acknowledge": "confirmed that a request is in hands",
    "case-ask": "asked a question about a request",
    "case-close": "closed a request",
    "case-confirm": "answered a request",
    "case-extend": "took more time for a request",
    "case-grant": "granted a request",
    "case-lift": "ended a restriction that was asked for",
    "case-open": "sent a request to the rights desk",
    "case-propose": "worked on a request",
    "case-read": "read a request and its messages",
    "case-resume": "went on with a request",
    "case-send-back": "worked on a request",
    "case-take-in": "wrote down a request that came by mail",
    "case-withdraw": "took a request back",
    "case-write": "wrote about a request",
    "classify": "changed how sensitive an item is",
    "confirm": "said yes to adding what is in a file",
    "confirm-person": "said that a file with another name or date of birth is about you",
    "copy": "downloaded a copy",
    "correct": "corrected an item",
    "delete": "deleted an item",
    "deliver": "sent a file in",
    "deliver-unasked": "sent a file in that you had not asked for",
    "unasked-keep": "chose that files which nobody asked for are kept apart",
    "unasked-refuse": "chose that files which nobody asked for are refused",
    "disarm": "switched the emergency card off",
    "discard": "destroyed a file with your data",
    "emergency-misuse": "found that an emergency access was none, and ended it",
    "emergency-proper": "found that an emergency access was one",
    "emergency-read": "read why your record was opened in an emergency",
    "enter": "added an item by hand",
    "erase": "asked for an item to be erased",
    "expire": "cleared a file away that waited too long for an answer",
    "export": "asked for a file with all the data",
    "export-part": "asked for a file with a part of the data",
    "favour": "changed what is among your favourites",
    "give-back": "let an item be shared again",
    "claim": "took this record over, with an account of her own",
    "hand-over": "began to hand this record over",
    "hand-over-end": "stopped handing this record over",
    "hold": "confirmed that an item is kept for a legal reason",
    "hold-ask": "asked that an item be kept for a legal reason",
    "hold-decline": "decided not to keep an item for a legal reason",
    "hold-destroy": "destroyed the copy of an item that had been kept for a legal reason",
    "hold-lost": "could not set aside a whole item that is kept for a legal reason",
    "hold-open": "handed over an item that is kept for a legal reason",
    "hold-opening": "allowed that an item kept for a legal reason be handed over",
    "hold-opening-ask": "asked that an item kept for a legal reason be handed over",
    "hold-release": "ended the keeping of an item for a legal reason",
    "hold-release-ask": "asked to end the keeping of an item for a legal reason",
    "hold-release-decline": "decided to go on keeping an item for a legal reason",
    "hold-review": "looked again at the legal reason for keeping an item",
    "import": "added items from a file",
    "keep-back": "kept an item from everybody",
    "keep-sharing": "kept what was shared before this record was handed over",
    "keep-mine": "kept what she wrote, although a file says something else",
    "lift": "ended the restriction of this record",
    "note": "wrote a note beside what you share",
    "pause": "paused somebody's access",
    "print": "printed the record",
    "purge": "destroyed a deleted item for good",
    "read": "looked",
    "refuse": "could not read a file, so nothing was added",
    "renew": "brought the search of this record up to date",
    "reshare": "passed on what you share",
    "restrict": "restricted this record, so that nobody uses it",
    "rehome": "set an item aside that is kept for a legal reason",
    OPEN_LINK: "opened a link",
    "resume": "let somebody's paused access go on",
    "revoke": "ended somebody's access",
    "revoke-all": "ended all sharing at once",
    "share": "shared the record",
    "tag": "changed the tags of an item",
    "take-theirs": "took over what a file says, in place of what she wrote",
    "turn-away": "refused a file that somebody sent in, and it was destroyed",
    "undo-import": "took back everything that came with a file alone",
    "upload": "uploaded a file",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: `what` in words, under which permission (`under`), with which items.

    `titles` are those of the items that still exist.
    """

    id: UUID
    at: datetime
    who: str
    role: str
    what: str
    denied: bool
    count: int
    items: list[tuple[UUID, str]]
    under: Under | None = None

    @property
    def titles(self) -> list[str]:
        return [title for _, title in self.items]


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page of the log; `after` leads to the next."""

    lines: list[Line]
    people: list[tuple[UUID, str]]
    after: UUID | None


def log(
    actor: Actor,
    *,
    who: UUID | None = None,
    denied: bool = False,
    others: bool = False,
    after: UUID | None = None,
) -> LogPage:
    """A page of what happened to the actor's own record, newest first.

    `who` keeps one person's acts, `denied` what was refused, `others` what she did not do herself.
    """
    with acting_as(actor):
        about = policy.require_kept(actor).pk
        rows = _rows(actor, about, who, denied=denied, others=others, after=after)
        events = list(rows[: settings.PHR_PAGE_SIZE + 1])
        page = events[: settings.PHR_PAGE_SIZE]
        more = page[-1].pk if len(events) > len(page) else None
        return LogPage(_lines(actor, about, page), _lookers(actor, about), more)


def all_lines(
    actor: Actor,
    *,
    who: UUID | None = None,
    denied: bool = False,
    others: bool = False,
    after: UUID | None = None,
) -> Iterator[Line]:
    """Every line, a page at a time, so that memory stays flat."""
    while True:
        page = log(actor, who=who, denied=denied, others=others, after=after)
        yield from page.lines
        if page.after is None:
            return
        after = page.after


def _rows(
    actor: Actor,
    patient_id: UUID,
    who: UUID | None,
    *,
    denied: bool,
    others: bool,
    after: UUID | None,
) -> QuerySet[AuditEvent]:
    rows = audit.about(patient_id)
    if who:
        rows = rows.filter(actor_id=who)
    if denied:
        rows = rows.filter(outcome=audit.DENIED)
    if others:
        rows = rows.exclude(actor_id=actor.user_id)
    return before(rows, rows.filter(pk=after).first() if after else None)


def before(rows: QuerySet[AuditEvent], last: AuditEvent | None) -> QuerySet[AuditEvent]:
    """Of rows from the newest to the oldest those that follow `last`; all when there is none."""
    if last is None:
        return rows
    return rows.filter(at__lte=last.at).filter(Q(at__lt=last.at) | Q(at=last.at, id__lt=last.pk))


def _lines(actor: Actor, patient_id: UUID, events: list[AuditEvent]) -> list[Line]:
    people = accounts.people({event.actor_id for event in events if event.actor_id})
    wanted = [one for event in events for one in event.records[:MOST_TITLES]]
    named = titles_of(actor, patient_id, wanted)
    under = bases.said(actor, events)
    lines = [_line(actor.user_id, event, people, named) for event in events]
    return [replace(line, under=under.get(line.id)) for line in lines]


def history(
    actor: Actor, patient_id: UUID, *, titled: bool = True
) -> Iterator[tuple[Line, AuditEvent]]:
    """Every line of a patient's log, newest first, for who makes her archive; memory stays flat.

    `titled` says whether the items are wanted by name.
    """
    named: dict[UUID, str] = {}
    last: AuditEvent | None = None
    while True:
        with acting_as(actor, about=patient_id):
            owner = policy.require_patient(actor, Action.COPY, patient_id).user_id
            events = list(before(audit.about(patient_id), last)[:EVENTS_AT_ONCE])
            people = accounts.people({event.actor_id for event in events if event.actor_id})
            if titled:
                _name(actor, patient_id, events, named)
        for event in events:
            yield _line(owner, event, people, named), event
        if len(events) < EVENTS_AT_ONCE:
            return
        last = events[-1]


def _name(actor: Actor, patient_id: UUID, events: list[AuditEvent], named: dict[UUID, str]) -> None:
    """Add the titles of these events to those known; what was deleted has none."""
    if len(named) > MOST_NAMED:
        named.clear()
    wanted = {one for event in events for one in event.records[:MOST_TITLES]} - named.keys()
    named |= dict.fromkeys(wanted, "") | titles_of(actor, patient_id, list(wanted))


def _line(
    owner: UUID | None,
    event: AuditEvent,
    people: dict[UUID, accounts.Person],
    named: dict[UUID, str],
) -> Line:
    denied = event.outcome == audit.DENIED
    person = people.get(event.actor_id) if event.actor_id else None
    what = "tried to open your record and was refused" if denied else WORDS.get(event.action, "")
    return Line(
        event.pk,
        event.at,
        _who(owner, event, person),
        _role(event, person),
        what or event.action,
        denied,
        len(event.records),
        [(one, named[one]) for one in event.records[:MOST_TITLES] if named.get(one)],
    )


def _role(event: AuditEvent, person: accounts.Person | None) -> str:
    if event.basis == "proxy":
        return "acts for you"
    return person.title if person and event.door != Door.STAFF else ""


def _who(owner: UUID | None, event: AuditEvent, person: accounts.Person | None) -> str:
    if event.actor_id == owner:
        return "You"
    if event.door == Door.SYSTEM:
        return "This portal"
    if event.door == Door.STAFF:
        return "Our staff"
    if event.door == Door.LINK:
        given = str(audit.detail(event).get("recipient", "")) if event.action == OPEN_LINK else ""
        return f"{given} (the name given)" if given else "Somebody with a link"
    return person.name if person else "Somebody not signed in"


def _lookers(actor: Actor, patient_id: UUID) -> list[tuple[UUID, str]]:
    """Everybody who ever appears in the log, to filter by."""
    rows = AuditEvent.objects.filter(patient_id=patient_id, actor_id__isnull=False)
    rows = rows.exclude(door=Door.STAFF)
    ids = set(rows.order_by().values_list("actor_id", flat=True).distinct())
    people = accounts.people({one for one in ids if one and one != actor.user_id})
    return sorted(((one, person.name) for one, person in people.items()), key=lambda pair: pair[1])


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """A part of a receipt with the names of the items; `number` counts the parts from 1."""

    receipt: listing.Receipt
    seen: list[tuple[UUID, str, datetime]]
    copied: list[tuple[UUID, str, datetime]]
    number: int
    parts: int

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number < self.parts else None


def receipt(
    actor: Actor, grant_id: UUID, *, number: int = 1, most: int = MOST_OPENED
) -> ReceiptPage:
    """What somebody saw and copied under one of the actor's permissions (C53), `most` at a time."""
    with acting_as(actor):
        found = listing.receipt(actor, grant_id, most=most, besides=(number - 1) * most)
        named = titles(actor, [*found.seen.times, *found.copied.times])
        parts = -(-max(found.seen.count, found.copied.count, 1) // most)
        return ReceiptPage(
            found, _named(found.seen, named), _named(found.copied, named), number, parts
        )


def _named(opened: Opened, named: dict[UUID, str]) -> list[tuple[UUID, str, datetime]]:
    gone = "An item that has been deleted since"
    return [(one, named.get(one, gone), at) for one, at in opened.times.items()]
