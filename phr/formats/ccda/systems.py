"""Code systems of HL7 version 3 by OID, as the URIs that FHIR R4 knows them by.

Source: https://hl7.org/fhir/R4/terminologies-systems.html
"""

import re
from typing import Final

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"

_V3 = "http://terminology.hl7.org/CodeSystem/v3-"
_HL7 = "2.16.840.1.113883"
_URIS: Final = {
    f"{_HL7}.6.1": LOINC,
    f"{_HL7}.6.96": SNOMED,
    f"{_HL7}.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    f"{_HL7}.6.8": UCUM,
    f"{_HL7}.6.12": "http://www.ama-assn.org/go/cpt",
    f"{_HL7}.6.13": "http://www.ada.org/cdt",
    f"{_HL7}.6.59": "http://hl7.org/fhir/sid/cvx",
    f"{_HL7}.12.292": "http://hl7.org/fhir/sid/cvx",
    f"{_HL7}.6.60": "http://hl7.org/fhir/sid/mvx",
    f"{_HL7}.6.69": "http://hl7.org/fhir/sid/ndc",
    f"{_HL7}.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
    f"{_HL7}.6.4": "http://www.cms.gov/Medicare/Coding/ICD10",
    f"{_HL7}.6.3": "http://hl7.org/fhir/sid/icd-10",
    f"{_HL7}.6.103": "http://hl7.org/fhir/sid/icd-9-cm",
    f"{_HL7}.6.104": "http://hl7.org/fhir/sid/icd-9-cm",
    f"{_HL7}.6.42": "http://hl7.org/fhir/sid/icd-9-cm",
    f"{_HL7}.6.73": "http://www.whocc.no/atc",
    f"{_HL7}.6.101": "http://nucc.org/provider-taxonomy",
    f"{_HL7}.6.238": "urn:oid:2.16.840.1.113883.6.238",
    f"{_HL7}.6.345": "http://www.nlm.nih.gov/research/umls/medrt",
    f"{_HL7}.3.26.1.5": "http://ncimeta.nci.nih.gov",
    f"{_HL7}.3.26.1.1": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    f"{_HL7}.3.26.1.2": "http://hl7.org/fhir/ndfrt",
    f"{_HL7}.4.9": "http://fdasis.nlm.nih.gov",
    f"{_HL7}.4.642.3.155": "http://terminology.hl7.org/CodeSystem/condition-clinical",
    "1.0.3166.1.2.2": "urn:iso:std:iso:3166",
    "1.2.840.10008.2.16.4": "http://dicom.nema.org/resources/ontology/DCM",
    f"{_HL7}.5.1": f"{_V3}AdministrativeGender",
    f"{_HL7}.5.2": f"{_V3}MaritalStatus",
    f"{_HL7}.5.4": f"{_V3}ActCode",
    f"{_HL7}.5.6": f"{_V3}ActClass",
    f"{_HL7}.5.7": f"{_V3}ActPriority",
    f"{_HL7}.5.8": f"{_V3}ActReason",
    f"{_HL7}.5.25": f"{_V3}Confidentiality",
    f"{_HL7}.5.60": f"{_V3}LanguageAbilityMode",
    f"{_HL7}.5.83": f"{_V3}ObservationInterpretation",
    f"{_HL7}.5.84": f"{_V3}ObservationMethod",
    f"{_HL7}.5.88": f"{_V3}ParticipationFunction",
    f"{_HL7}.5.90": f"{_V3}ParticipationType",
    f"{_HL7}.5.110": f"{_V3}RoleClass",
    f"{_HL7}.5.111": f"{_V3}RoleCode",
    f"{_HL7}.5.112": f"{_V3}RouteOfAdministration",
    f"{_HL7}.5.139": f"{_V3}TimingEvent",
    f"{_HL7}.5.1008": f"{_V3}NullFlavor",
    f"{_HL7}.5.1063": f"{_V3}ObservationValue",
    f"{_HL7}.5.1076": f"{_V3}ReligiousAffiliation",
    f"{_HL7}.12.1": "http://terminology.hl7.org/CodeSystem/v2-0001",
    f"{_HL7}.12.112": "http://terminology.hl7.org/CodeSystem/v2-0112",
}
# Identifiers that FHIR gives a URI of their own.
_NAMING: Final = {
    f"{_HL7}.4.1": "http://hl7.org/fhir/sid/us-ssn",
    f"{_HL7}.4.6": "http://hl7.org/fhir/sid/us-npi",
    f"{_HL7}.4.572": "http://hl7.org/fhir/sid/us-medicare",
}
_OID = re.compile(r"[0-2](\.(0|[1-9]\d{0,60})){1,40}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def system(root: str) -> str:
    """The URI of a code system or of whoever gives identifiers; "" when the root is neither an OID
    nor a UUID."""
    return _URIS.get(root) or _NAMING.get(root) or unnamed(root)


def unnamed(root: str) -> str:
    """An OID or a UUID as a URI (RFC 3061, RFC 9562), otherwise ""."""
    if _OID.fullmatch(root):
        return f"urn:oid:{root}"
    return f"urn:uuid:{root.lower()}" if _UUID.fullmatch(root) else ""
