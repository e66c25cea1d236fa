"""Two versions of one item side by side: what each says under the same heading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from phr.display.shown import TEXT, Shown

# What a new version always has otherwise, and what only repeats the rest.
_UNSAID = frozenset(("meta", "text", "id"))


@dataclass(frozen=True, slots=True)
class Change:
    """What two versions say under one heading; "" where one says nothing."""

    name: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


def compared(before: Shown, after: Shown) -> list[Change]:
    """Every heading of the two, in reading order; headings that come twice keep their order."""
    first, second = dict(_lines(before)), dict(_lines(after))
    names = list(first)
    for place, name in enumerate(second):
        if name not in first:
            names.insert(min(place, len(names)), name)
    return [Change(name[0], first.get(name, ""), second.get(name, "")) for name in names]


def _lines(shown: Shown) -> Iterator[tuple[tuple[str, int], str]]:
    times: dict[str, int] = {}
    for name, text in [("Title", shown.title), *shown.whole, (TEXT, shown.note)]:
        if text:
            times[name] = times.get(name, 0) + 1
            yield (name, times[name]), text


def unsaid(before: dict[str, Any], after: dict[str, Any], changes: Sequence[Change]) -> bool:
    """Whether two resources differ although every heading says the same."""
    if any(change.changed for change in changes):
        return False
    return _content(before) != _content(after)


def _content(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in _UNSAID}
