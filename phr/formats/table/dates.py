"""Days and times as tables write them, in seven languages. Source: FHIR R4 dateTime, ISO 8601."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from phr.formats.table.words import plain

_ISO = r"(?P<y1>\d{4})(?P<s1>[-/.]?)(?P<m1>\d\d?)(?P=s1)(?P<d1>\d\d?)"
_DIGITS = r"(?P<a>\d\d?)(?P<s2>[-/.])(?P<b>\d\d?)(?P=s2)(?P<y2>\d{4}|\d\d)"
_NAME = r"[^\W\d_]{3,12}"
_NAMED = (
    rf"(?P<d3>\d\d?)(?:\.|st|nd|rd|th|º)?[ -](?:de )?(?P<m3>{_NAME})\.?"
    r"[ ,-]{1,2}(?:de )?(?P<y3>\d{4})"
    rf"|(?P<m4>{_NAME})\.? (?P<d4>\d\d?)(?:st|nd|rd|th)?,? (?P<y4>\d{{4}})"
)
_TIME = (
    r"(?P<h>\d\d?)[:h](?P<min>\d\d)(?::(?P<sec>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s?(?P<half>[apAP])\.?\s?[mM]\.?)?(?:\s?Uhr)?\s?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_CELL = re.compile(rf"(?:{_ISO}|{_DIGITS}|{_NAMED})(?:(?:T|,? +|,)(?P<time>{_TIME}))?")
_CLOCK = re.compile(_TIME)
# Days since 1899-12-30 as spreadsheets count them, from 1927 on: fewer digits are years.
_SERIAL = re.compile(r"\d{5}(?:[.,]\d{1,15})?", re.ASCII)
_FIRST_SERIAL = datetime(1899, 12, 30, tzinfo=UTC)
# By how the names of the months begin in English, German, French, Spanish, Portuguese, Italian and
# Dutch; the longest beginning counts.
_MONTHS = {
    begin: month
    for month, begins in enumerate(
        ("jan ene gen", "feb fev", "mar mrz mrt maa", "apr avr abr", "may mai mag mei",
         "jun juin giu", "jul juil lug", "aug aou ago", "sep set", "oct okt out ott", "nov",
         "dec dez dic"),
        start=1,
    )
    for begin in begins.split()
}  # fmt: skip
_CENTURY = 69
_EARLIEST = 1880
_LAST_MONTH = 12


@dataclass(frozen=True, slots=True)
class Moment:
    """A day as a FHIR date; `time` as hh:mm:ss or "", `zone` as +hh:mm, Z or "" for not said."""

    day: str
    time: str = ""
    zone: str = ""

    @property
    def fhir(self) -> str:
        """A FHIR dateTime; without a zone a time could mean any of 26 hours: then only the day."""
        return f"{self.day}T{self.time}{self.zone}" if self.time and self.zone else self.day


def local(at: Moment, zone: ZoneInfo | None) -> Moment:
    """With the offset that clocks in a zone had then; of an hour that came twice, the first."""
    if not at.time or at.zone or zone is None:
        return at
    read = datetime.combine(datetime.fromisoformat(at.day), time.fromisoformat(at.time), zone)
    offset = read.isoformat()[19:]
    # Before time zones, towns were minutes and seconds apart; FHIR has no seconds there.
    return Moment(at.day, at.time, offset if len(offset) == len("+00:00") else "")


def serial(cell: str) -> Moment | None:
    """What a spreadsheet's number of days says (the system that begins in 1900); None if nothing."""
    if not _SERIAL.fullmatch(cell):
        return None
    days = Decimal(cell.replace(",", "."))
    on = _FIRST_SERIAL + timedelta(seconds=round(days * 86400))
    if on > datetime.now(UTC) + timedelta(days=1):
        return None
    return Moment(f"{on:%Y-%m-%d}", f"{on:%H:%M:%S}" if days % 1 else "")


def moment(cell: str, order: str) -> Moment | None:
    """What a cell says, days before months unless `order` is "mdy"; None when it is no real day."""
    found = _CELL.fullmatch(cell)
    if found is None:
        return None
    year, month, day = _parts(found, order)
    try:
        on = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    if on.year < _EARLIEST or on > datetime.now(UTC) + timedelta(days=1):
        return None
    time, zone = _clock(found) if found["time"] else ("", "")
    return Moment(on.date().isoformat(), time, zone)


def clock(cell: str) -> tuple[str, str]:
    """A time of day as hh:mm:ss and its zone; two times "" where it is none."""
    found = _CLOCK.fullmatch(cell)
    return _clock(found) if found else ("", "")


def _parts(found: re.Match[str], order: str) -> tuple[int, int, int]:
    if found["y1"]:
        return int(found["y1"]), int(found["m1"]), int(found["d1"])
    if found["y2"]:
        year = int(found["y2"])
        if len(found["y2"]) == 2:
            year += 2000 if year < _CENTURY else 1900
        first, second = int(found["a"]), int(found["b"])
        months_first = order == "mdy" and found["s2"] != "."
        return (year, first, second) if months_first else (year, second, first)
    name = plain(found["m3"] or found["m4"])
    month = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)
    return int(found["y3"] or found["y4"]), month, int(found["d3"] or found["d4"])


def _clock(found: re.Match[str]) -> tuple[str, str]:
    hour, minute, second = int(found["h"]), int(found["min"]), int(found["sec"] or 0)
    if half := (found["half"] or "").lower():
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return "", ""
    zone = found["zone"] or ""
    if zone not in ("", "Z"):
        zone = f"{zone[:3]}:{zone[-2:]}"
    return f"{hour:02}:{minute:02}:{second:02}", zone


@dataclass(slots=True)
class Order:
    """Finds out whether days or months come first, by seeing the cells of one column."""

    either: bool = False
    dmy: bool = False
    mdy: bool = False

    def see(self, cell: str) -> None:
        """Take one cell into account."""
        found = _CELL.fullmatch(cell)
        if found is None or not found["a"]:
            return
        self.dmy = self.dmy or int(found["a"]) > _LAST_MONTH or found["s2"] == "."
        self.mdy = self.mdy or (int(found["b"]) > _LAST_MONTH and found["s2"] != ".")
        self.either = True

    @property
    def settled(self) -> bool:
        """Whether more cells would tell nothing more."""
        return self.dmy or self.mdy

    @property
    def said(self) -> str:
        """ "dmy", "mdy", "either" where no cell told, or "" where it does not matter."""
        if self.settled:
            return "dmy" if self.dmy else "mdy"
        return "either" if self.either else ""
