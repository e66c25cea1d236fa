"""The categories a record is filed, filtered and shared under.

They follow the sections of the International Patient Summary and the categories of US Core,
reduced to what a person looks for. The value is kept in the clear so that a list can be filtered
without a key; it must therefore never say more than "this is a test result".
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final


class Category(StrEnum):
    """One shelf of the record. The value is what is stored, `label` is what a person reads."""

    ALLERGIES = "allergies"
    CONDITIONS = "conditions"
    MEDICATIONS = "medications"
    IMMUNIZATIONS = "immunizations"
    LABORATORY = "laboratory"
    VITAL_SIGNS = "vital-signs"
    SOCIAL_HISTORY = "social-history"
    PROCEDURES = "procedures"
    ENCOUNTERS = "encounters"
    IMAGING = "imaging"
    DOCUMENTS = "documents"
    CARE_PLANS = "care-plans"
    COVERAGE = "coverage"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What a person reads."""
        return _WORDS[self]


_WORDS: Final = {
    Category.ALLERGIES: "Allergies",
    Category.CONDITIONS: "Health conditions",
    Category.MEDICATIONS: "Medicines",
    Category.IMMUNIZATIONS: "Vaccinations",
    Category.LABORATORY: "Test results",
    Category.VITAL_SIGNS: "Vital signs and measurements",
    Category.SOCIAL_HISTORY: "Lifestyle and family history",
    Category.PROCEDURES: "Procedures and devices",
    Category.ENCOUNTERS: "Visits and appointments",
    Category.IMAGING: "Scans and images",
    Category.DOCUMENTS: "Documents and letters",
    Category.CARE_PLANS: "Care plans and requests",
    Category.COVERAGE: "Insurance and costs",
    Category.OTHER: "Other",
}


def _filed(**shelves: str) -> dict[str, Category]:
    return {code: Category[shelf] for shelf, codes in shelves.items() for code in codes.split()}


_BY_TYPE: Final = _filed(
    ALLERGIES="AllergyIntolerance",
    CONDITIONS="Condition ClinicalImpression AdverseEvent DetectedIssue Flag RiskAssessment "
    "BodyStructure",
    MEDICATIONS="Medication MedicationRequest MedicationStatement MedicationAdministration "
    "MedicationDispense MedicationKnowledge",
    IMMUNIZATIONS="Immunization ImmunizationEvaluation ImmunizationRecommendation",
    LABORATORY="Specimen MolecularSequence",
    SOCIAL_HISTORY="FamilyMemberHistory",
    PROCEDURES="Procedure Device DeviceUseStatement DeviceMetric",
    ENCOUNTERS="Encounter EpisodeOfCare Appointment AppointmentResponse",
    IMAGING="ImagingStudy Media",
    DOCUMENTS="DocumentReference DocumentManifest Composition Binary QuestionnaireResponse "
    "Communication",
    CARE_PLANS="CarePlan CareTeam Goal ServiceRequest Task NutritionOrder DeviceRequest "
    "CommunicationRequest RequestGroup VisionPrescription",
    COVERAGE="Coverage Claim ClaimResponse ExplanationOfBenefit Account Invoice ChargeItem "
    "CoverageEligibilityRequest CoverageEligibilityResponse PaymentNotice PaymentReconciliation "
    "EnrollmentRequest EnrollmentResponse InsurancePlan Contract",
)

# terminology.hl7.org/CodeSystem/observation-category and the US Core additions to it
_OBSERVATION: Final = _filed(
    VITAL_SIGNS="vital-signs exam activity",
    LABORATORY="laboratory",
    IMAGING="imaging",
    PROCEDURES="procedure",
    SOCIAL_HISTORY="social-history survey sdoh",
)

# LOINC codes of the FHIR R4 vital signs profile and of the social history section of the IPS
_LOINC: Final = _filed(
    VITAL_SIGNS="85353-1 9279-1 8867-4 2708-6 59408-5 8310-5 8302-2 9843-4 29463-7 39156-5 85354-9 "
    "8480-6 8462-4 8478-0 8306-3 8287-5 3141-9 77606-2 59576-9 8289-1 72514-3",
    SOCIAL_HISTORY="72166-2 74013-4 82810-3 11331-6 11343-1 76690-7 76691-5 11367-0",
)

