"""Conditions, allergies, procedures, vaccinations and family history in words."""

from typing import Any, Final

from phr.display.choices import choice, first_choice
from phr.display.concepts import code_of, concept, concepts, plain
from phr.display.dates import date, moment
from phr.display.names import annotations, everyone, referred
from phr.display.quantities import quantity
from phr.display.relations import relative
from phr.display.shown import Shown, facts
from phr.display.words import clean, clean_lines, each, joined, one, spaced

# FHIR R4 condition-ver-status and allergyintolerance-verification
_SURE: Final = {
    "confirmed": "Confirmed",
    "provisional": "Likely, but not confirmed",
    "differential": "One of several possibilities, not confirmed",
}


def condition(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Condition."""
    stages = (concept(item.get("summary")) for item in each(resource.get("stage")))
    evidence = (concepts(item.get("code")) for item in each(resource.get("evidence")))
    return Shown(
        concept(resource.get("code")) or "Health condition",
        facts(
            ("Status", plain(resource.get("clinicalStatus"))),
            ("How sure", _sure(resource)),
            ("Severity", concept(resource.get("severity"))),
            ("Stage", joined(stages)),
            ("Part of the body", concepts(resource.get("bodySite"))),
            ("Started", choice(resource, resource, "onset")),
            ("Ended", choice(resource, resource, "abatement")),
            ("Recorded", moment(resource.get("recordedDate"))),
            ("Kind", concepts(resource.get("category"))),
            ("Signs", joined(evidence)),
            ("Reported by", referred(resource, resource.get("asserter"))),
            ("Recorded by", referred(resource, resource.get("recorder"))),
        ),
        annotations(resource, resource.get("note")),
    )


def allergy(resource: dict[str, Any]) -> Shown:
    """FHIR R4 AllergyIntolerance."""
    kinds = resource.get("category")
    about = [spaced(kind).lower() for kind in kinds[:8]] if isinstance(kinds, list) else []
    danger = {"high": "High", "low": "Low", "unable-to-assess": "Could not be judged"}
    criticality = clean(resource.get("criticality"))
    return Shown(
        concept(resource.get("code")) or "Allergy or intolerance",
        facts(
            (
                "Reaction",
                joined(_reaction(resource, item) for item in each(resource.get("reaction"))),
            ),
            ("Risk of serious harm", danger.get(criticality, spaced(criticality))),
            ("Status", plain(resource.get("clinicalStatus"))),
            ("How sure", _sure(resource)),
            ("Kind", joined([spaced(resource.get("type")), *about], ", ")),
            ("Started", choice(resource, resource, "onset")),
            ("Last reaction", moment(resource.get("lastOccurrence"))),
            ("Recorded", moment(resource.get("recordedDate"))),
            ("Reported by", referred(resource, resource.get("asserter"))),
            ("Recorded by", referred(resource, resource.get("recorder"))),
        ),
        annotations(resource, resource.get("note")),
    )


def _sure(resource: dict[str, Any]) -> str:
    stated = resource.get("verificationStatus")
    return _SURE.get(code_of(stated, _SURE)) or plain(stated)


def _reaction(resource: dict[str, Any], reaction: dict[str, Any]) -> str:
    what = concepts(reaction.get("manifestation")) or clean(reaction.get("description"))
    substance = concept(reaction.get("substance"))
    remarks = (
        spaced(reaction.get("severity")).lower(),
        f"to {substance}" if substance else "",
        moment(reaction.get("onset")),
        annotations(resource, reaction.get("note")),
    )
    about = joined(remarks, ", ")
    return f"{what} ({about})" if what and about else what or about


def procedure(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Procedure."""
    who = (referred(resource, item.get("actor")) for item in each(resource.get("performer")))
    devices = (referred(resource, d.get("manipulated")) for d in each(resource.get("focalDevice")))
    reasons = (
        concepts(resource.get("reasonCode")),
        everyone(resource, resource.get("reasonReference")),
    )
    return Shown(
        concept(resource.get("code")) or "Procedure",
        facts(
            ("Date", choice(resource, resource, "performed")),
            ("Reason", joined(reasons)),
            ("Part of the body", concepts(resource.get("bodySite"))),
            ("Outcome", concept(resource.get("outcome"))),
            ("Status", plain(resource.get("status"))),
            ("Why it was not done", concept(resource.get("statusReason"))),
            ("Complications", concepts(resource.get("complication"))),
            ("Follow-up", concepts(resource.get("followUp"))),
            ("Devices", joined([*devices, concepts(resource.get("usedCode"))])),
            ("By", joined(who)),
            ("Place", referred(resource, resource.get("location"))),
            ("Kind", concept(resource.get("category"))),
            ("Reports", everyone(resource, resource.get("report"))),
        ),
        annotations(resource, resource.get("note")),
    )


def immunization(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Immunization."""
    doses = each(resource.get("protocolApplied"))
    maker = resource.get("manufacturer")
    who = (referred(resource, item.get("actor")) for item in each(resource.get("performer")))
    missed = resource.get("status") == "not-done"
    second_hand = resource.get("primarySource") is False
    return Shown(
        concept(resource.get("vaccineCode")) or "Vaccination",
        facts(
            ("Date" if missed else "Given", choice(resource, resource, "occurrence")),
            ("Protects against", joined(concepts(dose.get("targetDisease")) for dose in doses)),
            ("Dose", joined(_dose(dose) for dose in doses)),
            ("Amount", quantity(resource.get("doseQuantity"))),
            ("Status", plain(resource.get("status"))),
            ("Why it was not given", concept(resource.get("statusReason"))),
            ("Reaction", joined(moment(r.get("date")) for r in each(resource.get("reaction")))),
            ("Where on the body", concept(resource.get("site"))),
            ("How", concept(resource.get("route"))),
            ("Maker", referred(resource, maker)),
            ("Batch number", clean(resource.get("lotNumber"))),
            ("Expiry date of the vaccine", date(resource.get("expirationDate"))),
            ("By", joined(who)),
            ("Place", referred(resource, resource.get("location"))),
            ("Source", "Told by someone, not the first record" if second_hand else ""),
            ("Reason", concepts(resource.get("reasonCode"))),
        ),
        annotations(resource, resource.get("note")),
    )


def _dose(dose: dict[str, Any]) -> str:
    number = choice({}, dose, "doseNumber")
    total = choice({}, dose, "seriesDoses")
    series = clean(dose.get("series"))
    counted = f"{number} of {total}" if number and total else number
    return joined((counted, series), ", ")


def immunization_recommendation(resource: dict[str, Any]) -> Shown:
    """FHIR R4 ImmunizationRecommendation: one fact for each vaccine advised."""
    pairs = []
    for advice in each(resource.get("recommendation")):
        dates = (
            joined((concept(item.get("code")), date(item.get("value"))), ": ")
            for item in each(advice.get("dateCriterion"))
        )
        name = concepts(advice.get("vaccineCode")) or concept(advice.get("targetDisease"))
        pairs.append((name or "Vaccine", joined([concept(advice.get("forecastStatus")), *dates])))
    return Shown(
        "Advice on vaccinations",
        facts(
            *pairs,
            ("Date", moment(resource.get("date"))),
            ("By", referred(resource, resource.get("authority"))),
        ),
    )


def family_history(resource: dict[str, Any]) -> Shown:
    """FHIR R4 FamilyMemberHistory: "Father: Heart attack"."""
    illnesses = [_illness(item) for item in each(resource.get("condition"))]
    who = relative(resource.get("relationship")) or clean(resource.get("name"))
    return Shown(
        joined((who or "Family history", joined(illnesses, ", ", most=3)), ": "),
        facts(
            (
                "Relative",
                clean(resource.get("name")),
            ),
            ("Conditions", joined(illnesses)),
            ("Sex", concept(resource.get("sex"))),
            ("Born", choice(resource, resource, "born")),
            ("Age", choice(resource, resource, "age").removeprefix("age ")),
            ("Died", choice(resource, resource, "deceased")),
            ("Recorded", moment(resource.get("date"))),
            ("Reason", concepts(resource.get("reasonCode"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )


def _illness(item: dict[str, Any]) -> str:
    onset = choice({}, item, "onset")
    remarks = (
        f"from {onset}" if onset else "",
        concept(item.get("outcome")),
        "led to death" if item.get("contributedToDeath") is True else "",
    )
    name, about = concept(item.get("code")), joined(remarks, ", ")
    return f"{name} ({about})" if about else name


def clinical_impression(resource: dict[str, Any]) -> Shown:
    """FHIR R4 ClinicalImpression."""
    findings = (
        concept(item.get("itemCodeableConcept")) or referred(resource, item.get("itemReference"))
        for item in each(resource.get("finding"))
    )
    return Shown(
        clean(resource.get("description"), 150) or concept(resource.get("code")) or "Assessment",
        facts(
            ("Summary", clean_lines(resource.get("summary"))),
            ("Findings", joined(findings)),
            ("Date", first_choice(resource, "effective", "date")),
            ("Outlook", concepts(resource.get("prognosisCodeableConcept"))),
            ("By", referred(resource, resource.get("assessor"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )


def risk_assessment(resource: dict[str, Any]) -> Shown:
    """FHIR R4 RiskAssessment: what could happen and how likely."""
    outcomes = []
    for item in each(resource.get("prediction")):
        chance = concept(item.get("qualitativeRisk")) or choice({}, item, "probability")
        if "probabilityDecimal" in item:
            chance = f"{chance}%" if chance[-1:].isdigit() else chance
        name = concept(item.get("outcome")) or "Outcome"
        outcomes.append((name, joined((chance, choice({}, item, "when")), ", ")))
    return Shown(
        concept(resource.get("code")) or concept(resource.get("method")) or "Risk assessment",
        facts(
            *outcomes,
            ("Date", choice(resource, resource, "occurrence")),
            ("What would help", clean_lines(resource.get("mitigation"))),
            ("About", referred(resource, resource.get("condition"))),
            ("Method", concept(resource.get("method"))),
            ("By", referred(resource, resource.get("performer"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )


def device(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Device, for example an implant."""
    names = each(resource.get("deviceName"))
    udi = one(resource.get("udiCarrier"))
    versions = (clean(item.get("value")) for item in each(resource.get("version")))
    return Shown(
        concept(resource.get("type")) or clean(one(names).get("name")) or "Device",
        facts(
            ("Name", joined(clean(item.get("name")) for item in names)),
            ("Model", clean(resource.get("modelNumber"))),
            ("Maker", clean(resource.get("manufacturer"))),
            ("Serial number", clean(resource.get("serialNumber"))),
            ("Batch number", clean(resource.get("lotNumber"))),
            (
                "Unique device identifier",
                clean(udi.get("carrierHRF")) or clean(udi.get("deviceIdentifier")),
            ),
            ("Made", date(resource.get("manufactureDate"))),
            ("Expires", date(resource.get("expirationDate"))),
            ("Version", joined(versions)),
            ("Status", plain(resource.get("status"))),
            ("Safety", concepts(resource.get("safety"))),
        ),
        annotations(resource, resource.get("note")),
    )


def device_use(resource: dict[str, Any]) -> Shown:
    """FHIR R4 DeviceUseStatement."""
    return Shown(
        referred(resource, resource.get("device")) or "Use of a device",
        facts(
            ("Used", choice(resource, resource, "timing")),
            ("Part of the body", concept(resource.get("bodySite"))),
            ("Reason", concepts(resource.get("reasonCode"))),
            ("Recorded", moment(resource.get("recordedOn"))),
            ("Source", referred(resource, resource.get("source"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )
