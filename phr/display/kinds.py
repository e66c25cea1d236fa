"""What each FHIR resource type is called by people. Source: FHIR R4 resource list."""

from typing import Final

from phr.display.words import spaced

_KINDS: Final = {
    "AllergyIntolerance": "Allergy or intolerance",
    "AppointmentResponse": "Answer to an appointment",
    "Binary": "File",
    "CarePlan": "Care plan",
    "CareTeam": "Care team",
    "Claim": "Bill",
    "ClaimResponse": "Insurer's answer",
    "ClinicalImpression": "Assessment",
    "Communication": "Message",
    "CommunicationRequest": "Request for a message",
    "Composition": "Document",
    "Condition": "Health condition",
    "Consent": "Consent",
    "Coverage": "Insurance",
    "DetectedIssue": "Warning",
    "DeviceRequest": "Request for a device",
    "DeviceUseStatement": "Use of a device",
    "DiagnosticReport": "Report",
    "DocumentManifest": "Set of documents",
    "DocumentReference": "Document",
    "Encounter": "Visit",
    "EpisodeOfCare": "Period of care",
    "ExplanationOfBenefit": "Insurance statement",
    "FamilyMemberHistory": "Family history",
    "Flag": "Alert",
    "ImagingStudy": "Scan or picture",
    "Immunization": "Vaccination",
    "ImmunizationEvaluation": "Check of a vaccination",
    "ImmunizationRecommendation": "Advice on vaccinations",
    "Location": "Place",
    "Media": "Picture",
    "Medication": "Medicine",
    "MedicationAdministration": "Medicine given",
    "MedicationDispense": "Medicine handed over",
    "MedicationRequest": "Prescription",
    "MedicationStatement": "Medicine taken",
    "MolecularSequence": "Genetic sequence",
    "NutritionOrder": "Diet plan",
    "Observation": "Measurement or finding",
    "Organization": "Organisation",
    "Practitioner": "Care provider",
    "PractitionerRole": "Role of a care provider",
    "Procedure": "Procedure",
    "Provenance": "Note of origin",
    "QuestionnaireResponse": "Questionnaire answers",
    "RelatedPerson": "Relative or contact",
    "RequestGroup": "Group of requests",
    "RiskAssessment": "Risk assessment",
    "ServiceRequest": "Referral or order",
    "Specimen": "Sample",
    "SupplyDelivery": "Delivery of supplies",
    "SupplyRequest": "Request for supplies",
    "VisionPrescription": "Glasses or lenses prescription",
}


def kind(resource_type: object) -> str:
    """The everyday name of a FHIR resource type: "Prescription", "Measurement or finding"."""
    known = _KINDS.get(resource_type) if isinstance(resource_type, str) else None
    return known or spaced(resource_type) or "Record"
