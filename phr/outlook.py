"""What adding a file would do, found by looking through it: nothing of it enters the record."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import orjson
from django.db import connection

from accounts import keys
from accounts import services as accounts
from accounts.models import Patient
from phr import identity
from phr import publishing as sql
from phr.formats.age import instant
from phr.formats.meaning import AROUND
from phr.formats.parsed import Columns, Parsed, Person
from phr.kept_back import put_apart
from phr.models import Upload
from phr.numbers import settle_numbers
from phr.staging import Row, Sealer, bounded
from phr.succession import settle_ages

_OUTCOMES = """
    SELECT count(*) FILTER (WHERE outcome = 'new'),
           count(*) FILTER (WHERE outcome = 'changed' AND NOT by_hand),
           count(*) FILTER (WHERE outcome IN ('known', 'alike', 'twice')),
           count(*) FILTER (WHERE outcome = 'changed' AND by_hand),
           count(*) FILTER (WHERE outcome = 'older')
    FROM (
        SELECT outcome, outcome = 'changed' AND EXISTS (
                   SELECT 1 FROM phr_record r JOIN phr_provenance p ON p.record_id = r.id
                   WHERE r.id = s.record_id AND p.version = r.version AND p.upload_id IS NULL
               ) AS by_hand
        FROM pg_temp.staged s
    ) judged
"""
_WHOLE_DATE = len("1980-02-03")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Outlook:
    """How many items of each FHIR type, new, known in another version and known, and left out.

    `changed` are items the record has with other content; that of the file will be in force, unless
    she wrote hers herself (`aside`), or what she has is newer (`older`).
    `columns` is the table that its owner has to match first: then there is nothing else.
    `outside` counts what somebody sent in beyond what its owner had asked for, which is left out.
    `foreign` is an archive in our shape that is not as this portal wrote it. `several` is a file
    that refers to more than one person and does not say of each who it is.
    """

    counts: dict[str, int]
    new: int = 0
    changed: int = 0
    known: int = 0
    aside: int = 0
    older: int = 0
    skips: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    columns: Columns | None = None
    foreign: bool = False
    several: bool = False
    outside: dict[str, int] = field(default_factory=dict)


class Outliner(Sealer):
    """Turns what the box says into rows that only tell whether the record has it: no content."""

    def row(self, item: Parsed) -> Row:
        return Row(
            id=uuid4(),
            resource_type=item.resource_type,
            category="",
            effective_at=datetime.fromisoformat(at) if (at := item.effective_at) else _NO_TIME,
            dated=item.effective_at is not None,
            labels=[],
            tokens=[],
            digest=self._keyed(f"digest:{item.digest}"),
            identity=self._keyed(f"identity:{item.identity}") if item.identity else None,
            body_sealed=b"",
            place="",
            owns_file=False,
            known_by=self.known_by(item),
            others=self.others(item),
            updated=instant(item.age.updated),
            issued=instant(item.age.issued),
            standing=item.age.standing,
        )


def settled(upload: Upload, counts: Counter[str], owner: list[int]) -> Outlook:
    """What is staged, compared with the record; inside an act about its patient. Raises Refused.

    `owner` are the tokens of what the file calls her.
    """
    with bounded(), connection.cursor() as cursor:
        about: dict[str, Any] = {
            "patient": upload.patient_id,
            "owner": owner,
            "around": list(AROUND),
        }
        for statement in sql.SETTLE:
            cursor.execute(statement, about)
        settle_numbers(cursor, upload.patient_id)
        settle_ages(cursor, upload.patient_id)
        put_apart(cursor, upload)
        cursor.execute(_OUTCOMES)
        new, changed, known, aside, older = cursor.fetchone() or (0, 0, 0, 0, 0)
    return Outlook(dict(counts), new, changed, known, aside, older)


def _place(upload: Upload) -> str:
    return f"phr_upload/{upload.pk}/preview"


def seal_outlook(upload: Upload, outlook: Outlook) -> bytes:
    """The outlook as JSON, sealed to its upload."""
    text = orjson.dumps(outlook)
    return keys.seal(upload.patient_id, keys.Purpose.BODY, _place(upload), text)


def open_outlook(upload: Upload) -> Outlook | None:
    """What looking through the upload found; None before that."""
    if upload.preview_sealed is None:
        return None
    sealed = bytes(upload.preview_sealed)
    text = keys.unseal(upload.patient_id, keys.Purpose.BODY, _place(upload), sealed)
    fields: dict[str, Any] = orjson.loads(text)
    people = [
        Person(tuple(one["names"]), one["birth_date"]) for one in fields.pop("people")
    ]  # fmt: skip
    table = fields.pop("columns", None)
    return Outlook(**fields, people=people, columns=Columns(**table) if table else None)


def _options_place(upload: Upload) -> str:
    return f"phr_upload/{upload.pk}/options"


def seal_options(upload: Upload, options: Mapping[str, str]) -> bytes:
    """What its owner answered about the columns of a table, as JSON, sealed to its upload."""
    text = orjson.dumps(dict(options))
    return keys.seal(upload.patient_id, keys.Purpose.BODY, _options_place(upload), text)


def open_options(upload: Upload) -> dict[str, str]:
    """What its owner answered; {} where nothing was asked or answered."""
    if upload.options_sealed is None:
        return {}
    sealed = bytes(upload.options_sealed)
    text = keys.unseal(upload.patient_id, keys.Purpose.BODY, _options_place(upload), sealed)
    options: dict[str, str] = orjson.loads(text)
    return options


def whose(patient: Patient) -> Person:
    """The record's owner, as a file might describe her."""
    born = accounts.born_of(patient)
    return Person((accounts.name_of(patient),), born.isoformat() if born else None)


def birth_date(outlook: Outlook, patient: Patient) -> date | None:
    """The whole birth date that the file tells, when the record's owner has not told hers."""
    told = {person.birth_date for person in outlook.people if person.birth_date}
    (one,) = told if len(told) == 1 else ("",)
    if len(one) == _WHOLE_DATE and not accounts.born_of(patient):
        with suppress(ValueError):
            return date.fromisoformat(one)
    return None


def is_about_somebody_else(outlook: Outlook, patient: Patient) -> bool:
    """Whether whom the file names looks like somebody else than the record's owner.

    Of an archive that this portal did not write, and of several people, it is always asked.
    """
    if outlook.foreign or outlook.several:
        return True
    return bool(outlook.people) and identity.differs(outlook.people, whose(patient))
