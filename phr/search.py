"""Search inside one record by keyed tokens: the database compares numbers, never words."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from phr.models import Record
from sharing.tokens import Keyed

# Goes up with every change of what the columns of a record are made from (tokens, likeness, the day it
# stands under): `phr.services.renewing` then brings those of what is kept up to date, and takes away
# what the one before made of the words, which `phr.former` has to know.
RECKONING = 3
# So many records with the same words are found soon by going through the newest.
FEW = 1000
SOON = 200
_FOUND = """
    SELECT phr_found(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz, %s::uuid, %s)
"""
_ANSWERING = """
    SELECT asked.token, found.id FROM unnest(%s::bigint[]) AS asked (token)
    CROSS JOIN LATERAL phr_matching(ARRAY[asked.token], false, 2) AS found (id)
"""
# So many tokens are beginnings of words; of what follows in a long document only whole words count.
MOST_TOKENS = 400
MOST_WHOLE_WORDS = 5000
MOST_HEAD_TOKENS = 80
# So much of each kind is remembered within an import: a few megabytes.
MOST_REMEMBERED = 10_000
LONGEST_WORD = 24
SHORTEST_PREFIX = 3
# Scripts written without spaces between words: Thai and Lao, Myanmar, Khmer, kana, Han and its
# extensions.
_JOINED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
# Vowel signs of the others belong to a word, though they are no letters (Unicode Mn, Mc).
_SIGNS = "".join(
    chr(sign)
    for sign in (*range(0x0900, 0x0E00), *range(0x0F00, 0x2000), *range(0xA800, 0xAC00))
    if unicodedata.category(chr(sign)) in ("Mn", "Mc") and not unicodedata.combining(chr(sign))
)
_LETTERS = rf"[^\W_{_JOINED}]+(?:[{_SIGNS}][^\W_{_JOINED}]*)*"
_WORD = re.compile(rf"[{_JOINED}]+|{_LETTERS}(?:[.\-]{_LETTERS})*")
_NUMBER = re.compile(r"\d+\.\d+").fullmatch
_IS_JOINED = re.compile(f"[{_JOINED}]").match
# Letters that Unicode does not take apart, as people without them on the keyboard type them:
# dotless i, ø, đ, ł, æ, œ; alef maqsura, Persian yeh and kaf; tatweel.
_AS_TYPED = str.maketrans(
    "\u0131\u00f8\u0111\u0142\u0649\u06cc\u06a9", "iodl\u064a\u064a\u0643", "\u0640"
) | str.maketrans({"\u00e6": "ae", "\u0153": "oe"})


def words(text: str) -> tuple[str, ...]:
    """The searchable words of a text: lower case, without accents, codes like `E11.9` whole.

    Where a script has no spaces, each two letters that follow one another are a word.
    """
    found = _WORD.findall(text.lower() if text.isascii() else plain(text))
    return tuple(part for word in found for part in _parts(word))


def plain(text: str) -> str:
    """The letters by which a text is searched: lower case, without accents."""
    letters = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return letters.casefold().translate(_AS_TYPED)


def _parts(word: str) -> tuple[str, ...]:
    if not _IS_JOINED(word) or len(word) == 1:
        return (_written(word)[:LONGEST_WORD],)
    return tuple(word[at : at + 2] for at in range(len(word) - 1))


def _written(word: str) -> str:
    """A number is the same with more zeros at its end: 10.20 is kept and found as 10.2."""
    if word[-1] != "0" or not _NUMBER(word):
        return word
    short = word.rstrip("0")
    return f"{short}0" if short.endswith(".") else short


def prefixes(word: str) -> tuple[str, ...]:
    """What a person may have typed so far to mean `word`."""
    if _IS_JOINED(word):
        return tuple(dict.fromkeys((*word, word)))
    shortest = min(SHORTEST_PREFIX, len(word))
    return tuple(word[:length] for length in range(shortest, len(word) + 1))


def scoped(upload_id: UUID | None, name: str) -> str:
    """An absolute reference means the same everywhere, `Medication/1` only within its file."""
    return name if ":" in name else f"{upload_id}|{name}"


T = TypeVar("T")


class _Remembered(dict[str | int, T]):
    """What was made before, by what it was made of; forgets all of it when that becomes too much."""

    def keep(self, name: str | int, made: T) -> T:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[name] = made
        return made


class Tokeniser:
    """Turns words into one patient's tokens and remembers them for the length of an import.

    The words of an import end with it: nothing of them stays in the memory of a worker.
    """

    def __init__(self, key: bytes) -> None:
        self._token = Keyed(key).token
        self._known: _Remembered[tuple[int, ...]] = _Remembered()
        self._words: _Remembered[tuple[int, ...]] = _Remembered()
        self._named: dict[str, _Remembered[int]] = defaultdict(_Remembered)

    def tokens(self, terms: Iterable[str]) -> list[int]:
        """The tokens to keep with a record: every prefix of every word, up to `MOST_TOKENS`.

        Of the words after these each has one token, at most `MOST_WHOLE_WORDS`.
        """
        found: set[int] = set()
        rest = iter(terms)
        for term in rest:
            known = self._known.get(term)
            if known is None:
                known = self._known.keep(term, self._of(term))
            if len(found) + len(known) > MOST_TOKENS:
                return self._with_whole_words(found, chain((term,), rest))
            found.update(known)
        return list(found)

    def _with_whole_words(self, found: set[int], terms: Iterable[str]) -> list[int]:
        most = len(found) + MOST_WHOLE_WORDS
        for term in terms:
            found.update(self._token(f"word:{word}") for word in words(term))
            if len(found) >= most:
                break
        return list(found)[:most]

    def _of(self, term: str) -> tuple[int, ...]:
        return tuple(token for word in words(term) for token in self._of_word(word))

    def _of_word(self, word: str) -> tuple[int, ...]:
        known = self._words.get(word)
        if known is None:
            found = (self._token(f"word:{prefix}") for prefix in prefixes(word))
            known = self._words.keep(word, tuple(found))
        return known

    def head(self, terms: Iterable[str]) -> list[int]:
        """The same for the words of its name, by which a search puts it first."""
        found: set[int] = set()
        for term in terms:
            known = self._known.get(f"head|{term}")
            if known is None:
                parts = (part for word in words(term) for part in prefixes(word))
                tokens = tuple(self._token(f"head:{part}") for part in parts)
                known = self._known.keep(f"head|{term}", tokens)
            found.update(known)
            if len(found) >= MOST_HEAD_TOKENS:
                break
        return list(found)[:MOST_HEAD_TOKENS]

    def links(self, names: Iterable[str]) -> list[int]:
        """The tokens under which other records find this one by reference."""
        return self._all("link", names)

    def visits(self, names: Iterable[str]) -> list[int]:
        """The tokens under which all that belongs to the visit of one of these names is found."""
        return self.of_visit(self.links(names))

    def of_visit(self, tokens: Iterable[int]) -> list[int]:
        """The same, from the tokens of the visit itself: its names are not kept in the clear."""
        return self._all("visit", tokens)

    def telling_of(self, tokens: Iterable[int]) -> list[int]:
        """The tokens under which all that refers to one of these names is found, people apart."""
        return self._all("telling", tokens)

    def systems(self, names: Iterable[str]) -> list[int]:
        """The tokens under which all that is numbered by one of these (`Type|system`) is found."""
        return self._all("system", names)

    def _all(self, of: str, names: Iterable[str | int]) -> list[int]:
        """In their order. Whatever is named once in a file is mostly named again."""
        known = self._named[of]
        found: list[int] = []
        for name in names:
            token = known.get(name)
            if token is None:
                token = known.keep(name, self._token(f"{of}:{name}"))
            found.append(token)
        return found

    def codes(self, codes: Iterable[str]) -> list[int]:
        """The tokens under which all that has one of these codes (`system|code`) is found."""
        return sorted({*self._all("code", codes)})

    def query(self, text: str, *, of: str = "word") -> list[int]:
        """The tokens a record must all have to match what a person typed, or its name `head`."""
        return [self._token(f"{of}:{word}") for word in words(text)]


def matching(rows: QuerySet[Record], tokens: list[int], *, every: bool = True) -> QuerySet[Record]:
    """The `rows` that have every token, or any. Call within an act about their one patient."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_matching(%s::bigint[], %s, %s)", [tokens, every, FEW + 1])
        found = [pk for (pk,) in cursor.fetchall()]
    if len(found) <= FEW:
        return rows.filter(pk__in=found)
    return rows.filter(tokens__contains=tokens) if every else rows.filter(tokens__overlap=tokens)


