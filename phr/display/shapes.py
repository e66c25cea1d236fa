"""FHIR data types told apart by the fields they have, for elements nobody wrote a line about."""

from collections.abc import Callable
from typing import Any, Final

from phr.display.choices import choice
from phr.display.concepts import coding, concept
from phr.display.dates import period
from phr.display.names import address, attachment, human_name, referred, telephone
from phr.display.quantities import extent, money, quantity, ratio
from phr.display.timing import timing
from phr.display.words import one


def data_type(root: dict[str, Any], value: dict[str, Any]) -> str | None:
    """The object in words as whichever FHIR data type its fields tell; None when it is none."""
    has = value.keys() - {"id", "extension"}
    if "reference" in has or has <= {"display", "type", "identifier"}:
        return referred(root, value)
    if has <= {"code"}:
        return choice(root, value, "code")
    for all_of, only, read in _DATA_TYPES:
        if all_of <= has and (not only or has <= only):
            return read(value)
    return None


def _contact(value: object) -> str:
    return telephone(one(value).get("value")) or quantity(value)


def _nothing(value: object) -> str:  # noqa: ARG001
    return ""


_ADDRESS: Final = frozenset(
    ("use", "type", "text", "line", "city", "district", "state", "postalCode", "country", "period")
)
# Which fields an object must have, which it may have at most (nothing: any), and how to read it
_DATA_TYPES: Final[
    tuple[tuple[set[str], frozenset[str] | set[str], Callable[[object], str]], ...]
] = (
    ({"coding"}, {"coding", "text"}, concept),
    ({"text"}, {"text"}, concept),
    ({"contentType"}, set(), attachment),
    ({"numerator"}, {"numerator", "denominator"}, ratio),
    ({"low"}, {"low", "high"}, extent),
    ({"high"}, {"low", "high"}, extent),
    ({"value", "currency"}, {"value", "currency"}, money),
    ({"system", "value"}, {"system", "value", "use", "rank", "period"}, _contact),
    ({"value"}, {"value", "unit", "code", "system", "comparator"}, quantity),
    ({"start"}, {"start", "end"}, period),
    ({"end"}, {"start", "end"}, period),
    ({"use"}, {"use", "rank", "period"}, _nothing),
    ({"text"}, {"text", "use", "period"}, human_name),
    ({"family"}, set(), human_name),
    ({"given"}, set(), human_name),
    ({"line"}, _ADDRESS, address),
    ({"city"}, _ADDRESS, address),
    ({"repeat"}, set(), timing),
    ({"system", "code"}, {"system", "code", "display", "version", "userSelected"}, coding),
)
