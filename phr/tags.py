"""The words a patient sorts her records by: sealed for reading, keyed for comparing."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import BigIntegerField, Func, QuerySet

from accounts import keys
from phr.models import Record, Tag
from phr.search import words
from sharing.tokens import keyed


@dataclass(frozen=True, slots=True)
class Word:
    """A tag in words, and its number within its patient's record."""

    id: UUID
    name: str
    token: int


@dataclass(frozen=True, slots=True)
class Marks:
    """What its patient marked a record with; `unused` are her other tags."""

    tags: list[Word]
    unused: list[Word]
    favourite: bool
    never_shared: bool


_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 8))"


def lock_tags(patient_id: UUID) -> None:
    """Let nobody else change which of a patient's tags are in use until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [patient_id])


def end_unused(patient_id: UUID, tokens: Iterable[int]) -> None:
    """End those of these tags that nothing is sorted under any more, after `lock_tags`.

    What is only hidden may come back, and keeps its tags.
    """
    rows = Record.objects.filter(patient_id=patient_id)
    unused = [token for token in {*tokens} if not rows.filter(tags__contains=[token]).exists()]
    Tag.objects.filter(patient_id=patient_id, token__in=unused).delete()


def token_of(patient_id: UUID, name: str) -> int:
    """The number of a word within one patient's record."""
    same = " ".join(words(name)) or name.casefold()
    return keyed(keys.subkey(patient_id, keys.Purpose.INDEX), f"tag:{same}")


def new_word(patient_id: UUID, token: int, name: str) -> None:
    """Keep a word as a tag, sealed. Call within an act of its patient."""
    pk = uuid4()
    sealed = keys.seal(patient_id, keys.Purpose.BODY, _place(pk), name.encode())
    Tag.objects.create(id=pk, patient_id=patient_id, token=token, name_sealed=sealed)


def _place(tag_id: UUID) -> str:
    return f"phr_tag/{tag_id}/name"


def tokens_of(rows: QuerySet[Record]) -> set[int]:
    """The numbers of the tags that stand on any of these rows."""
    each = Func("tags", function="unnest", output_field=BigIntegerField())
    return set(rows.order_by().annotate(tag=each).values_list("tag", flat=True).distinct())


def words_of(patient_id: UUID) -> list[Word]:
    """A patient's tags by name. Call within an act of hers or about her."""
    found = [
        Word(row.pk, _name(row), row.token) for row in Tag.objects.filter(patient_id=patient_id)
    ]
    return sorted(found, key=lambda word: word.name.casefold())


def _name(row: Tag) -> str:
    sealed = bytes(row.name_sealed)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, _place(row.pk), sealed).decode()


def marks_of(row: Record) -> Marks:
    """The marks of one record. Call within an act about its patient."""
    found = words_of(row.patient_id)
    return Marks(
        [word for word in found if word.token in row.tags],
        [word for word in found if word.token not in row.tags],
        row.favourite,
        row.never_shared,
    )
