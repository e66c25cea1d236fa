"""All values of one measurement over time: the records with the same code, drawn and listed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import keys
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from phr.bodies import open_body
from phr.display import describe
from phr.display.chart import MARKS, Drawing, draw
from phr.display.concepts import concept
from phr.display.current import sound
from phr.display.dates import moment
from phr.display.measured import Value, alike, coded, named, values
from phr.display.words import clean
from phr.formats.effective import as_written, happened
from phr.models import Provenance, Record, Upload
from phr.printing.document import born
from phr.search import Tokeniser, newest
from phr.services.items import note_reads
from phr.services.uploads import file_name
from sharing import policy
from sharing.policy import Action, Grounds
from sharing.whom import Whom, whom

MOST: Final = 200
# Of a result in the table; the whole of it stands on the page of the item.
LONGEST: Final = 300
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One result in the table; `when` is in words, "" without a date.

    `source` is a number that tells files apart.
    """

    id: UUID
    when: str
    what: str
    usual: str
    remark: str
    source: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The results of one code, newest first, and a drawing for each unit they are given in.

    `sources` are pairs of a mark and a name, in the order of their numbers; `cut` when there
    are more than the newest `MOST`; `left_out` when some could not be drawn.
    """

    patient_id: UUID
    patient_name: str
    own: bool
    record_id: UUID
    title: str
    drawings: list[Drawing]
    rows: list[Row]
    sources: list[tuple[str, str]]
    cut: bool
    left_out: bool
    born: str = ""
    whom: Whom | None = None


def chart(actor: Actor, patient_id: UUID, record_id: UUID) -> Chart:
    """What the actor may see of the code of one record, audited. `Denied` when it is not there."""
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.READ, patient_id)
        kept = Record.objects.select_related("patient")
        row = policy.require(actor, Action.READ, kept, patient_id, record_id, known=why)
        about = _body(row)
        found = _same(actor, row, about, why)
        shown = found[:MOST]
        note_reads(patient_id, [row, *(one for one, _ in shown if one.pk != row.pk)], why)
        own = why.kept
        numbers, sources = _sources([one for one, _ in shown], own=own)
        measured = [_values(one, body, numbers) for one, body in shown]
        return Chart(
            patient_id,
            accounts.name_of(row.patient),
            own,
            row.pk,
            concept(about.get("code")) or describe(about).title,
            draw([value for some in measured for value in some]),
            [_row(one, body, numbers) for one, body in shown],
            sources,
            cut=len(found) > MOST,
            left_out=not all(measured),
            born=born(accounts.born_of(row.patient)) if own else "",
            whom=None if own else whom(row.patient, why.grants),
        )


def _same(actor: Actor, row: Record, about: Json, why: Grounds) -> list[tuple[Record, Json]]:
    """The records that measure the same as this one, newest first; empty when it is no measurement.

    Those from before codes had tokens of their own, and results without a code, are found by name.
    """
    if row.resource_type != "Observation" or not (coded(about) or named(about)):
        return []
    kept = Record.objects.filter(resource_type="Observation").defer("tokens", "digest")
    rows = policy.records(actor, Action.READ, kept, row.patient_id, known=why)
    tokeniser = Tokeniser(keys.subkey(row.patient_id, keys.Purpose.INDEX))
    near = newest(rows, MOST + 1, either=tokeniser.codes(coded(about)))
    if name := tokeniser.query(concept(about.get("code"))):
        near += newest(rows, MOST + 1, every=name)
    opened = [(one, _body(one)) for one in {one.pk: one for one in near}.values()]
    same = [(one, body) for one, body in opened if alike(about, body)]
    return sorted(same, key=lambda each: (_at(*each), each[0].pk), reverse=True)


def _at(row: Record, body: Json) -> datetime:
    return (row.dated and happened(body)) or row.effective_at


def _body(row: Record) -> Json:
    return open_body(row.patient_id, row.pk, row.version, bytes(row.body_sealed))


def _values(row: Record, body: Json, numbers: dict[UUID, int]) -> list[Value]:
    return values(body, _at(row, body), numbers[row.pk]) if row.dated else []


def _row(row: Record, body: Json, numbers: dict[UUID, int]) -> Row:
    shown = describe(body)
    facts = dict(shown.facts)
    return Row(
        row.pk,
        moment(as_written(body)) if row.dated else "",
        clean(facts.get("Result", shown.title), LONGEST) if sound(body) else shown.title,
        clean(facts.get("Normal range"), LONGEST),
        clean(facts.get("Marked as"), LONGEST),
        numbers[row.pk],
    )


def _sources(rows: list[Record], *, own: bool) -> tuple[dict[UUID, int], list[tuple[str, str]]]:
    """Record → number of its source, and each source's mark and name; files by name for the owner."""
    pairs = Provenance.objects.filter(record__in=rows, upload__undone_at=None)
    pairs = pairs.order_by("-recorded_at", "-id")
    first = dict(pairs.values_list("record_id", "upload_id"))
    uploads = list(dict.fromkeys(first.get(row.pk) for row in rows))
    files = Upload.objects.in_bulk([one for one in uploads if one]) if own else {}
    names = [
        file_name(files[one]) if one in files else "Entered by hand" if own and not one else ""
        for one in uploads
    ]
    marks = [(MARKS[place % len(MARKS)], name) for place, name in enumerate(names)]
    return {row.pk: uploads.index(first.get(row.pk)) + 1 for row in rows}, marks
