"""Which other resources a page needs in order to name everything a resource refers to."""

from typing import Any, Final

from phr.display.words import clean, each

_DEEPEST: Final = 4
MOST: Final = 50


def references(resource: dict[str, Any]) -> list[str]:
    """References that carry no words of their own, in their order, without repeats; at most 50.

    "Medication/1" or "urn:uuid:…", as written; the key `describe` expects in `linked`. The
    patient the record belongs to, and what is contained in the resource, are left out.
    """
    found: dict[str, None] = {}
    for name, value in resource.items():
        if name not in {"subject", "patient", "beneficiary", "contained", "meta", "text"}:
            _collect(value, found, 0)
    return list(found)[:MOST]


def _collect(value: object, found: dict[str, None], depth: int) -> None:
    if depth > _DEEPEST or len(found) >= MOST:
        return
    for node in each(value):
        target = clean(node.get("reference"), 200)
        if target and not target.startswith("#") and not clean(node.get("display")):
            found[target] = None
        for inner in node.values():
            if isinstance(inner, dict | list):
                _collect(inner, found, depth + 1)
