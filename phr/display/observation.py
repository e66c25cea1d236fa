"""Observation, DiagnosticReport, Specimen and MolecularSequence in words."""

from collections.abc import Callable
from typing import Any, Final

from phr.display.choices import choice, first_choice
from phr.display.concepts import coded_in, codes, concept, concepts, interpretation, plain
from phr.display.dates import moment
from phr.display.names import annotations, attached_text, attachment, everyone, referred
from phr.display.other_units import in_other_units
from phr.display.quantities import extent, number, unit
from phr.display.shown import Shown, facts, notes
from phr.display.words import clean, clean_lines, each, joined, one

_SYSTOLIC: Final = "8480-6"
_DIASTOLIC: Final = "8462-4"
_NUMBERS: Final = {_SYSTOLIC: "upper number", _DIASTOLIC: "lower number"}
_MOST_COMPONENTS: Final = 40


def observation(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Observation: "Blood pressure: 120/80 mmHg"."""
    name = concept(resource.get("code")) or "Measurement or finding"
    result = _result(resource)
    pressure = blood_pressure(resource)
    title = f"Blood pressure: {pressure}" if pressure else _titled(name, result)
    return Shown(
        title,
        facts(
            ("Result", pressure or result),
            ("In other units", in_other_units(resource)),
            ("Marked as", _of_all(resource, _marked, pressure=bool(pressure))),
            ("Normal range", _of_all(resource, _ranges, pressure=bool(pressure))),
            *_components(resource, shown=bool(pressure)),
            ("Date", first_choice(resource, "effective", "issued")),
            ("Status", _status(resource)),
            ("Kind", concepts(resource.get("category"))),
            ("Part of the body", concept(resource.get("bodySite"))),
            ("How it was measured", concept(resource.get("method"))),
            ("Device", referred(resource, resource.get("device"))),
            ("Sample", referred(resource, resource.get("specimen"))),
            ("About", everyone(resource, resource.get("focus"))),
            ("By", everyone(resource, resource.get("performer"))),
        ),
        annotations(resource, resource.get("note")),
    )


def _titled(name: str, result: str) -> str:
    return f"{name}: {result}" if result and len(result) <= 80 and "\n" not in result else name


def _result(holder: dict[str, Any]) -> str:
    found = choice({}, holder, "value")
    if found:
        return found
    reason = concept(holder.get("dataAbsentReason"))
    return f"No result ({reason.lower()})" if reason else ""


def blood_pressure(resource: dict[str, Any]) -> str:
    """ "120/80 mmHg" when the components are a systolic and a diastolic pressure in one unit."""
    if "component" not in resource:
        return ""
    found = {}
    for component in each(resource.get("component")):
        for code in codes(component.get("code")) & {_SYSTOLIC, _DIASTOLIC}:
            found[code] = one(component.get("valueQuantity"))
    upper, lower = found.get(_SYSTOLIC, {}), found.get(_DIASTOLIC, {})
    high, low = number(upper.get("value")), number(lower.get("value"))
    same = unit(upper) == unit(lower) and not {"comparator"} & (upper.keys() | lower.keys())
    return f"{high}/{low} {unit(upper)}".strip() if high and low and same else ""


def _marked(holder: dict[str, Any]) -> str:
    return interpretation(holder.get("interpretation"))


def _of_all(
    resource: dict[str, Any], said: Callable[[dict[str, Any]], str], *, pressure: bool
) -> str:
    """What is said of the whole, and of either number where the two are told as one pressure."""
    told = [said(resource)]
    for component in each(resource.get("component")) if pressure else []:
        for code, which in _NUMBERS.items():
            if coded_in(component.get("code"), code) and (text := said(component)):
                told.append(f"{which} {text}")
    return joined(told)


def _components(resource: dict[str, Any], *, shown: bool) -> list[tuple[str, str]]:
    """One fact for each component, with its own reading of high or low, and how many more."""
    pairs = []
    for component in each(resource.get("component"))[:_MOST_COMPONENTS]:
        if shown and coded_in(component.get("code"), _SYSTOLIC, _DIASTOLIC):
            continue
        usual = _ranges(component)
        remarks = joined((_marked(component), f"normal range {usual}" if usual else ""), ", ")
        result = _result(component)
        text = f"{result} ({remarks})" if result and remarks else result or remarks
        pairs.append((concept(component.get("code")) or "Part", text))
    parts = resource.get("component")
    more = len(parts) - _MOST_COMPONENTS if isinstance(parts, list) else 0
    return [*pairs, ("Not shown", f"and {more} more in the original" if more > 0 else "")]


def _ranges(holder: dict[str, Any]) -> str:
    texts = []
    for usual in each(holder.get("referenceRange")):
        kind = concept(usual.get("type"))
        said = extent(usual) or clean(usual.get("text"))
        whom = joined((concepts(usual.get("appliesTo")), extent(usual.get("age"))), ", ")
        about = joined(("" if "normal" in kind.lower() else kind, whom), ", ")
        texts.append(f"{said} ({about})" if said and about else said)
    return joined(texts)


def _status(resource: dict[str, Any]) -> str:
    return "" if resource.get("status") == "final" else plain(resource.get("status"))


def diagnostic_report(resource: dict[str, Any]) -> Shown:
    """FHIR R4 DiagnosticReport, with its conclusion and what an attached plain text says."""
    effective = choice(resource, resource, "effective")
    forms = each(resource.get("presentedForm"))
    return Shown(
        concept(resource.get("code")) or concepts(resource.get("category")) or "Report",
        facts(
            ("Conclusion", clean_lines(resource.get("conclusion"))),
            ("Found", concepts(resource.get("conclusionCode"))),
            ("Date", effective or moment(resource.get("issued"))),
            ("Reported", moment(resource.get("issued")) if effective else ""),
            ("Kind", concepts(resource.get("category"))),
            ("Status", _status(resource)),
            ("Results", everyone(resource, resource.get("result"))),
            ("Samples", everyone(resource, resource.get("specimen"))),
            (
                "Pictures",
                joined(clean(item.get("comment")) for item in each(resource.get("media"))),
            ),
            ("Files", joined(attachment(form) for form in forms)),
            ("By", everyone(resource, resource.get("performer"))),
            ("Read by", everyone(resource, resource.get("resultsInterpreter"))),
        ),
        notes(*(attached_text(form) for form in forms)),
    )


def specimen(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Specimen."""
    collection = one(resource.get("collection"))
    return Shown(
        joined(("Sample", concept(resource.get("type"))), ": "),
        facts(
            ("Taken", choice({}, collection, "collected")),
            ("Received", moment(resource.get("receivedTime"))),
            ("Amount", choice({}, collection, "quantity")),
            ("Taken from", concept(collection.get("bodySite"))),
            ("How", concept(collection.get("method"))),
            ("Taken by", referred(resource, collection.get("collector"))),
            ("Before eating", choice({}, collection, "fastingStatus")),
            ("Condition", concepts(resource.get("condition"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )
