"""What is printed, as plain words in reading order; the page and the PDF are made of the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from unicodedata import bidirectional
from urllib.parse import urlencode

from phr.display import Shown, dates
from phr.display.words import clean
from sharing.categories import Category
from sharing.labels import Sensitivity

# Items in one PDF; on one page of paper, as it turns out for ordinary ones; and worth a warning.
MOST_IN_PDF: Final = 1000
ITEMS_ON_PAPER: Final = 7
LONG: Final = 200
# Of every PDF: neither a title nor a file's name may say anything about anybody.
TITLE: Final = "Health record"
SOURCES: Final = "Where these items come from"
UNPRINTABLE: Final = (
    "Some characters could not be printed and appear as �. The portal still has them."
)
_PLAIN: Final = (Sensitivity.N, Sensitivity.UNCLASSIFIED)


@dataclass(frozen=True, slots=True)
class Text:
    """Words somebody wrote; `rtl` when they begin in a right-to-left script. `name` says of what."""

    text: str
    rtl: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One record in words, with what it contains: plain text throughout."""

    title: Text
    about: str
    lines: list[Text]
    note: Text


@dataclass(frozen=True, slots=True)
class Section:
    """Items of one category that follow each other; `begins` where the category does.

    `said` is what stands below them, such as what is left out.
    """

    category: str
    begins: bool
    items: list[Item]
    said: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Which of one category's records: `most` of them after the first `skip`."""

    category: Category
    skip: int
    most: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which part of the record is printed: one kind, and years, both included; None for all."""

    category: Category | None = None
    since: int | None = None
    until: int | None = None

    @property
    def years(self) -> str:
        """The years in words, "" for all of them."""
        if self.since and self.until:
            return f"from {self.since} to {self.until}"
        if self.until:
            return f"up to {self.until}"
        return f"from {self.since} on" if self.since else ""

    @property
    def left_out(self) -> list[str]:
        """What a part says of the rest of the record."""
        said = ["This is a part of the record, not everything."] * bool(self.category or self.years)
        if self.years:
            said.append(f"Only items {self.years}. Items without a date are left out.")
        return said

    @property
    def query(self) -> str:
        """It as the query of an address; "" when nothing is chosen."""
        kind = self.category.value if self.category else None
        found = {"category": kind, "since": self.since, "until": self.until}
        return urlencode({name: value for name, value in found.items() if value})


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to print: items of each category, in the order they are printed."""

    counts: Mapping[Category, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def pages(self) -> int:
        """About how many pages of paper that is."""
        return max(1, round(self.total / ITEMS_ON_PAPER))

    @property
    def long(self) -> bool:
        """Whether printing it all needs a word of warning."""
        return self.total > LONG

    @property
    def parts(self) -> range:
        """The numbers of the PDFs it takes, from 1."""
        return range(1, -(-self.total // MOST_IN_PDF) + 1)

    def spans(self, part: int | None = None) -> list[Span]:
        """Everything, or the items of one part (counted from 1) of at most `MOST_IN_PDF` items."""
        start = (part - 1) * MOST_IN_PDF if part else 0
        end = start + MOST_IN_PDF if part else self.total
        found, at = [], 0
        for category, count in self.counts.items():
            low, high = max(start, at), min(end, at + count)
            if low < high:
                found.append(Span(category, low - at, high - low))
            at += count
        return found


def item(
    shown: Shown,
    day: str,
    *,
    added: datetime,
    labels: list[Sensitivity],
    files: list[int],
    by_hand: str = "",
) -> Item:
    """One record as it is printed; `files` are the numbers of the files it comes from.

    `day` is an ISO 8601 date as precise as it is known, "" for what has none. `by_hand` says what
    the patient did: "Entered" or "Corrected".
    """
    kinds = ", ".join(label.label for label in labels if label not in _PLAIN)
    undated = f"No date. Added on {dates.date(added.date().isoformat())}"
    about = [dates.date(day) or undated]
    about += [f"Sensitive: {kinds}"] if kinds else []
    about += [said] if (said := origin(files, by_hand)) else []
    lines = [Text(text, rtl(text), name) for name, text in shown.whole]
    title, note = Text(shown.title, rtl(shown.title)), Text(shown.note, rtl(shown.note))
    return Item(title, ". ".join(about), lines, note)


def origin(files: list[int], by_hand: str = "") -> str:
    """Where an item comes from: the numbers of its files, and what the patient did."""
    said = [f"From file {', '.join(map(str, files))}"] if files else []
    return ". ".join([*said, *([f"{by_hand} by the patient"] if by_hand else [])])


def source(number: int, name: str, at: datetime) -> str:
    """A file that items come from; its name was typed by somebody."""
    return f"File {number}: {clean(name, 120)}, uploaded on {dates.date(at.date().isoformat())}"


def sentences(extent: Extent, chosen: Chosen, part: int | None = None) -> list[str]:
    """What stands before the items: how many there are, which, and what is left out."""
    category = chosen.category
    many = f"{extent.total:,} item{'' if extent.total == 1 else 's'}"
    what = f"{many} of one kind: {category.label}." if category else f"{many} of every kind."
    parts = len(extent.parts)
    which = f" This is part {part} of {parts}." if part and parts > 1 else ""
    return [
        f"{what}{which} The newest of each kind comes first.",
        *chosen.left_out,
        "Sensitive items say so. Keep this print where only people you trust can read it.",
        "Pictures, and the files that you uploaded, are not in it.",
    ]


def born(day: date | None) -> str:
    """When the person was born, as every print says it beside her name."""
    return f"Born {dates.date(day.isoformat())}" if day else "Date of birth not given"


def paper(
    name: str,
    born_on: date | None,
    at: datetime,
    sections: Sequence[Section],
    *,
    title: str = TITLE,
    said: Sequence[str] = (),
    sources: Sequence[str] = (),
) -> dict[str, Any]:
    """What `phr.printing.pdf.make_pdf` sets: whose it is, from when, and what stands in it."""
    return {
        "title": title,
        "name": name,
        "born": born(born_on),
        "printed": f"Printed on {dates.date(at.date().isoformat())}",
        "heading": f"{title} of {name}",
        "sentences": list(said),
        "sections": sections,
        "sources": list(sources),
        "sources_heading": SOURCES,
        "unprintable": UNPRINTABLE,
    }


def rtl(text: str) -> bool:
    """Whether the first letter with a direction runs right to left (UAX #9, rules P2 and P3)."""
    for letter in text:
        kind = bidirectional(letter)
        if kind in {"L", "R", "AL"}:
            return kind != "L"
    return False
