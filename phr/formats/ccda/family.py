"""What ran in the family. Sources: C-CDA R2.1, Family History Organizer (V3)
2.16.840.1.113883.10.20.22.4.45, Family History Observation (V3) …4.46, Age Observation …4.31, Family
History Death Observation …4.47; https://hl7.org/fhir/R4/familymemberhistory.html
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, full
from phr.formats.ccda.notes import notes
from phr.formats.ccda.systems import UCUM
from phr.formats.ccda.times import moment, when
from phr.formats.ccda.tree import every, get, name, negated, null, one, related, words
from phr.formats.ccda.values import concept, number, said
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_AGE, _DEATH = "22.4.31", "22.4.47"
_SEX = {"F": "female", "M": "male", "UN": "other"}
_SEXES = "http://hl7.org/fhir/administrative-gender"
_AGES = {"a": "a", "mo": "mo", "wk": "wk", "d": "d"}


def family_history(statement: Element, context: Context) -> Iterator[Draft]:
    """The FamilyMemberHistory of one member. What she did not have is a note, not a condition."""
    if name(statement) != "organizer":
        return
    member = one(statement, "subject/relatedSubject")
    person = one(member, "subject")
    found = [each for each in every(statement, "component/observation") if not null(each)]
    had = [each for each in found if not negated(each)]
    sex = _SEX.get(get(one(person, "administrativeGenderCode"), "code"))
    yield context.draft(
        "FamilyMemberHistory",
        statement,
        status="completed",
        relationship=concept(one(member, "code"), context),
        name=words(one(person, "name")),
        sex={"coding": [{"system": _SEXES, "code": sex}]} if sex else None,
        bornDate=_day(one(person, "birthTime")),
        date=when(one(statement, "effectiveTime")),
        condition=[c for c in (_condition(each, context) for each in had) if c],
        note=[n for each in found for n in notes(each, context)]
        + _never_had([each for each in found if negated(each)], context),
        **_death(person, had),
    )


def _day(time: Element | None) -> str | None:
    return (moment(get(time, "value")) or "")[:10] or None


def _what(observation: Element, context: Context) -> Json | None:
    found = concept(one(observation, "value"), context)
    return found or said(context.says(one(observation, "text")))


def _condition(observation: Element, context: Context) -> Json:
    """One Family History Observation; {} when it does not say what it was."""
    what = _what(observation, context)
    if not what:
        return {}
    died = next(related(observation, _DEATH), None)
    return full(
        code=what,
        contributedToDeath=True if died is not None and not negated(died) else None,
        onsetAge=_age(next(related(observation, _AGE), None)),
    )


def _age(observation: Element | None) -> Json | None:
    value = one(observation, "value")
    amount, unit = number(get(value, "value")), _AGES.get(get(value, "unit"))
    if amount is None or not unit or null(value):
        return None
    return {"value": amount, "system": UCUM, "code": unit, "unit": unit}


def _death(person: Element | None, had: list[Element]) -> Json:
    if at := _day(one(person, "sdtc:deceasedTime")):
        return {"deceasedDate": at}
    told = get(one(person, "sdtc:deceasedInd"), "value")
    died = any(not negated(each) for observation in had for each in related(observation, _DEATH))
    if told in ("true", "false") or died:
        return {"deceasedBoolean": died or told == "true"}
    return {}


def _never_had(observations: list[Element], context: Context) -> list[Json]:
    found = (_what(each, context) for each in observations)
    texts = [_shown(each) for each in found if each]
    return [{"text": f"Did not have: {', '.join(texts)}"}] if texts else []


def _shown(concept: Json) -> str:
    codings = [each.get("display") or each["code"] for each in concept.get("coding", [])]
    return str(concept.get("text") or codings[0])
