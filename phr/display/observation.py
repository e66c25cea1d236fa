"""Observation, DiagnosticReport, Specimen and MolecularSequence in words."""

from typing import Any, Final

from phr.display.choices import choice, first_choice
from phr.display.concepts import coded_in, codes, concept, concepts, interpretation, plain
from phr.display.dates import moment
from phr.display.names import annotations, attached_text, attachment, everyone, referred
from phr.display.quantities import extent, number, unit
from phr.display.shown import Shown, facts, notes
from phr.display.words import clean, clean_lines, each, joined, one

_SYSTOLIC: Final = "8480-6"
_DIASTOLIC: Final = "8462-4"


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
            ("Marked as", interpretation(resource.get("interpretation"))),
            ("Normal range", _ranges(resource)),
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
    found = {}
    for component in each(resource.get("component")):
        for code in codes(component.get("code")) & {_SYSTOLIC, _DIASTOLIC}:
            found[code] = one(component.get("valueQuantity"))
    upper, lower = found.get(_SYSTOLIC, {}), found.get(_DIASTOLIC, {})
    high, low = number(upper.get("value")), number(lower.get("value"))
    same = unit(upper) == unit(lower)
    return f"{high}/{low} {unit(upper)}".strip() if high and low and same else ""


def _components(resource: dict[str, Any], *, shown: bool) -> list[tuple[str, str]]:
    """One fact for each component, with its own reading of high or low."""
    pairs = []
    for component in each(resource.get("component"))[:40]:
        if shown and coded_in(component.get("code"), _SYSTOLIC, _DIASTOLIC):
            continue
        found = interpretation(component.get("interpretation"))
        usual = _ranges(component)
        remarks = joined((found, f"normal range {usual}" if usual else ""), ", ")
        result = _result(component)
        text = f"{result} ({remarks})" if result and remarks else result or remarks
        pairs.append((concept(component.get("code")) or "Part", text))
    return pairs


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
            ("Conclusion", clean_lines(resource.get("conclusion"), 1000)),
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
