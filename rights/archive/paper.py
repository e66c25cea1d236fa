"""The record on paper: the newest items of each kind, as a doctor would be handed them.

Setting type takes a hundred times as long as writing a page, so not every item is set: each kind
says how many more there are and where they stand. `/records/print/` sets them all, in parts.
"""

from uuid import UUID

from django.conf import settings

from accounts.acting import acting_as
from accounts.models import Patient
from phr.models import Record
from phr.paper import Files, font_folders, whose
from phr.printing import document
from phr.printing.document import Item, Section
from phr.printing.pdf import CannotPrint, make_pdf
from phr.sources import by_hand
from rights.archive.ending import part
from rights.archive.overview import page_path
from rights.archive.room import Listed, Room
from sharing.categories import Category
from sharing.tokens import labels_of

PATH = "record.pdf"


def paper(room: Room) -> None:
    """`record.pdf`: set from what the pages have just said. One that cannot be set is `damaged`.

    There is none without items, nor where the operator wants none.
    """
    if not (settings.PHR_EXPORT_PDF and room.listed):
        return
    sections, sources = _sections(room)
    with acting_as(room.actor, about=room.patient_id):
        name, born_on = whose(Patient.objects.select_related("user").get(pk=room.patient_id))
    data = document.paper(name, born_on, room.made_at, sections, said=_said(room), sources=sources)
    try:
        made = make_pdf(data, folders=font_folders())
    except CannotPrint:
        room.damaged.append(PATH)
        return
    with room.pack.file(PATH, size=len(made)) as out:
        out.write(made)


def _said(room: Room) -> list[str]:
    chosen = part(room)
    first = [f"A part of the record, not everything. {'. '.join(chosen)}."] if chosen else []
    return [
        *first,
        "The newest items of each kind. Where there are more, it says so.",
        "Sensitive items say so. Keep this print where only people you trust can read it.",
        "Pictures, earlier versions and the files that were uploaded are not in it.",
    ]


def _sections(room: Room) -> tuple[list[Section], list[str]]:
    """The items, and the files that they come from."""
    files = Files()
    with acting_as(room.actor, about=room.patient_id):
        sections = [_section(room, one, found, files) for one, found in room.listed.items()]
        return sections, files.said()


def _section(room: Room, category: Category, found: Listed, files: Files) -> Section:
    ids = [kept.id for kept, _, _ in found.newest]
    numbers, written, labels = files.of(ids), by_hand(ids), _labels(room, ids)
    items: list[Item] = [
        document.item(
            shown,
            day,
            added=kept.effective_at,
            labels=labels_of(room.patient_id, labels.get(kept.id, [])),
            files=numbers.get(kept.id, []),
            by_hand=written.get(kept.id, ""),
        )
        for kept, shown, day in found.newest
    ]
    more = found.total - len(items)
    said = [f"{more:,} more of this kind are in {page_path(category, 1)}."] if more > 0 else []
    return Section(category.label, begins=True, items=items, said=said)


def _labels(room: Room, ids: list[UUID]) -> dict[UUID, list[int]]:
    rows = Record.objects.filter(patient_id=room.patient_id, pk__in=ids)
    return dict(rows.values_list("id", "labels"))