def answering(tokens: list[int]) -> dict[int, set[UUID]]:
    """For each token the ids of records of the one patient the act is about that have it, at most two.

    Of all her records, whoever asks: what somebody may not see still makes a name uncertain.
    """
    found: dict[int, set[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERING, [tokens])
        for token, pk in cursor.fetchall():
            found.setdefault(token, set()).add(pk)
    return found


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed, as tokens: of anything in a record, and of its name.

    `either` are tokens of which each must have one besides; None asks for nothing of the kind.
    """

    words: list[int]
    head: list[int]
    either: list[int] | None = None


def ranked(rows: QuerySet[Record], sought: Sought, after: Record | None, size: int) -> list[Record]:
    """At most `size` of the `rows` with what was sought: by name first, each newest first.

    `after` is the record to go on from. Call within an act about their one patient.
    """
    found: list[Record] = []
    if not sought.words:
        return _in_order(rows, (None, sought.either, None), after, size)
    if after is None or set(sought.head) <= set(after.tokens):
        found, after = _in_order(rows, (sought.head, sought.either, None), after, size), None
    if len(found) < size:
        wanted = (sought.words, sought.either, sought.head)
        found += _in_order(rows, wanted, after, size - len(found))
    return found


Tokens = list[int] | None


def newest(
    rows: QuerySet[Record], size: int, *, every: Tokens = None, either: Tokens = None
) -> list[Record]:
    """The newest `size` of the `rows` with `every` token, and one of `either`, on the same terms."""
    return _in_order(rows, (every, either, None), None, size)


def _in_order(
    rows: QuerySet[Record],
    asked: tuple[Tokens, Tokens, Tokens],
    after: Record | None,
    size: int,
) -> list[Record]:
    """The newest `size` of the `rows` with all, with some, and not with all of the last tokens.

    Who may see little has more looked up.
    """
    place = (after.effective_at, after.pk) if after else (None, None)
    most = max(SOON, size)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_FOUND, [*asked, *place, most])
            ids = [pk for (pk,) in cursor.fetchall()]
        found = list(rows.filter(pk__in=ids).order_by("-effective_at", "-id")[:size])
        if len(found) == size or len(ids) < most:
            return found
        most *= 10
