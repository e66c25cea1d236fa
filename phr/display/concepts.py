"""Coding and CodeableConcept in words. Source: FHIR R4 Datatypes §2.24.0.6."""

import re
from collections.abc import Container
from typing import Any, Final

from phr.display.words import capital, clean, each, joined, lowered, one, spaced

# SNOMED CT fully specified names end in a semantic tag, which means nothing to a reader.
_TAG: Final = re.compile(
    r" \((?:disorder|finding|procedure|situation|observable entity|substance|product|"
    r"medicinal product|clinical drug|regime/therapy|event|body structure|qualifier value|"
    r"physical object|person|record artifact|environment|morphologic abnormality|specimen|"
    r"organism|occupation|context-dependent category)\)$"
)
_SYSTEMS: Final = {
    "http://snomed.info/sct": "SNOMED CT",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.whocc.no/atc": "ATC",
}
# One word a person understands for codes that carry none
_PLAIN: Final = {
    "entered-in-error": "Recorded by mistake",
    "registered": "Waiting for a result",
    "preliminary": "Early, may still change",
    "amended": "Changed after it was final",
    "superseded": "Replaced by a newer one",
    "noshow": "Did not attend",
    "on-hold": "On hold",
    "refuted": "Ruled out",
    "unconfirmed": "Not confirmed",
    "unknown": "Not known",
}
# HL7 v2 table 0074
_DIAGNOSTIC_SERVICES: Final = {
    "LAB": "Laboratory",
    "CH": "Chemistry",
    "HM": "Haematology",
    "MB": "Microbiology",
    "IMM": "Immunology",
    "BLB": "Blood bank",
    "GE": "Genetics",
    "CP": "Cytopathology",
    "SP": "Surgical pathology",
    "VR": "Virology",
    "TX": "Toxicology",
    "RAD": "Radiology",
    "RX": "X-ray",
    "CT": "CT scan",
    "NMR": "MRI scan",
    "RUS": "Ultrasound scan",
    "CUS": "Heart ultrasound scan",
    "NMS": "Nuclear medicine scan",
    "EC": "Heart tracing",
}
# LOINC names say in brackets which property was measured; the unit tells that already.
_PROPERTY: Final = re.compile(r" \[(?:[^\]]*/[^\]]*|Presence|Ratio|Identifier|Interpretation)\]")
_MOST_CODINGS: Final = 10
# Code systems that FHIR and HL7 define themselves: what a status means is said in these.
_HL7: Final = re.compile(
    r"https?://(?:terminology\.hl7\.org/|hl7\.org/fhir/(?!sid/))|"
    r"urn:oid:2\.16\.840\.1\.113883\.(?:5|12|4\.642)\."
)
_WORDS: Final = re.compile(r"[A-Za-z][a-z]+(?:[-_ ]?[A-Za-z][a-z]+)*", re.ASCII)
# terminology.hl7.org v3-ObservationInterpretation
_INTERPRETED: Final = {
    "H": "high",
    "HH": "very high, urgent",
    "HU": "clearly high",
    "L": "low",
    "LL": "very low, urgent",
    "LU": "clearly low",
    "N": "normal",
    "A": "not normal",
    "AA": "not normal, urgent",
    "POS": "positive",
    "NEG": "negative",
    "IND": "unclear",
    "E": "unclear",
    "DET": "found",
    "ND": "not found",
    "R": "resistant",
    "S": "sensitive to the treatment",
    "I": "partly resistant",
    "U": "higher than before",
    "D": "lower than before",
    "B": "better than before",
    "W": "worse than before",
    "RR": "reactive",
    "NR": "not reactive",
    "<": "below what can be measured",
    ">": "above what can be measured",
}


def coding(value: object) -> str:
    """A Coding: its display, else a plain word for its code, else the code and its system."""
    found = one(value)
    display, code = clean(found.get("display")), clean(found.get("code"), 80)
    if display:
        return _tidy(display)
    system = clean(found.get("system"))
    if system.endswith("v2-0074") and code in _DIAGNOSTIC_SERVICES:
        return _DIAGNOSTIC_SERVICES[code]
    if code in _PLAIN or (_WORDS.fullmatch(code) and system not in _SYSTEMS):
        return plain(code)
    return capital(f"{_SYSTEMS.get(system, '')} code {code}".strip()) if code else ""


def _tidy(text: str) -> str:
    return capital(_PROPERTY.sub("", _TAG.sub("", text)))


def worded(value: object) -> str:
    """Like `concept`, but "" when its author gave nothing but a code."""
    found = one(value)
    codings = each(found.get("coding"))[:_MOST_CODINGS]
    displays = (clean(item.get("display")) for item in codings)
    return concept(found) if clean(found.get("text")) or any(displays) else ""


def concept(value: object) -> str:
    """A CodeableConcept: its text, else the display the author chose, else the first with words."""
    found = one(value) if value else {}
    if not found:
        return ""
    text = clean(found.get("text"))
    if text:
        return _tidy(text)
    codings = each(found.get("coding"))[:_MOST_CODINGS]
    if len(codings) > 1:
        codings.sort(key=lambda c: (c.get("userSelected") is not True, not clean(c.get("display"))))
    return coding(codings)


def concepts(value: object) -> str:
    """Each CodeableConcept of a list, in words, without repeating any."""
    if not value:
        return ""
    return joined(concept(item) for item in each(value))


def code_of(value: object, known: Container[str] = ()) -> str:
    """A code itself, or the one of a CodeableConcept to go by; "" when there is none.

    That is a code in a system of HL7's own before a local one, and one that is `known` before one
    that is not, wherever it stands among the others.
    """
    if isinstance(value, str):
        return clean(value, 80)
    if not value:
        return ""
    found = one(value)
    codings = each(found.get("coding"))
    stated = [(clean(c.get("system")), clean(c.get("code"), 80)) for c in codings]
    stated = [(system, code) for system, code in stated if code]
    stated.sort(key=lambda said: (not _HL7.match(said[0]), said[1] not in known))
    return stated[0][1] if stated else clean(found.get("code"), 80)


def codes(value: object) -> set[str]:
    """Every code of a CodeableConcept."""
    return {clean(c.get("code"), 80) for item in each(value) for c in each(item.get("coding"))}


def plain(value: object) -> str:
    """A status or another code element in words: "entered-in-error" → "Recorded by mistake"."""
    if isinstance(value, str):
        return _PLAIN.get(value) or spaced(value)
    return _PLAIN.get(code_of(value, _PLAIN)) or concept(value)


def interpretation(value: object) -> str:
    """Observation.interpretation in words: "high", "not normal"."""
    if not value:
        return ""
    return joined(
        _INTERPRETED.get(code_of(item, _INTERPRETED)) or lowered(concept(item))
        for item in each(value)
    )


def coded_in(value: Any, *wanted: str) -> bool:
    """Whether a CodeableConcept holds one of the wanted codes."""
    return not codes(value).isdisjoint(wanted)
