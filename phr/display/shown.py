"""What a page shows of one record."""

from dataclasses import dataclass
from typing import Final

from phr.display.words import LONGEST_TEXT, capital, clean_lines

LONGEST_TITLE: Final = 200
LONGEST_FACT: Final = LONGEST_TEXT
LONGEST_NOTE: Final = LONGEST_TEXT
MOST_FACTS: Final = 60
PART: Final = "Part of this item"
TEXT: Final = "Text"


@dataclass(frozen=True, slots=True)
class Shown:
    """One record in words. All of it is plain text, to be escaped where it is written.

    title: what it is, with the value when there is one; never empty, at most 200 characters.
    facts: name and value, in the order a person wants them; at most 60, values up to 100 000.
    note: free text somebody wrote, with line breaks; "" when there is none, up to 100 000.
    remarks: what may change its meaning; the first fact says the same where only facts are shown.
    contained: resources that stand in this one and nowhere else, at most 10, and how many more.
    """

    title: str
    facts: list[tuple[str, str]]
    note: str = ""
    remarks: tuple[str, ...] = ()
    contained: tuple["Shown", ...] = ()

    @property
    def besides(self) -> list[tuple[str, str]]:
        """The facts without the one that says what `remarks` say."""
        return self.facts[1:] if self.remarks else self.facts

    @property
    def whole(self) -> list[tuple[str, str]]:
        """The facts, then what is contained: of each part its title, its facts and its text."""
        found = [*self.facts]
        for part in self.contained:
            found += [(PART, part.title), *part.facts]
            found += [(TEXT, part.note)] if part.note else []
        return found


def facts(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    """The pairs that say something, each value beginning with a capital letter."""
    return [(name, capital(text)) for name, text in pairs if text]


def notes(*texts: str) -> str:
    """Several pieces of free text one under another, each once."""
    return clean_lines("\n\n".join(dict.fromkeys(text for text in texts if text)), LONGEST_NOTE)
