"""Quantity, Range, Ratio, Age, Duration and Money in words. Source: FHIR R4 Datatypes §2.24."""

import re
from decimal import Decimal
from typing import Final, TypeGuard

from phr.display.timing import UNITS
from phr.display.words import clean, one

# UCUM codes that a person would not read as what they are
_UNITS: Final = {
    "mm[Hg]": "mmHg",
    "mm Hg": "mmHg",
    "Cel": "°C",
    "C": "°C",
    "degrees C": "°C",
    "degrees F": "°F",
    "[degF]": "°F",
    "kg/m2": "kg/m²",
    "m2": "m²",
    "[in_i]": "in",
    "[ft_i]": "ft",
    "[lb_av]": "lb",
    "[oz_av]": "oz",
    "/min": "per minute",
    "{beats}/min": "beats per minute",
    "{Beats}/min": "beats per minute",
    "beats/minute": "beats per minute",
    "{breaths}/min": "breaths per minute",
    "breaths/minute": "breaths per minute",
    "10*3/uL": "\u00d710³/µL",
    "10*6/uL": "\u00d710⁶/µL",
    "10*9/L": "\u00d710⁹/L",
    "10*12/L": "\u00d710¹²/L",
    "ug": "µg",
    "uL": "µL",
    "umol/L": "µmol/L",
    "ug/mL": "µg/mL",
    "ug/L": "µg/L",
    "[IU]": "IU",
    "[iU]": "IU",
    "[IU]/L": "IU/L",
    "m[IU]/L": "mIU/L",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "[pH]": "",
    "pH": "",
    "1": "",
    "{score}": "points",
    "{#}": "",
    "{nominal}": "",
}
_COMPARED: Final = {"<": "less than ", "<=": "at most ", ">": "more than ", ">=": "at least "}
# v3-orderableDrugForm
_FORMS: Final = {
    "TAB": "tablet",
    "CAP": "capsule",
    "PUFF": "puff",
    "DROP": "drop",
    "Tab": "tablet",
    "Cap": "capsule",
    "tablet": "tablet",
    "capsule": "capsule",
}
_POWER: Final = re.compile(r"^x? ?10[*^](\d+)", re.ASCII)
_SUPERSCRIPT: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LARGEST: Final = 10**15


def measurable(value: object) -> TypeGuard[int | float | Decimal]:
    """Whether this is a JSON number of a size that can be written out; true and NaN are not."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    return -_LARGEST < value < _LARGEST if value == value else False  # noqa: PLR0124


def number(value: object) -> str:
    """A JSON number without noise: at most four decimals below 1, three below 10, else two.

    Source data may carry sixteen digits that nobody measured; the original keeps them.
    """
    if not measurable(value):
        return ""
    if isinstance(value, int):
        return str(value)
    size = abs(float(value))
    places = 8 if size < 0.001 else 4 if size < 1 else 3 if size < 10 else 2
    rounded = f"{value:.{places}f}"
    written = format(value, "f") if isinstance(value, Decimal) else rounded.rstrip("0").rstrip(".")
    return "0" if written == "-0" else min(written, rounded, key=len)


def unit(quantity: dict[str, object]) -> str:
    """The unit of a Quantity as people write it."""
    said = clean(quantity.get("unit"), 60) or clean(quantity.get("code"), 60)
    if said in _UNITS or said.isdecimal():
        return _UNITS.get(said, "")
    said = _POWER.sub(_raised, said)
    return said[1:-1] if said[:1] == "{" and said[-1:] == "}" else said


def _raised(power: re.Match[str]) -> str:
    return f"\u00d710{power[1].translate(_SUPERSCRIPT)}"


def quantity(value: object) -> str:
    """ "120 mmHg", "less than 5 mg/L", "98 %"; "" when there is no number."""
    found = one(value)
    amount = number(found.get("value"))
    if not amount:
        return ""
    compared = found.get("comparator")
    before = _COMPARED[compared] if isinstance(compared, str) and compared in _COMPARED else ""
    name = unit(found)
    if name in _FORMS:
        name = _FORMS[name] + ("" if amount == "1" else "s")
    return f"{before}{amount}{'' if name == '%' else ' '}{name}".strip()


def duration(value: object) -> str:
    """A Duration: "35 years", "1 day"."""
    found = one(value)
    amount = number(found.get("value"))
    name = UNITS.get(clean(found.get("code"), 20)) or UNITS.get(clean(found.get("unit"), 20))
    if not amount or not name:
        return quantity(value)
    return f"{amount} {name}{'' if amount == '1' else 's'}"


def age(value: object) -> str:
    """An Age: "age 35" or "age 4 months"."""
    said = duration(value).removesuffix(" years")
    return f"age {said}" if said else ""


def extent(value: object) -> str:
    """A Range: "3.5 to 5 mmol/L", "up to 5 mmol/L", "3.5 mmol/L or more"."""
    found = one(value)
    low, high = quantity(found.get("low")), quantity(found.get("high"))
    if low and high:
        same = unit(one(found.get("low"))) == unit(one(found.get("high")))
        return f"{number(one(found.get('low')).get('value')) if same else low} to {high}"
    return f"up to {high}" if high else f"{low} or more" if low else ""


def ratio(value: object) -> str:
    """A Ratio: "1:128" for titres, "5 mg per mL" for strengths, "3 tablets per day" for rates."""
    found = one(value)
    above, below = quantity(found.get("numerator")), duration(found.get("denominator"))
    plain = not unit(one(found.get("numerator"))) and not unit(one(found.get("denominator")))
    if not (above and below):
        return above
    return f"{above}:{below}" if plain else f"{above} per {below.removeprefix('1 ')}"


def money(value: object) -> str:
    """A Money value: "125.50 USD"."""
    found = one(value)
    amount = found.get("value")
    if not measurable(amount):
        return ""
    return f"{amount:,.2f} {clean(found.get('currency'), 10)}".strip()
