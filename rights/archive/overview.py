"""The readable part: pages that open offline in any browser, need no script and ask no other host.

What a file or a person wrote goes through `format_html` or a template, which escape it.
"""

from collections.abc import Iterator
from html import escape
from math import ceil
from urllib.parse import quote
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import Count
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.models import Patient
from phr.display import describe
from phr.display.dates import date, known
from phr.formats.effective import as_written
from phr.models import Record, RecordFile
from phr.services.links import Linked, linked, medicine_of
from rights.archive.choice import shareable
from rights.archive.ending import part
from rights.archive.reading import PAGE, opened, pages, visible
from rights.archive.room import Kept, Listed, Room
from sharing import policy
from sharing.categories import Category
from sharing.models import Grant
from sharing.policy import Action
from sharing.scopes import scope_of
from sharing.services import listing

MARK = "the items go here"
# Of each category, in `rights.archive.paper`.
MOST_ON_PAPER = 20


def page_path(category: Category, number: int) -> str:
    """Where the page of this number of a category is."""
    return f"pages/{category.value}{f'-{number}' if number > 1 else ''}.html"


def categories(room: Room) -> None:
    """`pages/<category>.html`: each kind of item on pages of its own, newest first."""
    for category, count in _counts(room).items():
        last = ceil(count / PAGE)
        room.listed[category] = Listed(count)
        for number, page in enumerate(pages(room, category=category.value), start=1):
            with room.pack.file(page_path(category, number)) as out:
                before, after = _around(category.label)
                out.write(before)
                out.write(b"<ul class=items>\n")
                for item in _items(room, page):
                    out.write(item.encode())
                out.write(b"</ul>\n" + _turning(category, number, last).encode() + after)


def _counts(room: Room) -> dict[Category, int]:
    with acting_as(room.actor, about=room.patient_id):
        rows = visible(room).order_by().values_list("category").annotate(Count("id"))
        found = dict(rows)
    return {one: found[one.value] for one in Category if one.value in found}


def _around(title: str) -> tuple[bytes, bytes]:
    """What stands before and after the items of a page."""
    page = render_to_string("rights/archive/base.html", {"title": title, "body": MARK})
    before, _, after = page.partition(MARK)
    return before.encode(), after.encode()


def _turning(category: Category, number: int, last: int) -> SafeString:
    links = [("Newer", number - 1)] * (number > 1) + [("Older", number + 1)] * (number < last)
    said = (
        (page_path(category, there).removeprefix("pages/"), word, there) for word, there in links
    )
    return format_html(
        '<nav aria-label="Pages">{}</nav>\n',
        format_html_join(" ", '<a href="{}">{} items (page {})</a>', said),
    )


def _items(room: Room, page: list[Kept]) -> Iterator[str]:
    bodies = {kept.id: (kept, body) for kept, body in opened(room, page)}
    with acting_as(room.actor, about=room.patient_id):
        why = policy.grounds(room.actor, Action.READ, room.patient_id)
        wanted = {
            pk: medicine_of(orjson.loads(body))
            for pk, (_, body) in bodies.items()
            if _may_name_a_medicine(body)
        }
        named = shareable(Record.objects.all(), room.choice)
        medicines, _ = linked(room.actor, room.patient_id, wanted, why, most=PAGE, among=named)
        rows = RecordFile.objects.filter(record_id__in=bodies, aside=None)
        links = rows.values_list("record_id", "binary_id")
        files: dict[UUID, list[str]] = {}
        for record_id, binary_id in links:
            if binary_id in room.paths:
                files.setdefault(record_id, []).append(room.paths[binary_id])
    # Read one at a time: many at once cost the memory, and the time of looking for circles in it.
    for kept, body in bodies.values():
        named_in, own = medicines.get(kept.id, {}), sorted(files.get(kept.id, []))
        yield _item(room, kept, orjson.loads(body), named_in, own)


def _may_name_a_medicine(body: bytes) -> bool:
    """JSON may write a letter of a name as an escape (RFC 8259 section 7)."""
    return b'"medicationReference"' in body or b"\\u" in body


def _item(
    room: Room, kept: Kept, resource: dict[str, object], names: Linked, files: list[str]
) -> str:
    # By hand, each value escaped: templates and `format_html` would take most of all the time.
    shown = describe(resource, names)
    day = known(as_written(resource), kept.effective_at) if kept.dated else ""
    listed = room.listed[Category(kept.category)].newest
    if len(listed) < MOST_ON_PAPER:
        listed.append((kept, shown, day))
    when = date(day) or "No date"
    facts = "".join(
        f"<dt dir=auto>{escape(name)}</dt><dd dir=auto>{escape(text)}</dd>"
        for name, text in shown.whole
    )
    note = f"<p class=note dir=auto>{escape(shown.note)}</p>" if shown.note else ""
    links = "".join(
        f'<p><a href="../{escape(quote(path))}">{escape(path)}</a></p>' for path in files
    )
    return (
        f'<li class=item id="{kept.id}"><h2 dir=auto>{escape(shown.title)}</h2>'
        f"<p class=when>{when}</p><dl>{facts}</dl>{note}{links}</li>\n"
    )


def files(room: Room) -> None:
    """`pages/files.html`: every uploaded file and picture, with its size."""
    kept = set(room.paths.values())
    listed = [file for file in room.pack.files if file.path in kept]
    _page(room, "pages/files.html", "Files that you uploaded, and pictures", {"files": listed})


def permissions(room: Room) -> None:
    """`pages/sharing.html`: whom she shares with, now and before."""
    with acting_as(room.actor, about=room.patient_id):
        rows = list(Grant.objects.filter(patient_id=room.patient_id).order_by("-created_at", "id"))
        people = accounts.people({row.grantee_id for row in rows if row.grantee_id})
        held = [
            listing.Held(
                row,
                scope_of(row),
                _shown(row, people),
            )
            for row in rows
        ]
    _page(room, "pages/sharing.html", "Who you share with", {"permissions": held})


def _shown(row: Grant, people: dict[UUID, accounts.Person]) -> accounts.Person:
    return listing.holder(row, people)


def index(room: Room) -> None:
    """`index.html`: where to begin."""
    with acting_as(room.actor, about=room.patient_id):
        name = accounts.name_of(Patient.objects.get(pk=room.patient_id))
    kinds = [(one.label, count, page_path(one, 1)) for one, count in _counts(room).items()]
    context = {"kinds": kinds, "damaged": len(room.damaged), "made_at": room.made_at}
    context |= {"chosen": part(room), "on_paper": settings.PHR_EXPORT_PDF and MOST_ON_PAPER}
    _page(room, "index.html", name, context)


def _page(room: Room, path: str, title: str, context: dict[str, object]) -> None:
    about = {"title": title, "portal_name": settings.PHR_PORTAL_NAME, **context}
    template = f"rights/archive/{path.rpartition('/')[2]}"
    room.pack.text(path, render_to_string(template, about))
