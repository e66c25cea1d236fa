"""Search inside one record by keyed tokens: the database compares numbers, never words."""

import re
import unicodedata
from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from phr.models import Record
from sharing.tokens import keyed

# So many records with the same words are found soon by going through the newest.
FEW = 1000
MOST_TOKENS = 400
LONGEST_WORD = 24
SHORTEST_PREFIX = 3
_WORD = re.compile(r"[^\W_]+(?:[.\-][^\W_]+)*")


def words(text: str) -> tuple[str, ...]:
    """The searchable words of a text: lower case, without accents, codes like `E11.9` whole."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(letter)
    )
    return tuple(word[:LONGEST_WORD] for word in _WORD.findall(plain.casefold()))


def prefixes(word: str) -> tuple[str, ...]:
    """What a person may have typed so far to mean `word`."""
    shortest = min(SHORTEST_PREFIX, len(word))
    return tuple(word[:length] for length in range(shortest, len(word) + 1))


def scoped(upload_id: UUID, name: str) -> str:
    """An absolute reference means the same everywhere, `Medication/1` only within its file."""
    return name if ":" in name else f"{upload_id}|{name}"


class Tokeniser:
    """Turns words into one patient's tokens and remembers them for the length of an import.

    The words of an import end with it: nothing of them stays in the memory of a worker.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, tuple[int, ...]] = {}
        self._words: dict[str, tuple[int, ...]] = {}

    def tokens(self, terms: Iterable[str]) -> list[int]:
        """The tokens to keep with a record: every prefix of every word, at most `MOST_TOKENS`."""
        found: set[int] = set()
        for term in terms:
            known = self._known.get(term)
            if known is None:
                known = self._known[term] = self._of(term)
            found.update(known)
            if len(found) >= MOST_TOKENS:
                break
        return list(found)[:MOST_TOKENS]

    def _of(self, term: str) -> tuple[int, ...]:
        return tuple(token for word in words(term) for token in self._of_word(word))

    def _of_word(self, word: str) -> tuple[int, ...]:
        known = self._words.get(word)
        if known is None:
            found = (keyed(self._key, f"word:{prefix}") for prefix in prefixes(word))
            known = self._words[word] = tuple(found)
        return known

    def links(self, names: Iterable[str]) -> list[int]:
        """The tokens under which other records find this one by reference."""
        return [keyed(self._key, f"link:{name}") for name in names]

    def codes(self, codes: Iterable[str]) -> list[int]:
        """The tokens under which all that has one of these codes (`system|code`) is found."""
        found: set[int] = set()
        for code in codes:
            name = f"code:{code}"
            if name not in self._known:
                self._known[name] = (keyed(self._key, name),)
            found.update(self._known[name])
        return sorted(found)

    def query(self, text: str) -> list[int]:
        """The tokens a record must all have to match what a person typed."""
        return [keyed(self._key, f"word:{word}") for word in words(text)]


def matching(rows: QuerySet[Record], tokens: list[int], *, every: bool = True) -> QuerySet[Record]:
    """The `rows` that have every token, or any. Call within an act about their one patient."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_matching(%s::bigint[], %s, %s)", [tokens, every, FEW + 1])
        found = [pk for (pk,) in cursor.fetchall()]
    if len(found) <= FEW:
        return rows.filter(pk__in=found)
    return rows.filter(tokens__contains=tokens) if every else rows.filter(tokens__overlap=tokens)
