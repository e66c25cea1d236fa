"""A result in the unit that other countries use: only shown, never kept, and said to be about so.

Sources: UCUM 2.1 ([lb_av] is 0.45359237 kg, [in_i] is 2.54 cm, [degF]); glucose has a molar mass of
180.156 g/mol (its formula is C6H12O6), so that 1 mmol/L is 18.0156 mg/dL. The codes are those of
LOINC for glucose in blood, serum, plasma or capillary blood.
"""

from collections.abc import Callable
from typing import Any, Final

from phr.display.concepts import codes
from phr.display.quantities import measurable, number, unit
from phr.display.words import one

_GLUCOSE: Final = frozenset(
    ("2339-0", "2345-7", "1558-6", "32016-8", "41653-7",
     "15074-8", "14749-6", "14771-0", "14743-9")
)  # fmt: skip
_MG_IN_MMOL: Final = 18.0156
_Way = tuple[str, int, Callable[[float], float]]
# From a UCUM unit: to which, with how many decimals, and how.
_ALWAYS: Final[dict[str, _Way]] = {
    "[lb_av]": ("kg", 1, lambda pounds: pounds * 0.45359237),
    "[in_i]": ("cm", 0, lambda inches: inches * 2.54),
    "[degF]": ("Cel", 1, lambda degrees: (degrees - 32) / 1.8),
}
_OF_GLUCOSE: Final[dict[str, _Way]] = {
    "mmol/L": ("mg/dL", 0, lambda mmol: mmol * _MG_IN_MMOL),
    "mg/dL": ("mmol/L", 1, lambda mg: mg / _MG_IN_MMOL),
}


def in_other_units(resource: dict[str, Any]) -> str:
    """ "about 97 mg/dL" for an Observation of 5.4 mmol/L glucose; "" where no other unit is usual."""
    found = one(resource.get("valueQuantity"))
    value, coded = found.get("value"), found.get("code")
    ways = _ALWAYS | (_OF_GLUCOSE if codes(resource.get("code")) & _GLUCOSE else {})
    way = ways.get(coded) if isinstance(coded, str) else None
    if way is None or not measurable(value) or found.get("comparator"):
        return ""
    name, decimals, turned = way
    return f"about {number(round(turned(float(value)), decimals or None))} {unit({'code': name})}"
