"""From parsed resources to rows: seal, stage in a temporary table, publish in one transaction.

COPY cannot write to tables under row-level security, so rows travel by COPY into a temporary table
and from there by INSERT … SELECT, which the walls check.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import QueryCanceled

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from phr import copying
from phr import publishing as sql
from phr.bodies import Bodies
from phr.formats.age import USUAL, instant
from phr.formats.meaning import AROUND
from phr.formats.parsed import Parsed, Refused
from phr.inheriting import inherit
from phr.kept_back import put_apart
from phr.marking import mark_again
from phr.models import Upload
from phr.numbers import further, settle_numbers
from phr.search import Tokeniser, scoped
from phr.succession import settle_ages
from phr.updates import Outcome, Staged, update_records
from sharing.categories import Category
from sharing.services import granting
from sharing.tokens import Keyed, label_tokens

# So many rows are sent to the database at once: about what a socket takes.
TOGETHER = 50
TANGLED = (
    "What is in this file refers to itself so often that it could not be compared with your record."
    " Nothing was added."
)


@contextmanager
def bounded() -> Iterator[None]:
    """Inside one transaction: no statement over what a file says takes for ever. Raises Refused."""
    with connection.cursor() as cursor:
        cursor.execute(sql.BOUND, {"most": sql.MOST_MILLISECONDS})
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise Refused(TANGLED) from None
        raise


@dataclass(frozen=True, slots=True)
class KnownBy:
    """By what a resource is known again under other names (see `phr.formats.meaning`), keyed.

    `core` is its content; `refs`, `around` and `names` are tokens of what it refers to and of what
    it may be called; `systems` and `numbers` those of its identifiers.
    """

    core: bytes | None
    refs: list[int]
    around: list[int]
    names: list[int]
    systems: list[int]
    numbers: list[int]


@dataclass(slots=True)
class Row:
    """One resource, sealed and ready to be staged; `pictures` may still be added."""

    id: UUID
    resource_type: str
    category: str
    effective_at: datetime
    dated: bool
    labels: list[int]
    tokens: list[int]
    digest: bytes
    identity: bytes | None
    body_sealed: bytes
    place: str
    owns_file: bool
    known_by: KnownBy
    others: bytes = b""
    updated: datetime | None = None
    issued: datetime | None = None
    standing: int = USUAL
    pictures: list[UUID] = field(default_factory=list)


class Sealer:
    """Turns what the box says, or what she wrote herself (no upload), into sealed rows of a patient."""

    def __init__(self, patient_id: UUID, upload_id: UUID | None = None) -> None:
        self.patient_id, self.upload_id = patient_id, upload_id
        self.received_at = timezone.now()
        index = keys.subkey(patient_id, keys.Purpose.INDEX)
        self._keyed, self._token = Keyed(index).digest, Keyed(index).token
        self._tokeniser = Tokeniser(index)
        self._bodies = Bodies(patient_id)
        self._labels = {str(label): token for label, token in label_tokens(patient_id).items()}

    def row(self, item: Parsed) -> Row:
        record_id, known_by = uuid4(), self.known_by(item)
        at = datetime.fromisoformat(item.effective_at) if item.effective_at else None
        return Row(
            id=record_id,
            resource_type=item.resource_type,
            category=Category(item.category).value,
            effective_at=at or self.received_at,
            dated=at is not None,
            labels=[self._labels[label] for label in item.labels],
            tokens=self._tokens(item, known_by),
            digest=self._keyed(f"digest:{item.digest}"),
            identity=self._keyed(f"identity:{item.identity}") if item.identity else None,
            body_sealed=self._bodies.seal(record_id, 1, item.body),
            place=item.place[:40],
            owns_file=bool(item.attachments),
            known_by=known_by,
            others=self.others(item),
            updated=instant(item.age.updated),
            issued=instant(item.age.issued),
            standing=item.age.standing,
        )

    def others(self, item: Parsed) -> bytes:
        """Its identities by its further business identifiers, 32 bytes each."""
        numbers = item.meaning.numbers
        # A server's own number of it stands last, and is how others refer to it.
        if len(numbers) < 2 or (len(numbers) == 2 and numbers[1][1] in item.links):
            return b""
        return b"".join(self._keyed(f"identity:{one}") for one in further(item))

    def tokens(self, item: Parsed) -> list[int]:
        """All by which it is found."""
        return self._tokens(item, self.known_by(item))

    def _tokens(self, item: Parsed, known_by: KnownBy) -> list[int]:
        found = self._tokeniser.tokens(item.terms) + self._tokeniser.head(item.head)
        found += known_by.names + self._visit(item) + self._tokeniser.codes(item.codes)
        told = zip(item.meaning.refs, known_by.refs, strict=True)
        besides = (item.subject, item.visit)
        found += self._tokeniser.telling_of(token for name, token in told if name not in besides)
        return found + known_by.systems + known_by.numbers

    def known_by(self, item: Parsed) -> KnownBy:
        """By what it is known again."""
        said = item.meaning
        return KnownBy(
            core=self._keyed(f"core:{said.core}") if said.core else None,
            refs=self.called(said.refs),
            around=self.called(said.around),
            names=self.called(item.links),
            systems=self._tokeniser.systems(system for system, _ in said.numbers),
            numbers=[self._token(f"number:{'|'.join(number)}") for number in said.numbers],
        )

    def called(self, names: Iterable[str]) -> list[int]:
        """The tokens of what is called so in this file."""
        return self._tokeniser.links(scoped(self.upload_id, name) for name in names)

    def _visit(self, item: Parsed) -> list[int]:
        return self._tokeniser.visits([scoped(self.upload_id, item.visit)] if item.visit else [])


def _copied(row: Row, position: int) -> bytes:
    """A row as the temporary table takes it, in the order of `sql.COPY`."""
    by = row.known_by
    return copying.row(
        copying.uuid(row.id),
        copying.integer(position),
        copying.text(row.resource_type),
        copying.text(row.category),
        copying.instant(row.effective_at),
        copying.truth(row.dated),
        copying.bigints(row.labels),
        copying.bigints(row.tokens),
        copying.data(row.digest),
        copying.data(row.identity),
        copying.data(row.body_sealed),
        copying.text(row.place),
        copying.truth(row.owns_file),
        copying.uuids(row.pictures),
        copying.data(by.core),
        *map(copying.bigints, (by.refs, by.around, by.names, by.systems, by.numbers)),
        copying.data(row.others),
        copying.instant(row.updated),
        copying.instant(row.issued),
        copying.integer(row.standing),
    )


class Stage:
    """The temporary table of one import, gone with its connection or at the end of the block."""

    def __init__(self, actor: Actor, patient_id: UUID) -> None:
        self.actor, self.patient_id, self.count = actor, patient_id, 0

    def __enter__(self) -> Self:
        self._run(sql.DROP, sql.CREATE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._run(sql.DROP)

    def _run(self, *statements: str) -> None:
        with self.working() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextmanager
    def working(self) -> Iterator[Any]:
        """A cursor in an act about the patient, for temporary tables beside this one."""
        with acting_as(self.actor, about=self.patient_id), connection.cursor() as cursor:
            yield cursor

    def add(self, rows: Sequence[Row]) -> None:
        """Copy rows into the temporary table."""
        with (
            acting_as(self.actor, about=self.patient_id),
            connection.cursor() as cursor,
            cursor.copy(sql.COPY) as copy,
        ):
            copy.write(copying.HEADER)
            for start in range(0, len(rows), TOGETHER):
                some = rows[start : start + TOGETHER]
                copy.write(b"".join(map(_copied, some, count(self.count + 1))))
                self.count += len(some)
            copy.write(copying.TRAILER)

    def alone(self) -> None:
        """Until the transaction ends, nothing else is added to this record or taken back."""
        with connection.cursor() as cursor:
            cursor.execute(sql.ONE_IMPORT_AT_A_TIME, {"patient": self.patient_id})

    def publish(self, upload: Upload, owner: list[int], *, sorted_before: bool = False) -> Outcome:
        """Inside one transaction: settle what is new, changed or known, and write it all.

        `owner` are the tokens of what the file calls its patient. What was `sorted_before`, in an
        archive of this portal, keeps its labels as they are.
        """
        with bounded(), connection.cursor() as cursor:
            about: dict[str, Any] = {"patient": upload.patient_id, "upload": upload.pk}
            about |= {"owner": owner, "around": list(AROUND)}
            for statement in sql.SETTLE:
                cursor.execute(statement, about)
            settle_numbers(cursor, upload.patient_id)
            settle_ages(cursor, upload.patient_id)
            put_apart(cursor, upload)
            marked: list[UUID] = []
            if not sorted_before:
                marked = mark_again(upload.patient_id)
                inherit(upload.patient_id)
            _add(cursor, about)
            cursor.execute(sql.CHANGED, about)
            changed = [Staged(*row) for row in cursor.fetchall()]
            outcome = update_records(upload.patient_id, changed)
            cursor.executemany(sql.MARK, outcome.marks)
            for statement in sql.PUBLISH:
                cursor.execute(statement, about)
            cursor.execute(sql.COUNTS, about)
            outcome.imported, outcome.duplicates = cursor.fetchone() or (0, 0)
            cursor.execute(sql.TOUCHED, about)
            outcome.touched = list({*marked, *(row[0] for row in cursor.fetchall())})
            if marked or outcome.resorted:
                # Last of all: whoever takes a permission back must not wait for the rest.
                granting.move_epoch(upload.patient_id)
        return outcome


def _add(cursor: Any, about: dict[str, Any]) -> None:
    """Write what is new. The last row has the tokens of all the others taken into their index."""
    cursor.execute(sql.LAST_NEW)
    (last,) = cursor.fetchone()
    if last is None:
        return
    for first, until, most in (
        (0, last - 1, sql.MOST_WAITING),
        (last, last, sql.MOST_LEFT_WAITING),
    ):
        cursor.execute(sql.WAIT, {"most": most})
        cursor.execute(sql.ADD, about | {"first": first, "last": until})
    cursor.execute(sql.FROM_NEW, about)


def may_grow(patient_id: UUID) -> bool:
    """Nothing is added to the record of a patient who is being erased or restricted.

    Nor while what came with another file is taken back: it would be taken for new.
    """
    if Upload.objects.filter(patient_id=patient_id, undone_at__isnull=False).exists():
        return False
    return Patient.objects.filter(pk=patient_id, erasing_at=None, restricted_at=None).exists()
