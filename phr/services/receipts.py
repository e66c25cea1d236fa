"""The receipt of a permission, whole: what it covered, who used it, what came of the copies (C53)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr import agreements
from phr.display.dates import date
from phr.paper import font_folders, whose
from phr.printing import document
from phr.printing.document import Item, Section, Text, rtl
from phr.printing.pdf import make_pdf
from phr.services import foresight, looks
from phr.services.foresight import Theirs
from phr.services.items import Item as Line
from sharing import policy
from sharing.models import Path
from sharing.opening import recipient_of
from sharing.services import attestations, endings, listing, reaching, receipts, statuses
from sharing.services.attestations import Asked
from sharing.services.endings import Cause, Ended
from sharing.services.listing import Held
from sharing.services.receipts import Used
from sharing.services.statuses import Status

MOST_ON_PAPER, MOST_LISTED = 1000, 300
SHARED = (Path.PERSON, Path.PROXY, Path.FACILITY, Path.EMERGENCY)
STATES = {
    "active": "They can look now.",
    "paused": "Paused: they see nothing until you go on.",
    "later": "Not begun yet.",
    "waiting": "Not accepted yet: they see nothing.",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """A receipt as page and paper show it. `asked` is the question about copies, if there was one.

    `nobody` tells why nobody can look by it now, though it goes on.
    """

    page: looks.ReceiptPage
    used: Used
    asked: Asked | None
    status: Status | None
    privacy: str
    ended: Ended | None
    nobody: str = ""

    @property
    def held(self) -> Held:
        return self.page.receipt.held

    @property
    def how(self) -> str:
        """How it ended, by whom or by what; "" while it goes on."""
        return self.said(endings.TO_PATIENT, _at, "Somebody who acts for you")

    def said(self, words: Mapping[Cause, str], when: Callable[[datetime], str], acts: str) -> str:
        """The same in these words; `acts` is who ended it where her name is gone."""
        at = self.ended.at if self.ended else None
        at = at or self.held.grant.revoked_at
        name = self.used.facility.name if self.used.facility else ""
        if self.ended is None or at is None:
            return ""
        return self.ended.sentence(words, when(at), facility=name, acts=acts)

    @property
    def may_be_asked(self) -> bool:
        """Whether a letter that asks to destroy copies makes sense."""
        return bool(self.page.receipt.copied.count) or self.asked is not None


def whole(
    actor: Actor, grant_id: UUID, *, number: int = 1, most: int = listing.MOST_OPENED
) -> Whole:
    """The receipt of one of the actor's own permissions, or `Denied`: a part of its items."""
    page = looks.receipt(actor, grant_id, number=number, most=most)
    held = page.receipt.held
    shared = held.grant.path in SHARED
    return Whole(
        page,
        receipts.used(actor, grant_id),
        attestations.of_grant(actor, grant_id),
        statuses.status(actor, grant_id) if shared else None,
        agreements.privacy_version(),
        endings.of_own(actor, grant_id),
        reaching.why_nobody(actor, grant_id) if held.state == "active" else "",
    )


def letter(actor: Actor, grant_id: UUID) -> str:
    """The letter that asks whoever held one of the actor's permissions to destroy copies."""
    found = whole(actor, grant_id)
    with acting_as(actor):
        name, _ = whose(policy.require_own(actor))
    context = {
        "found": found,
        "held": found.held,
        "how": found.said(endings.IN_LETTER, _day, "Somebody who acts for me"),
        "to": _addressee(found.held),
        "here": attestations.can_be_answered(actor, grant_id),
        "name": name,
        "today": timezone.now(),
    }
    return render_to_string("phr/destroy_letter.txt", context).strip()


def _addressee(held: Held) -> str:
    if held.grant.path == Path.LINK:
        return recipient_of(held.grant.link)
    return ", ".join(part for part in (held.person.name, held.person.title) if part)


def letter_pdf(actor: Actor, grant_id: UUID) -> bytes:
    """The same on paper; audited. Raises CannotPrint."""
    said = [one.replace("\n", " ") for one in letter(actor, grant_id).split("\n\n")]
    return _printed(actor, [], title="Letter about copies", said=said)


def receipt_pdf(actor: Actor, grant_id: UUID) -> bytes:
    """The receipt on paper, with the first `MOST_ON_PAPER` items; audited. Raises CannotPrint.

    Of what could be seen, `MOST_LISTED` items at most stand on it; of more, how many of each kind.
    """
    found = whole(actor, grant_id, most=MOST_ON_PAPER)
    theirs = foresight.as_they_see(actor, grant_id, most=MOST_LISTED)
    sections = list(_sections(found, theirs))
    return _printed(actor, sections, title="Sharing receipt", said=_head(found))


