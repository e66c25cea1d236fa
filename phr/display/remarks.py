"""Modifier extensions: remarks without which a resource may mean something else.

Source: https://hl7.org/fhir/R4/extensibility.html#modifierExtension
"""

from typing import Any, Final

from phr.display.fallback import said
from phr.display.words import clean, clean_lines, each, joined, spaced

_APART: Final = frozenset(("contained", "modifierExtension", "meta", "text"))
_DEEPEST_REMARK: Final = 2
_MOST_NODES: Final = 2000
MOST: Final = 10
LONGEST: Final = 500


def remarks(resource: dict[str, Any]) -> list[str]:
    """Each modifier extension, at any depth, as `Name: value`; at most 10 of up to 500 letters."""
    found: dict[str, None] = {}
    left, layer = _MOST_NODES, [resource]
    while layer and left > 0 and len(found) < MOST:
        below: list[dict[str, Any]] = []
        for node in layer:
            if "modifierExtension" in node:
                room = MOST - len(found)
                found |= dict.fromkeys(map(_remark, each(node["modifierExtension"])[:room]))
            left -= len(node)
            if left <= 0:
                break
            for name, value in node.items():
                if isinstance(value, dict | list) and name not in _APART:
                    below += each(value)
        layer = below
    return list(found)[:MOST]


def _remark(extension: dict[str, Any], depth: int = 0) -> str:
    url = clean(extension.get("url"), 200).rstrip("/")
    name = spaced(url.rpartition("/")[2].replace("-", " ").replace("_", " ")) or "Remark"
    values = [value for key, value in extension.items() if key.startswith("value")]
    nested = each(extension.get("extension"))[:MOST] if depth < _DEEPEST_REMARK else []
    inner = [_remark(one, depth + 1) for one in nested]
    told = joined([*(said(extension, value) for value in values[:1]), *inner], ", ")
    return clean_lines(joined((name, told), ": "), LONGEST)
