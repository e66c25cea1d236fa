"""What is kept and for how long, in words: the data map as a page for people and as a document."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from rights.data_map import DataCategory, Entry, entries

# {NAME unit}: a setting, or a constant by its path.
LIVE = re.compile(r"\{([\w.]+) (second|minute|hour|day)\}")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
TITLES = {
    DataCategory.HEALTH: "Your health information",
    DataCategory.SHARING: "Who you share with",
    DataCategory.ACCESS_LOG: "The list of who has looked",
    DataCategory.REQUESTS: "Your choices and your requests",
    DataCategory.ACCOUNT: "Your account",
    DataCategory.SECURITY: "Signing in safely",
    DataCategory.OPERATIONS: "Running the portal",
}


def period(name: str, unit: str) -> str:
    """A number that is in force now, e.g. `14 days`.

    A timedelta, or a setting in seconds (its name ends in `_AGE` or `_SECONDS`), is counted in
    `unit`; any other number already is. Raises AttributeError or ImportError for a wrong name.
    """
    value = import_string(name) if "." in name else getattr(settings, name)
    if isinstance(value, timedelta):
        value = value.total_seconds() / SECONDS[unit]
    elif name.endswith(("_AGE", "_SECONDS")):
        value = value / SECONDS[unit]
    return f"{value:g} {unit}{'' if value == 1 else 's'}"


def _named(name: str, unit: str) -> str:
    return f"`{name}` ({unit}s)"


def _filled(text: str, fill: Callable[[str, str], str]) -> str:
    return LIVE.sub(lambda hit: fill(hit[1], hit[2]), text)


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept: what it is, for how long, and why a person does not get it in a file."""

    says: str
    keep: str
    unexported: str


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together for somebody who asks what is kept about her."""

    title: str
    things: tuple[Kept, ...]


def groups() -> list[Group]:
    """What is kept about people, in plain words, with the numbers that are in force."""
    return [Group(title, _things(category)) for category, title in TITLES.items()]


def _things(category: DataCategory) -> tuple[Kept, ...]:
    about = (entry for entry in entries() if entry.category is category)
    things = (Kept(one.says, _filled(one.keep, period), one.unexported) for one in about)
    return tuple(dict.fromkeys(things))


def document() -> str:
    """The data map as Markdown: a table for each place, a row for what holds for the same fields."""
    parts = [_HEAD]
    for place in dict.fromkeys(entry.place for entry in entries()):
        rows: dict[Entry, list[str]] = {}
        for entry in entries():
            if entry.place == place:
                rows.setdefault(_without_field(entry), []).append(entry.field)
        parts += [f"\n## {place}\n", _COLUMNS, *_lines(rows)]
    return "\n".join(parts) + "\n"


def _without_field(entry: Entry) -> Entry:
    return Entry("", "", *(getattr(entry, name) for name in Entry.__slots__[2:]))


def _lines(rows: dict[Entry, list[str]]) -> Iterable[str]:
    for said, names in rows.items():
        cells = [
            ", ".join(f"`{name}`" for name in names if name) or "all of it",
            said.category,
            *((said.source, said.basis) if said.says else "--"),
            _filled(said.keep, _named) or "-",
            said.export or (f"not: {said.unexported}" if said.says else "-"),
            _end(said),
        ]
        yield f"| {' | '.join(cells)} |"


def _end(said: Entry) -> str:
    step, task = f"step {said.erase}", f"`{said.ends}`"
    ways = [step if said.erase else "", task if said.ends else "", said.stays]
    return "; ".join(way for way in ways if way) or "-"


_HEAD = """# Data map

Every field and every other place that can hold data: of what category, from where, on which ground
(GDPR Art. 6 and 9), for how long, in which part of the file that a person takes away, and how it
goes when she deletes her account. `./manage.py data_map` makes this page from
`rights/data/data_map`; a test holds that nothing is missing and nothing is left over.

"None" means no personal data. Names in backticks under "kept" are settings. People read the same in
plain words, with the numbers in force, at `/privacy/kept/`."""
_COLUMNS = """| field | category | source | ground | kept | in the file | goes by |
|---|---|---|---|---|---|---|"""
