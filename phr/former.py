"""What earlier reckonings made of the words of an item, so that renewal can take it away again.

The tokens of an item are numbers: which of them are names by which others refer to it, or words of a
file beside it, stands nowhere, and such cannot be made again. So nothing is taken away but what an
earlier rule is known to have made of what the item says.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from phr.formats.parsed import Parsed
from phr.search import LONGEST_WORD, RECKONING, SHORTEST_PREFIX, plain, prefixes, words
from sharing.tokens import Keyed

_WORD = re.compile(r"[^\W_]+(?:[.\-][^\W_]+)*")


def _spaced(text: str) -> Iterable[str]:
    """Words only where there are spaces, letters as Unicode has them."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
    for found in _WORD.findall(plain):
        word = found[:LONGEST_WORD]
        for length in range(min(SHORTEST_PREFIX, len(word)), len(word) + 1):
            yield word[:length]


# Kana, Han and its extensions
_JOINED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTERS = rf"[^\W_{_JOINED}]+"
_PIECE = re.compile(rf"[{_JOINED}]+|{_LETTERS}(?:[.\-]{_LETTERS})*")
_IS_JOINED = re.compile(f"[{_JOINED}]").match


def _broken(text: str) -> Iterable[str]:
    """Words broken at vowel signs, Thai as if it had spaces, 10.20 with its zero."""
    for word in _PIECE.findall(plain(text)):
        if not _IS_JOINED(word) or len(word) == 1:
            yield from _beginnings(word[:LONGEST_WORD])
        else:
            for pair in (word[at : at + 2] for at in range(len(word) - 1)):
                yield from (*pair, pair)


def _beginnings(word: str) -> Iterable[str]:
    if _IS_JOINED(word):
        yield word
    else:
        shortest = min(SHORTEST_PREFIX, len(word))
        yield from (word[:length] for length in range(shortest, len(word) + 1))


def parts(text: str) -> Iterable[str]:
    """What the present reckoning makes of a text, without any bound."""
    return (part for word in words(text) for part in prefixes(word))


# By the number of the reckoning, what found a text. Whoever changes `words` or `prefixes` raises
# `RECKONING` and puts what they were here: first where this names today's, then as one more.
FORMER: tuple[Callable[[str], Iterable[str]], ...] = (_spaced, _broken, parts)


def gone(key: bytes, item: Parsed, *, since: int) -> set[int]:
    """The tokens that a reckoning from `since` on made of the words in it, and the present no more.

    `key` is its patient's key of the index.
    """
    texts = {*item.terms, *item.head}
    made = {part for old in FORMER[since:RECKONING] for text in texts for part in old(text)}
    made -= {part for text in texts for part in parts(text)}
    token = Keyed(key).token
    return {token(f"{of}:{part}") for part in made for of in ("word", "head")}
