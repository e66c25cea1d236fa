"""Choice elements: value[x], onset[x], effective[x] … in words. Source: FHIR R4 §2.1.0.3."""

import re
from collections.abc import Callable
from typing import Any, Final

from phr.display.concepts import coding, concept, plain
from phr.display.dates import moment, period
from phr.display.names import annotations, attachment, human_name, referred
from phr.display.quantities import age, duration, extent, money, number, quantity, ratio
from phr.display.timing import timing
from phr.display.words import clean, clean_lines, one


def string(value: object) -> str:
    """Words as written, save that a date written as a code is put into words."""
    text = clean_lines(value)
    return moment(text) if _A_DAY.fullmatch(text) else text


def _truth(value: object) -> str:
    return {True: "Yes", False: "No"}.get(value, "") if isinstance(value, bool) else ""


def _waveform(value: object) -> str:
    return "A recorded curve (see the original)" if isinstance(value, dict) else ""


_A_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d.*)?", re.ASCII)
_BY_SUFFIX: Final[dict[str, Callable[[object], str]]] = {
    "CodeableConcept": concept,
    "Coding": coding,
    "Code": plain,
    "Quantity": quantity,
    "SimpleQuantity": quantity,
    "Age": age,
    "Duration": duration,
    "Range": extent,
    "Ratio": ratio,
    "Money": money,
    "Period": period,
    "Timing": timing,
    "DateTime": moment,
    "Date": moment,
    "Instant": moment,
    "Time": lambda value: clean(value, 5),
    "Boolean": _truth,
    "Integer": number,
    "PositiveInt": number,
    "UnsignedInt": number,
    "Decimal": number,
    "String": string,
    "Markdown": clean_lines,
    "Uri": lambda value: clean(value, 200),
    "Attachment": attachment,
    "HumanName": human_name,
    "SampledData": _waveform,
}


def choice(root: dict[str, Any], holder: dict[str, Any], name: str) -> str:
    """The value of `name`[x] in `holder`, whichever type it was given as, in words."""
    for key, value in holder.items():
        suffix = key[len(name) :] if key.startswith(name) else ""
        if suffix == "Reference":
            return referred(root, value)
        if suffix == "Annotation":
            return annotations(root, value)
        if suffix in _BY_SUFFIX:
            return _BY_SUFFIX[suffix](value)
    return ""


def first_choice(resource: dict[str, Any], *names: str) -> str:
    """The first of several choice elements that says something, for example a date."""
    for name in names:
        found = choice(resource, resource, name) or moment(resource.get(name))
        if found:
            return found
    return ""


def extension(holder: dict[str, Any], ending: str) -> str:
    """The value of the extension whose URL ends so, in words."""
    extensions = holder.get("extension")
    for item in extensions[:50] if isinstance(extensions, list) else []:
        url = one(item).get("url")
        if isinstance(url, str) and url.endswith(ending):
            return choice({}, item, "value")
    return ""
