"""One's own International Patient Summary as a PDF, for somebody who reads paper."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr.paper import Files, font_folders, whose
from phr.printing import document
from phr.printing.document import Item, Section, Text, rtl
from phr.printing.pdf import make_pdf
from phr.services import summary
from phr.services.summary import Line, Summary
from phr.sources import by_hand
from sharing import policy

MOST = 100
TITLE = "International Patient Summary"
SAID = (
    "This is what is in the record at this portal. Other doctors and hospitals may know more.",
    "Items that are over, and earlier results, are not in it.",
    "What the patient wrote herself says so. The rest is as it came in a file.",
)


def summary_pdf(actor: Actor) -> bytes:
    """The summary on paper; audited. Raises `Denied` without a record, CannotPrint."""
    with acting_as(actor):
        patient = policy.require_kept(actor)
        name, born_on = whose(patient)
    found = summary.whole(actor, patient.pk, most=MOST)
    with acting_as(actor, about=patient.pk):
        sections, sources = _sections(found)
    paper = document.paper(
        name, born_on, timezone.now(), sections, title=TITLE, said=SAID, sources=sources
    )
    made = make_pdf(paper, folders=font_folders())
    with acting_as(actor):
        note("print", patient_id=patient.pk, basis=policy.OWNER.text)
    return made


def _sections(found: Summary) -> tuple[list[Section], list[str]]:
    """A summary as it is printed, with the files it comes from. Within an act about the patient."""
    files = Files()
    ids = [line.id for one in found.sections for line in one.lines]
    numbers, written = files.of(ids), by_hand(ids)
    sections = [
        Section(
            one.part.heading,
            begins=True,
            items=[_item(line, numbers, written) for line in one.lines],
            said=list(_left_out(one)),
        )
        for one in found.sections
    ]
    return sections, files.said()


def _item(line: Line, numbers: dict[UUID, list[int]], written: dict[UUID, str]) -> Item:
    about = document.origin(numbers.get(line.id, []), written.get(line.id, ""))
    lines = [Text(text, rtl(text), name) for name, text in line.facts]
    return Item(Text(line.title, rtl(line.title)), about, lines, Text("", rtl("")))


def _left_out(one: summary.Section) -> Iterable[str]:
    if not one.lines:
        yield "Nothing recorded that is still going on." if one.past else "Nothing recorded."
    if one.more:
        yield f"{one.more:,} more not listed here."
    if one.past and one.lines:
        yield f"{one.past:,} from the past not listed here."
    if one.cut:
        yield "Only the newest items of this kind were looked through."