# Units of what only a laboratory measures: amounts in a volume, in a mole, in a gram, and of cells.
# A score, a count, a per cent or a duration may be anybody's, also of a questionnaire.
_IN_A_SAMPLE: Final = re.compile(
    r"(?i:.*/\s*(?:(?:100\s?)?[dcmu\u00b5\u03bcnpf]?l|[mu]?mol|g|mm\^?3|\{?1\.73\s?_?m\^?2\}?)"
    r"(?:\s?\{.{0,30}\})?)|[mnpu\u00b5\u03bc]M|f[lL]|pg|mm/hr?"
)
_LONGEST_UNIT: Final = 40

# HL7 v2 table 0074 (diagnostic service section), and the LOINC parts US Core and the IPS use
_REPORT: Final = _filed(
    IMAGING="RAD RX CT NMR NMS RUS OUS VUS CUS XRC IMG LP29684-5 18748-4 363679005 imaging",
    LABORATORY="LAB BG BLB CG CH CP GE HM ICU IMM MB MCB MYC PAR SP SR TX VR URN LP7839-6 26436-6 "
    "108252007 laboratory",
    PROCEDURES="EC EN CTH LP29708-2",
)


def category_of(resource: Mapping[str, Any]) -> Category:
    """Tell which shelf a FHIR R4 resource belongs on.

    `resource` is parsed JSON of any shape; wrong types are read as absent, nothing is raised.
    An Observation is placed by Observation.category, else by its LOINC code, else with the
    laboratory's where it has a sample, a reference range or a unit of one; a DiagnosticReport
    by DiagnosticReport.category; a ServiceRequest with the care plans; every other resource by
    its type alone. Source: FHIR R4 Observation.category, HL7 v2 table 0074.
    """
    resource_type = resource.get("resourceType")
    if resource_type == "Observation":
        return _observation(resource)
    if resource_type == "DiagnosticReport":
        return _report(resource)
    if not isinstance(resource_type, str):
        return Category.OTHER
    return _BY_TYPE.get(resource_type, Category.OTHER)


def _observation(resource: Mapping[str, Any]) -> Category:
    for code in _codes(resource.get("category")):
        if code in _OBSERVATION:
            return _OBSERVATION[code]
    for code in _codes(resource.get("code")):
        if code in _LOINC:
            return _LOINC[code]
    measured = resource.get("specimen") or resource.get("referenceRange")
    return Category.LABORATORY if measured or _is_of_a_sample(resource) else Category.OTHER


def _is_of_a_sample(resource: Mapping[str, Any]) -> bool:
    """Whether it has a LOINC code and a quantity in a unit of what only a laboratory measures."""
    quantity, concept = resource.get("valueQuantity"), resource.get("code")
    if not isinstance(quantity, dict) or not isinstance(concept, dict):
        return False
    codings = concept.get("coding")
    coded = any(
        isinstance(each, dict) and each.get("system") == "http://loinc.org"
        for each in (codings if isinstance(codings, list) else ())
    )
    units = (quantity.get("code"), quantity.get("unit"))
    return coded and any(
        isinstance(unit, str) and _IN_A_SAMPLE.fullmatch(unit[:_LONGEST_UNIT]) for unit in units
    )


def _report(resource: Mapping[str, Any]) -> Category:
    for code in _codes(resource.get("category")):
        if code in _REPORT:
            return _REPORT[code]
    if resource.get("imagingStudy") or resource.get("media"):
        return Category.IMAGING
    if resource.get("presentedForm") and not resource.get("result"):
        return Category.DOCUMENTS
    return Category.LABORATORY


def _codes(concepts: object) -> Iterator[str]:
    for concept in concepts if isinstance(concepts, list) else [concepts]:
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for coding in codings if isinstance(codings, list) else ():
            code = coding.get("code") if isinstance(coding, dict) else None
            if isinstance(code, str):
                yield code
