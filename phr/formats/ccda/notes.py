"""Comments and reasons inside an entry. Source: C-CDA R2.1, Comment Activity, Indication (V2)."""

from typing import Any

from phr.formats.ccda.context import Context, full
from phr.formats.ccda.people import author
from phr.formats.ccda.tree import every, get, negated, one, related
from phr.formats.ccda.values import concept
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_COMMENT = "48767-8"
_INDICATION = "22.4.19"


def notes(statement: Element, context: Context) -> list[Json]:
    """The comments as Annotations, with their authors."""
    found = []
    for act in every(statement, "entryRelationship/act"):
        words = context.says(one(act, "text"))
        if words and get(one(act, "code"), "code") == _COMMENT:
            who, at = author(act)
            found.append(full(authorString=(who or {}).get("display"), time=at, text=words))
    return found


def reasons(statement: Element, context: Context) -> list[Json]:
    """What it was done or given for."""
    found = (
        concept(one(each, "value"), context)
        for each in related(statement, _INDICATION)
        if not negated(each)
    )
    return [each for each in found if each]
