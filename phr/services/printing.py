"""Printing one's own record: as a page that flows, or as PDFs, each of a part."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from phr.bodies import open_body
from phr.display import describe, references
from phr.display.dates import known
from phr.formats.effective import as_written
from phr.models import Record
from phr.paper import Files, Whose, font_folders, whose
from phr.printing import document
from phr.printing.document import Chosen, Extent, Item, Section, Span
from phr.printing.pdf import make_pdf
from phr.services.items import note_reads
from phr.services.links import linked
from phr.sources import by_hand
from sharing import policy
from sharing.categories import Category
from sharing.policy import Action, Grounds
from sharing.tokens import label_tokens

BATCH = 100
MOST_LINKED = 4 * BATCH
EVERYTHING = Chosen()

Place = tuple[datetime, UUID]


class Print:
    """One print of one's own record. Each piece is asked for, and written down, when it is reached."""

    def __init__(
        self,
        actor: Actor,
        patient_id: UUID,
        whose: Whose,
        extent: Extent,
        chosen: Chosen,
    ) -> None:
        self.name, self.born_on = whose
        self.extent, self.chosen = extent, chosen
        self.at = timezone.now()
        self._actor, self._patient_id = actor, patient_id
        self._files = Files()

    @property
    def born(self) -> str:
        """When the person was born, in words."""
        return document.born(self.born_on)

    def sections(self, part: int | None = None) -> Iterator[Section]:
        """Everything, or one part, at most `BATCH` items at a time so that memory stays flat.

        Raises `Denied` as soon as the actor may not read on.
        """
        for span in self.extent.spans(part):
            place, skip, left, begins = None, span.skip, span.most, True
            while left > 0:
                items, place = self._batch(span, place, skip, min(left, BATCH))
                if not items:
                    break
                yield Section(span.category.label, begins, items)
                skip, left, begins = 0, left - len(items), False

    def sentences(self, part: int | None = None) -> list[str]:
        """What stands before the items."""
        return document.sentences(self.extent, self.chosen, part)

    def sources(self) -> list[str]:
        """The files that the items so far come from."""
        with acting_as(self._actor, about=self._patient_id):
            self._grounds()
            return self._files.said()

    def _grounds(self) -> Grounds:
        why = policy.grounds(self._actor, Action.READ, self._patient_id)
        if not why.kept:
            raise Denied(Action.READ.value, patient_id=self._patient_id)
        return why

    def _batch(
        self, span: Span, place: Place | None, skip: int, most: int
    ) -> tuple[list[Item], Place | None]:
        """The next items of a category, newest first, and where they end."""
        with acting_as(self._actor, about=self._patient_id):
            why = self._grounds()
            kept = Record.objects.filter(
                _after(place), _between(self.chosen), category=span.category.value
            )
            found = policy.records(self._actor, Action.READ, kept, self._patient_id, known=why)
            ordered = found.order_by("-effective_at", "-id").defer("tokens", "digest", "identity")
            rows = list(ordered[skip : skip + most])
            items, named = self._items(rows, why)
            note_reads(self._patient_id, [*rows, *named], why)
        return items, (rows[-1].effective_at, rows[-1].pk) if rows else None

    def _items(self, rows: list[Record], why: Grounds) -> tuple[list[Item], list[Record]]:
        """The rows in words, and the other records that are named in them."""
        bodies = {row.pk: self._body(row) for row in rows}
        wanted = {pk: references(body) for pk, body in bodies.items()}
        others, named = linked(self._actor, self._patient_id, wanted, why, most=MOST_LINKED)
        files, written = self._files.of(bodies), by_hand(bodies)
        labels = {token: label for label, token in label_tokens(self._patient_id).items()}
        return [
            document.item(
                describe(bodies[row.pk], others.get(row.pk, {})),
                known(as_written(bodies[row.pk]), row.effective_at) if row.dated else "",
                added=row.effective_at,
                labels=[labels[token] for token in row.labels if token in labels],
                files=files.get(row.pk, []),
                by_hand=written.get(row.pk, ""),
            )
            for row in rows
        ], named

    def _body(self, row: Record) -> dict[str, Any]:
        return open_body(self._patient_id, row.pk, row.version, bytes(row.body_sealed))


def open_print(actor: Actor, *, chosen: Chosen = EVERYTHING) -> Print:
    """Begin to print the actor's own record, all of it or what is chosen; the log says so.

    Raises `Denied` when she keeps none.
    """
    with acting_as(actor):
        opened = _open(actor, chosen)
        _note_print(actor)
    return opened


def print_pdf(actor: Actor, *, chosen: Chosen = EVERYTHING, part: int = 1) -> bytes:
    """One part of the same as a PDF of at most `MOST_IN_PDF` items, counted from 1.

    Raises `Denied` when she keeps no record or it has no such part, CannotPrint when it cannot be made.
    """
    with acting_as(actor):
        opened = _open(actor, chosen)
    if part not in opened.extent.parts:
        raise Denied(Action.READ.value)
    sections = list(opened.sections(part))
    said, sources = opened.sentences(part), opened.sources()
    made = make_pdf(
        document.paper(
            opened.name, opened.born_on, opened.at, sections, said=said, sources=sources
        ),
        folders=font_folders(),
    )
    with acting_as(actor):
        _note_print(actor)
    return made


def _open(actor: Actor, chosen: Chosen) -> Print:
    patient = policy.require_kept(actor)
    kept = Record.objects.filter(_between(chosen))
    rows = policy.records(actor, Action.READ, kept, patient.pk)
    if chosen.category is not None:
        rows = rows.filter(category=chosen.category.value)
    counted = dict(rows.values_list("category").annotate(Count("pk")).order_by())
    counts = {one: counted[one.value] for one in Category if one.value in counted}
    return Print(actor, patient.pk, whose(patient), Extent(counts), chosen)


def _note_print(actor: Actor) -> None:
    note("print", patient_id=policy.require_kept(actor).pk, basis=policy.OWNER.text)


def _between(chosen: Chosen) -> Q:
    """What has a date in these years; everything where none is chosen."""
    asked = Q(dated=True) if chosen.years else Q()
    if chosen.since:
        asked &= Q(effective_at__gte=datetime(chosen.since, 1, 1, tzinfo=UTC))
    if chosen.until:
        asked &= Q(effective_at__lt=datetime(chosen.until + 1, 1, 1, tzinfo=UTC))
    return asked


def _after(place: Place | None) -> Q:
    if place is None:
        return Q()
    at, last = place
    return Q(effective_at__lte=at) & (Q(effective_at__lt=at) | Q(effective_at=at, id__lt=last))
