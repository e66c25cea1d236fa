"""Registers in which the licence of a care professional, or the number of a facility, is looked up.

Which one is the setting `PHR_LICENCE_REGISTER`: a file of the operator, or the address of a service
that answers like the NPPES NPI Registry (CMS, API version 2.1).
"""

import csv
import json
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

SECONDS = 5
MOST_BYTES = 1_000_000
# "80" health, "840" United States: what stands before an NPI in its check sum (45 CFR 162.406, CMS).
NPI_PREFIX = "80840"


class Outcome(StrEnum):
    """What came of looking a licence up."""

    FOUND = "found"
    NO_ANSWER = "no-answer"
    NOT_ACTIVE = "not-active"
    NOT_FOUND = "not-found"
    OTHER_NAME = "other-name"
    WRONG_NUMBER = "wrong-number"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a register said; `name` as it stands there."""

    outcome: Outcome
    name: str = ""


class Registry(Protocol):
    """Where a licence can be looked up by its number; `name` says which register it is."""

    @property
    def name(self) -> str: ...

    def look_up(self, number: str, name: str) -> Answer:
        """What stands there under the number, compared with the name somebody gave."""


def luhn(digits: str) -> bool:
    """Whether the last of some decimal digits is their check digit (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        double = int(digit) * (2 if place % 2 else 1)
        total += double - 9 if double > 9 else double
    return total % 10 == 0


def is_npi(text: str) -> bool:
    """Whether a text is a National Provider Identifier: ten digits, of which the last checks."""
    plain = text.isascii() and text.isdigit() and len(text) == 10 and text[0] in "12"
    return plain and luhn(NPI_PREFIX + text)


def same_name(given: str, registered: str) -> bool:
    """Whether every word of the registered name is in the given one, whatever case and accents."""
    words = _words(registered)
    return bool(words) and words <= _words(given)


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(
        one if one.isalnum() else " " for one in plain if not unicodedata.combining(one)
    )
    return set(letters.split())


def _judged(given: str, registered: str, *, active: bool) -> Answer:
    if not active:
        return Answer(Outcome.NOT_ACTIVE, registered)
    outcome = Outcome.FOUND if same_name(given, registered) else Outcome.OTHER_NAME
    return Answer(outcome, registered)


@dataclass(frozen=True, slots=True)
class FileRegistry:
    """A list of licences that the operator keeps: CSV with a heading, or JSON with objects.

    Columns or names: `number`, `name`, and `active` ("no" where the licence does not hold any more).
    """

    path: Path
    name: str = "list of the operator"

    def look_up(self, number: str, name: str) -> Answer:
        wanted = _plain(number)
        try:
            rows = self._rows()
        except (OSError, ValueError, csv.Error):
            return Answer(Outcome.NO_ANSWER)
        for row in rows:
            if _plain(str(row.get("number", ""))) == wanted:
                active = str(row.get("active", "yes")).strip().lower() not in {"no", "false", "0"}
                return _judged(name, str(row.get("name", ""))[:120], active=active)
        return Answer(Outcome.NOT_FOUND)

    def _rows(self) -> list[dict[str, Any]]:
        text = self.path.read_text(encoding="utf-8-sig")
        if self.path.suffix == ".json":
            found = json.loads(text)
            return (
                [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            )
        return list(csv.DictReader(text.splitlines()))


def _plain(number: str) -> str:
    return "".join(one for one in number if one.isalnum()).casefold()


class _Stay(HTTPRedirectHandler):
    """Follows nowhere: the register is asked at the address of the settings and at no other."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


_OPENER = build_opener(_Stay)


@dataclass(frozen=True, slots=True)
class NppesRegistry:
    """A service that answers like the NPPES NPI Registry, API version 2.1; asked over HTTP."""

    url: str
    name: str = "NPI registry"

    def look_up(self, number: str, name: str) -> Answer:
        if not is_npi(number.strip()):
            return Answer(Outcome.WRONG_NUMBER)
        try:
            found = self._asked(number.strip())
        except (HTTPException, OSError, ValueError):
            return Answer(Outcome.NO_ANSWER)
        if not isinstance(found, dict) or not isinstance(found.get("results"), list):
            return Answer(Outcome.NO_ANSWER)
        if not found["results"]:
            return Answer(Outcome.NOT_FOUND)
        return _entry(name, found["results"][0])

    def _asked(self, number: str) -> Any:
        query = urlencode({"version": "2.1", "number": number})
        request = Request(f"{self.url}?{query}", headers={"Accept": "application/json"})  # noqa: S310
        with _OPENER.open(request, timeout=SECONDS) as answer:
            return json.loads(answer.read(MOST_BYTES))


def _entry(given: str, result: Any) -> Answer:
    basic = result.get("basic") if isinstance(result, dict) else None
    if not isinstance(basic, dict):
        return Answer(Outcome.NO_ANSWER)
    parts = (basic.get("first_name"), basic.get("last_name"))
    whole = " ".join(str(part) for part in parts if part) or str(basic.get("organization_name", ""))
    return _judged(given, whole[:120], active=basic.get("status") == "A")


def registry() -> Registry | None:
    """The register of the settings; None where staff look elsewhere."""
    where = str(settings.PHR_LICENCE_REGISTER)
    if not where:
        return None
    if urlsplit(where).scheme in {"http", "https"}:
        return NppesRegistry(where)
    return FileRegistry(Path(where))