def _printed(actor: Actor, sections: list[Section], *, title: str, said: list[str]) -> bytes:
    with acting_as(actor):
        patient = policy.require_own(actor)
        name, born_on = whose(patient)
    paper = document.paper(name, born_on, timezone.now(), sections, title=title, said=said)
    made = make_pdf(paper, folders=font_folders())
    with acting_as(actor):
        note("print", patient_id=patient.pk, basis=policy.OWNER.text)
    return made


def _state(found: Whole) -> str:
    if found.nobody:
        return f"Nobody can look by this now, because {found.nobody}."
    return STATES.get(found.held.state, "They can see nothing with it any more.")


def _head(found: Whole) -> list[str]:
    held, facility = found.held, found.used.facility
    lines = [
        f"Shared with: {held.person.name}{f', {held.person.title}' if held.person.title else ''}"
    ]
    lines.append(f"Shared on {_at(held.grant.created_at)}.")
    if held.grant.accepted_at:
        lines.append(f"Accepted on {_at(held.grant.accepted_at)}.")
    if found.how:
        lines.append(found.how)
    lines.append(_state(found))
    if facility:
        lines.append(
            f"Privacy policy of {facility.name}: version {facility.policy_version},"
            f" {facility.policy_url}"
        )
    lines.append(f"Privacy policy of this portal: version {found.privacy}.")
    if found.status:
        lines.append(
            "Programs that took a copy learn whether this permission has ended from entry"
            f" {found.status.index} of {found.status.uri}. The list names nobody."
        )
    return lines


def _sections(found: Whole, theirs: Theirs) -> Iterable[Section]:
    agreed = found.page.receipt.agreement
    yield _said("What you agreed to", agreed.splitlines() if agreed else ["Not kept."])
    yield _findable(theirs)
    yield _said("Who used it", [_use(one) for one in found.used.people] or ["Nobody."])
    receipt = found.page.receipt
    yield _items("What they saw", found.page.seen, receipt.seen.count)
    yield _items("What they copied", found.page.copied, receipt.copied.count)
    if found.asked:
        yield _said("What became of the copies", list(_answer(found.asked)))


def _said(heading: str, lines: list[str]) -> Section:
    return Section(heading, begins=True, items=[], said=[line for line in lines if line.strip()])


def _items(heading: str, rows: list[tuple[UUID, str, datetime]], count: int) -> Section:
    none, more = Text("", rtl=False), count - len(rows)
    items = [
        Item(Text(title, rtl(title)), f"First on {_at(at)}", [], none) for _, title, at in rows
    ]
    said = [f"These are the first {len(rows)} of {count}; the page of this receipt has all."]
    if not more:
        said = [] if items else ["Nothing."]
    return Section(heading, begins=True, items=items, said=said)


def _findable(theirs: Theirs) -> Section:
    """What they could see; of one that has not ended, what it covers now."""
    heading = "What they could see" if theirs.over else "What it covers now"
    none = Text("", rtl=False)
    items = [
        Item(Text(one.title, rtl(one.title)), ". ".join(_about(one, theirs)), [], none)
        for one in (theirs.items if not theirs.after else ())
    ]
    return Section(heading, begins=True, items=items, said=list(_beside(theirs)))


def _about(one: Line, theirs: Theirs) -> Iterable[str]:
    yield one.category.label
    yield one.when or "No date"
    if one.id in theirs.doubtful:
        yield "We cannot tell"


def _beside(theirs: Theirs) -> Iterable[str]:
    if not theirs.count:
        yield "Nothing."
    if theirs.after:
        kinds = "; ".join(f"{kind.label}: {many}" for kind, many in theirs.kinds.items())
        yield f"{theirs.count} items, too many to name here. {kinds}. The portal lists all of them."
    if theirs.unsure:
        yield f"Of {theirs.unsure} of these {theirs.count} we cannot tell."
    yield from theirs.worked_out


def _use(one: receipts.Looked) -> str:
    who = one.who or "Whoever had the link"
    title = f" ({one.title})" if one.title else ""
    return (
        f"{who}{title}: looked {one.looks} times, copied {one.copies} times,"
        f" last on {_at(one.last_at)}."
    )


def _answer(asked: Asked) -> Iterable[str]:
    row = asked.row
    yield f"Asked on {_at(row.asked_at)} to destroy all copies by {_day(row.due_at)}."
    if row.answered_at:
        reason = f": {row.get_reason_display()}" if row.reason else ""
        yield f"{asked.who} answered on {_at(row.answered_at)}: {row.get_answer_display()}{reason}."
        yield asked.words
    else:
        yield "No answer yet." if asked.state == "waiting" else "No answer came in time."


def _day(at: datetime) -> str:
    return date(at.date().isoformat())


def _at(at: datetime) -> str:
    return f"{_day(at)}, {at:%H:%M} UTC"
