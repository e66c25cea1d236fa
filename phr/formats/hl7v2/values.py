"""HL7 v2 data types as FHIR R4 ones. Source: HL7 v2.5.1 chapter 2.A, HL7 v2-to-FHIR."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from phr.formats.hl7v2.segments import Segment
from phr.formats.resource import decimal

Json = dict[str, Any]

_UCUM = "http://unitsofmeasure.org"
# HL7 table 0396. Local tables (L, 99…) have no system: their codes mean something only there.
_SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNM": "http://snomed.info/sct",
    "UCUM": _UCUM,
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
}
_NUMBER = re.compile(r"([+-]?)0*(\d*)(?:\.(\d*))?")
_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.(\d{1,4}))?)?([+-]\d{4})?")
# Those that FHIR knows.
_OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3])[0-5][0-9]|1400)")
_CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d)?(?:\.\d{1,4})?(?:[+-]\d{4})?")
_FIGURE = r"[+-]?[\d.,]+"
_RANGE = re.compile(rf"({_FIGURE})\s*-\s*({_FIGURE})")
_BOUND = re.compile(rf"(<=?|>=?)\s*({_FIGURE})")
_COMPARED = re.compile(rf"(<=?|>=?|≤|≥)?\s*({_FIGURE})")
_SIGN = {"≤": "<=", "≥": ">="}
# 250,000 may be a quarter of a million, and 3,125 may be three and an eighth: nobody says.
_UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_MOST_VALUE = 40
_POWER = re.compile(r"\d{1,2}(?:/\S+)?")


def number(text: str) -> Any:
    """An NM value as a FHIR decimal, its digits as written. Raises ValueError when it is none."""
    found = _NUMBER.fullmatch(text)
    if not found or (not text.strip("+-.0") and "0" not in text) or len(text) > 40:
        raise ValueError("not a number")
    sign, whole, part = found.groups()
    return decimal(f"{'-' if sign == '-' else ''}{whole or '0'}{f'.{part}' if part else ''}")


def figure(text: str) -> Any:
    """A number as laboratories write it, with a decimal comma too, as a FHIR decimal.

    Raises ValueError where it is none, and where a comma may divide thousands.
    """
    if _UNCLEAR.fullmatch(text):
        raise ValueError("a comma that may mean two things")
    return number(text.replace(",", ".", 1))


def date_time(text: str, zone: str = "") -> str | None:
    """A TS, DTM or DT as a FHIR dateTime; None when it is not one.

    FHIR wants to know the time zone of a time. Where neither the value nor `zone` (that of MSH-7,
    +ZZZZ) tells one that there is, the date alone is kept.
    """
    found = _TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, part, own = found.groups()
    date = "-".join(each for each in (year, month, day) if each)
    zone = own or zone
    clock = f"T{hour}:{minute}:{second or '00'}" if minute else ""
    full = f"{date}{clock}{f'.{part}' if part and second else ''}{zone[:3]}:{zone[3:]}"
    chosen = full if day and clock and zone and _OFFSET.fullmatch(zone) else date
    return chosen if _real(chosen) else None


def instant(text: str, zone: str = "") -> str:
    """A TS as a FHIR instant, "" when it has no day; to tell which of two messages is the later.

    A day counts from midnight, and what names no zone, as UTC: those of one sender agree.
    """
    found = _TIME.fullmatch(text)
    if not found or not found[3]:
        return ""
    hour, minute, second, part, own = found.groups()[3:]
    clock = (
        f"{hour or '00'}:{minute or '00'}:{second or '00'}{f'.{part}' if part and second else ''}"
    )
    offset = own or zone or "+0000"
    chosen = f"{found[1]}-{found[2]}-{found[3]}T{clock}{offset[:3]}:{offset[3:]}"
    return chosen if _OFFSET.fullmatch(offset) and _real(chosen) else ""


def _real(text: str) -> bool:
    try:
        datetime.fromisoformat(text if len(text) > 9 else (text + "-01-01")[:10])
    except ValueError:
        return False
    return not text.startswith("0000")


def concept(segment: Segment, components: list[str]) -> Json | None:
    """A CE, CWE or CNE as a CodeableConcept; None when it is empty."""
    codings = [_coding(segment, components, at) for at in (1, 4)]
    kept = [each for each in codings if each]
    parts = (segment.part(components, at) for at in (9, 2, 5, 1))
    text = next((part for part in parts if part), "")
    found: Json = {"coding": kept} if kept else {}
    return found | ({"text": text} if text else {}) or None


def _coding(segment: Segment, components: list[str], at: int) -> Json:
    code, display, table = (" ".join(segment.part(components, at + n).split()) for n in range(3))
    if not code:
        return {}
    found = {"system": system} if (system := _system(table)) else {}
    return found | {"code": code} | ({"display": display} if display else {})


def _system(table: str) -> str:
    if found := re.fullmatch(r"HL7(\d{4})", table):
        return f"http://terminology.hl7.org/CodeSystem/v2-{found[1]}"
    return _SYSTEMS.get(table.upper(), "")


def field_concept(segment: Segment, field: int) -> Json | None:
    """The first repetition of a coded field."""
    first = next(iter(segment.repeated(field)), None)
    return concept(segment, first) if first else None


def unit(segment: Segment) -> Json:
    """OBX-6 as the unit of a Quantity: with a code only where it says that it is UCUM."""
    first = next(iter(segment.repeated(6)), [])
    code, shown, table = (segment.part(first, at) for at in (1, 2, 3))
    if not code and not shown:
        return {}
    if table.upper() == "UCUM" and code and not re.search(r"\s", code):
        return {"unit": shown or code, "system": _UCUM, "code": code}
    if code in ("10", "x10", "X10") and _POWER.fullmatch(shown):
        # 10^9/L, written although ^ divides components.
        return {"unit": f"{code}^{shown}"}
    return {"unit": code or shown}


def reference_range(segment: Segment) -> Json | None:
    """OBX-7 as Observation.referenceRange: its words, and its bounds where they are plain."""
    text = segment.whole(7)
    if not text:
        return None
    found: Json = {"text": text}
    bounds: dict[str, str] = {}
    if match := _RANGE.fullmatch(text):
        bounds = {"low": match[1], "high": match[2]}
    elif match := _BOUND.fullmatch(text):
        bounds = {"high" if match[1].startswith("<") else "low": match[2]}
    try:
        return found | {end: {"value": figure(n)} | unit(segment) for end, n in bounds.items()}
    except ValueError:
        return found


def value(segment: Segment, kind: str, zone: str) -> Json:
    """OBX-5 of type OBX-2 as Observation.value[x]; {} when it is empty.

    What does not fit its type is kept as text. Raises ValueError where the type is not read.
    """
    whole = segment.whole(5)
    if not whole:
        return {}
    if kind not in _READ:
        raise ValueError("the type of its value is not read")
    return _READ[kind](segment, zone) or {"valueString": whole}


def _quantity(segment: Segment, _: str) -> Json | None:
    text, of = segment.whole(5), unit(segment)
    found = _COMPARED.fullmatch(text)
    if not found:
        return _with_unit(text, of)
    sign, digits = found[1], found[2]
    compared = {"comparator": _SIGN.get(sign, sign)} if sign else {}
    try:
        return {"valueQuantity": compared | {"value": figure(digits)} | of}
    except ValueError:
        return _with_unit(text, of)


def _with_unit(text: str, of: Json) -> Json | None:
    """A value that is no number as text: with its unit, without which its digits say nothing."""
    if of and len(text) <= _MOST_VALUE and re.search(r"\d", text) and of["unit"] not in text:
        return {"valueString": f"{text} {of['unit']}"}
    return None


def _string(segment: Segment, zone: str) -> Json | None:
    """ST: a number where a unit stands beside it, else words."""
    return (_quantity(segment, zone) if unit(segment) else None) or _words(segment, zone)


def _structured(segment: Segment, _: str) -> Json | None:
    """SN: comparator, number, separator, number."""
    sign, first, between, second = (segment.text(5, at) for at in (1, 2, 3, 4))
    try:
        low: Json = {"value": number(first)} | unit(segment)
        if not between and sign in ("", "=", "<", "<=", ">", ">="):
            compared = {"comparator": sign} if sign not in ("", "=") else {}
            return {"valueQuantity": compared | low}
        if between == "-" and not sign:
            return {"valueRange": {"low": low, "high": {"value": number(second)} | unit(segment)}}
        if between in (":", "/") and not sign:
            bare = {"numerator": number(first), "denominator": number(second)}
            return {"valueRatio": {name: {"value": n} for name, n in bare.items()}}
    except ValueError:
        pass
    return {"valueString": f"{sign}{first}{between}{second}"}


def _coded(segment: Segment, _: str) -> Json | None:
    many = [concept(segment, each) for each in segment.repeated(5)]
    kept = [each for each in many if each]
    if len(kept) == 1:
        return {"valueCodeableConcept": kept[0]}
    return {"valueString": "\n".join(each["text"] for each in kept)} if kept else None


def _dated(segment: Segment, zone: str) -> Json | None:
    found = date_time(segment.text(5), zone)
    return {"valueDateTime": found} if found else None


def _clock(segment: Segment, _: str) -> Json | None:
    found = _CLOCK.fullmatch(segment.text(5))
    if not found or not _real(f"2000-01-01T{found[1]}:{found[2]}:{found[3] or '00'}"):
        return None
    return {"valueTime": f"{found[1]}:{found[2]}:{found[3] or '00'}"}


def _words(segment: Segment, _: str) -> Json | None:
    return {"valueString": segment.whole(5)}


_READ: dict[str, Callable[[Segment, str], Json | None]] = {
    "NM": _quantity,
    "ST": _string,
    "SN": _structured,
    **dict.fromkeys(("CE", "CWE", "CNE", "CF"), _coded),
    **dict.fromkeys(("DT", "TS", "DTM"), _dated),
    "TM": _clock,
    **dict.fromkeys(("TX", "FT", "IS", "ID", "SI", ""), _words),
}
