"""Points and intervals in time: HL7 TS and IVL_TS as FHIR dateTime and Period.

Sources: HL7 V3 data types R1 (TS); https://hl7.org/fhir/R4/datatypes.html#dateTime
"""

import re
from datetime import datetime

from phr.formats.ccda.tree import get, null, one
from phr.formats.hardened_xml import Element

Json = dict[str, str]

_TS = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?)?)?)?([+-]\d{4})?"
)


def instant(text: str) -> str:
    """A TS as a FHIR instant, "" when it has no day; to tell which of two documents is the later.

    A day counts from midnight, and what names no offset, as UTC: those of one sender agree.
    """
    found = _TS.fullmatch(text)
    offset = (found and found[8]) or "+0000"
    clock = found and "".join(part or "00" for part in found.groups()[3:6])
    said = moment(f"{''.join(found.groups()[:3])}{clock}{offset}") if found and found[3] else None
    return said if said and "T" in said else ""


def moment(text: str) -> str | None:
    """A TS as a FHIR date or dateTime, no more exact than it is; None when it is no real date.

    A time of day without its offset from UTC could mean any of 26 hours: then only the day is said.
    """
    found = _TS.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    date = "-".join(part for part in (year, month, day) if part)
    try:
        datetime.fromisoformat((date + "-01-01")[:10])
        if not hour or not offset:
            return date
        time = f"{hour}:{minute or '00'}:{second or '00'}"
        datetime.fromisoformat(f"{date}T{time}")
    except ValueError:
        return None
    if int(offset[1:3]) > 13 or int(offset[3:]) > 59:
        return date
    return f"{date}T{time}{fraction or ''}{offset[:3]}:{offset[3:]}"


def when(element: Element | None) -> str | None:
    """The one moment of a TS or IVL_TS: its value, else its beginning, centre or end."""
    for part in (element, *(one(element, step) for step in ("low", "center", "high"))):
        if not null(part) and (found := moment(get(part, "value"))):
            return found
    return None


def period(element: Element | None) -> Json | None:
    """An IVL_TS as a Period; None when neither end is known."""
    if null(element):
        return None
    start, end = (moment(get(one(element, step), "value")) for step in ("low", "high"))
    found = {"start": start, "end": end}
    return {k: v for k, v in found.items() if v} or None


def choice(element: Element | None, stem: str) -> dict[str, str | Json]:
    """`<stem>DateTime` or `<stem>Period`, whichever the interval is; {} when it says nothing.

    An interval that ends where it begins is a moment (C-CDA on FHIR 2.0, Results).
    """
    between = period(element)
    if between and between.get("start") != between.get("end"):
        return {f"{stem}Period": between}
    found = when(element)
    return {f"{stem}DateTime": found} if found else {}
