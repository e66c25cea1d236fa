"""The data map: every place that holds data, why, for how long, and how it leaves (GDPR Art. 30).

`data/data_map/*.toml` says it field by field; tests/rights/test_data_map.py compares that with what
is installed, so that nothing can be kept that is not written there.
"""

import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "data_map"


class DataCategory(StrEnum):
    """Categories of personal data (GDPR Art. 30(1)(c)), in the order in which people read them."""

    HEALTH = "health"
    SHARING = "sharing"
    ACCESS_LOG = "access log"
    REQUESTS = "requests"
    ACCOUNT = "account"
    SECURITY = "security"
    OPERATIONS = "operations"
    NONE = "none"


class Source(StrEnum):
    """Where data come from, as for portability (GDPR Art. 20; WP 242 rev.01, section III)."""

    PROVIDED = "provided"
    OBSERVED = "observed"
    DERIVED = "derived"
    NONE = "none"


class Basis(StrEnum):
    """Why data may be processed (GDPR Art. 6(1)(a) to (f), Art. 9(2)(a))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    EXPLICIT_CONSENT = "explicit consent"
    LEGAL_OBLIGATION = "legal obligation"
    LEGITIMATE_INTERESTS = "legitimate interests"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Entry:
    """What holds for one field of one table, or for one place that has no fields.

    `export` names a part of the archive a person takes away, else `unexported` says why not.
    `erase` names a step of the erasure of an account, `ends` the beat task that clears it away
    before that; `stays` says on which ground it outlives the account.
    """

    place: str
    field: str = ""
    category: DataCategory = DataCategory.NONE
    source: Source = Source.NONE
    basis: Basis = Basis.NONE
    says: str = ""
    keep: str = ""
    export: str = ""
    unexported: str = ""
    erase: str = ""
    ends: str = ""
    stays: str = ""

    @property
    def name(self) -> str:
        return f"{self.place}.{self.field}" if self.field else self.place


_SAID = {one.name for one in fields(Entry)} - {"place", "field"}
_TYPES = {"category": DataCategory, "source": Source, "basis": Basis}


@cache
def entries() -> tuple[Entry, ...]:
    """The whole map, in the order of its files.

    Raises ValueError for a word that is none of a map, and for what is said twice.
    """
    written: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        if twice := read.keys() & written.keys():
            raise ValueError(f"{path.name} says again: {sorted(twice)}")
        written |= read
    found = [entry for place, row in written.items() for entry in _place(place, row, written)]
    if len({entry.name for entry in found}) != len(found):
        raise ValueError("a field is listed twice")
    return tuple(found)


def _place(place: str, row: dict[str, Any], written: dict[str, dict[str, Any]]) -> list[Entry]:
    if "same" in row:
        row = {key: value for key, value in written[row["same"]].items() if key in _SAID}
    said = {key: value for key, value in row.items() if key in _SAID}
    if unknown := row.keys() - _SAID - {"fields", "none", "other"}:
        raise ValueError(f"{place}: nothing is called {sorted(unknown)}")
    if "fields" not in row and "none" not in row:
        return [_entry(place, "", said)]
    found = [_entry(place, field, said) for field in row.get("fields", [])]
    found += [_entry(place, field, {}) for field in row.get("none", [])]
    for other in row.get("other", []):
        told = said | {key: value for key, value in other.items() if key != "fields"}
        found += [_entry(place, field, told) for field in other["fields"]]
    return found


def _entry(place: str, field: str, said: dict[str, str]) -> Entry:
    typed: dict[str, Any] = {
        key: _TYPES[key](value) if key in _TYPES else value for key, value in said.items()
    }
    return Entry(place, field, **typed)
