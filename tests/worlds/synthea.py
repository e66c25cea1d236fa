"""Made-up people with long records, in the shape Synthea gives them: for tests and measurements.

Deterministic: the same seed makes the same bytes. Nothing here was copied from Synthea or from a
person; codes are public LOINC, SNOMED CT, RxNorm and CVX numbers.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX, UCUM = "http://hl7.org/fhir/sid/cvx", "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"

VITALS = [
    ("8302-2", "Body Height", "cm", 140, 200),
    ("29463-7", "Body Weight", "kg", 40, 120),
    ("39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", 17, 38),
    ("8867-4", "Heart rate", "/min", 55, 110),
    ("9279-1", "Respiratory rate", "/min", 11, 20),
    ("8310-5", "Body temperature", "Cel", 36, 39),
]
LABS = [
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 9, 18),
    ("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 60, 240),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 3, 12),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 1, 3),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 4, 11),
    ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 120, 290),
    ("2571-8", "Triglycerides", "mg/dL", 60, 320),
    ("6298-4", "Potassium [Moles/volume] in Blood", "mmol/L", 3, 6),
]
CONDITIONS = [
    ("38341003", "Hypertension"),
    ("44054006", "Diabetes mellitus type 2 (disorder)"),
    ("10509002", "Acute bronchitis (disorder)"),
    ("195662009", "Acute viral pharyngitis (disorder)"),
    ("162864005", "Body mass index 30+ - obesity (finding)"),
    ("370143000", "Major depressive disorder (disorder)"),
    ("36971009", "Sinusitis (disorder)"),
    ("55822004", "Hyperlipidemia"),
    ("7200002", "Alcoholism"),
]
MEDICINES = [
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"),
    ("313782", "Acetaminophen 325 MG Oral Tablet"),
    ("308136", "amLODIPine 2.5 MG Oral Tablet"),
    ("312961", "Simvastatin 20 MG Oral Tablet"),
    ("308182", "Amoxicillin 250 MG Oral Capsule"),
]
VACCINES = [
    ("140", "Influenza, seasonal, injectable, preservative free"),
    ("113", "Td (adult) preservative free"),
    ("208", "SARS-COV-2 (COVID-19) vaccine, mRNA, spike protein, LNP"),
    ("33", "pneumococcal polysaccharide vaccine, 23 valent"),
]
PROCEDURES = [
    ("430193006", "Medication Reconciliation (procedure)"),
    ("399208008", "Plain chest X-ray (procedure)"),
    ("76601001", "Intramuscular injection"),
    ("710824005", "Assessment of health and social care needs (procedure)"),
    ("171207006", "Depression screening (procedure)"),
]
VISITS = [
    ("AMB", "185349003", "Encounter for check up (procedure)"),
    ("AMB", "162673000", "General examination of patient (procedure)"),
    ("EMER", "50849002", "Emergency room admission (procedure)"),
]
ALLERGIES = [
    ("419474003", "Allergy to mould"),
    ("91934008", "Allergy to nut"),
    ("300913006", "Shellfish allergy"),
]
_SHARES = {
    "observation": 48,
    "procedure": 10,
    "encounter": 9,
    "diagnostic_report": 9,
    "medication_request": 8,
    "claim": 7,
    "condition": 5,
    "immunization": 3,
    "allergy_intolerance": 1,
}


def bundle(resources: int, *, seed: int = 1) -> Json:
    """A transaction Bundle of exactly `resources` resources about one patient."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": list(entries(resources, seed)),
    }


def lines(resources: int, *, seed: int = 1) -> Iterator[bytes]:
    """The same Bundle as bytes, an entry at a time: it may be larger than memory."""
    yield b'{"resourceType":"Bundle","type":"transaction","entry":['
    for n, entry in enumerate(entries(resources, seed)):
        yield (b",\n" if n else b"\n") + json.dumps(entry).encode()
    yield b"\n]}"


def entries(resources: int, seed: int = 1) -> Iterator[Json]:
    """Bundle entries: the patient, her doctor and clinic, then her record in order of time."""
    person = _Person(Random(seed))
    first: list[Callable[[], Json]] = [person.patient, person.practitioner, person.organization]
    names = person.random.choices(list(_SHARES), list(_SHARES.values()), k=max(0, resources - 3))
    for make in (*first[:resources], *(getattr(person, name) for name in names)):
        yield person.entry(make())


class _Person:
    """One patient and the resources about her, each later than the last."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._now = datetime(1999, 1, 4, 8, 30, tzinfo=UTC)
        self._ids = {n: self._uuid() for n in ("patient", "practitioner", "organization")}
        self._encounter = self._uuid()
        self._latest: list[Json] = []

    def entry(self, resource: Json) -> Json:
        """A transaction entry that creates the resource."""
        request = {"method": "POST", "url": resource["resourceType"]}
        return {
            "fullUrl": f"urn:uuid:{resource['id']}",
            "resource": resource,
            "request": request,
        }

    def patient(self) -> Json:
        """The person herself."""
        given, family = self.random.choice(["Ada", "Noor", "Mei"]), "Testperson"
        race = {"url": "text", "valueString": "Not said"}
        return self._resource("Patient", self._ids["patient"]) | {
            "extension": [{"url": f"{US_CORE}/us-core-race", "extension": [race]}],
            "identifier": [
                {"system": "https://example.org/patients", "value": self._ids["patient"]}
            ],
            "name": [{"use": "official", "family": family, "given": [given], "prefix": ["Ms."]}],
            "telecom": [{"system": "phone", "value": "555-212-7765", "use": "home"}],
            "gender": "female",
            "birthDate": "1961-05-17",
            "address": [{"line": ["1 Example Street"], "city": "Sampleton", "country": "US"}],
            "maritalStatus": _concept(f"{HL7}/v3-MaritalStatus", "M", "Married"),
        }

    def practitioner(self) -> Json:
        """Her doctor."""
        return self._resource("Practitioner", self._ids["practitioner"]) | {
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "9999999999"}],
            "active": True,
            "name": [{"family": "Example", "given": ["Robin"], "prefix": ["Dr."]}],
        }

    def organization(self) -> Json:
        """Her doctor's clinic."""
        return self._resource("Organization", self._ids["organization"]) | {
            "active": True,
            "type": [_concept(f"{HL7}/organization-type", "prov", "Healthcare Provider")],
            "name": "SAMPLETON FAMILY PRACTICE",
            "telecom": [{"system": "phone", "value": "555-212-0000"}],
        }

    def encounter(self) -> Json:
        """A visit; what follows happens in it."""
        self._encounter = self._uuid()
        kind, code, display = self.random.choice(VISITS)
        start = self._later(days=self.random.randint(3, 60))
        end = self._later(minutes=30)
        role = _concept(f"{HL7}/v3-ParticipationType", "PPRF", "primary performer")
        participant = {
            "type": [role],
            "period": {"start": start, "end": end},
            **self._doctor("individual"),
        }
        return self._resource("Encounter", self._encounter) | {
            "identifier": [
                {
                    "use": "official",
                    "system": "https://example.org/visits",
                    "value": self._encounter,
                }
            ],
            "status": "finished",
            "class": {"system": f"{HL7}/v3-ActCode", "code": kind},
            "type": [_concept(SNOMED, code, display)],
            **self._subject(),
            "participant": [participant],
            "period": {"start": start, "end": end},
            "serviceProvider": self._clinic(),
        }

    def observation(self) -> Json:
        """A vital sign or a laboratory result."""
        vital = self.random.random() < 0.5
        code, display, unit, low, high = self.random.choice(VITALS if vital else LABS)
        category, words = ("vital-signs", "Vital signs") if vital else ("laboratory", "Laboratory")
        at = self._later(minutes=2)
        found = self._resource("Observation") | {
            "status": "final",
            "category": [_concept(f"{HL7}/observation-category", category, words)],
            "code": _concept(LOINC, code, display),
            **self._about(),
            "effectiveDateTime": at,
            "issued": at.replace("+00:00", ".000+00:00"),
            "valueQuantity": {
                "value": round(self.random.uniform(low, high), 4),
                "unit": unit,
                "system": UCUM,
                "code": unit,
            },
        }
        if not vital:
            self._latest = [*self._latest[-7:], found]
        return found

    def condition(self) -> Json:
        """Something she has, or had."""
        code, display = self.random.choice(CONDITIONS)
        at = self._later(minutes=5)
        diagnosis = _concept(
            f"{HL7}/condition-category", "encounter-diagnosis", "Encounter Diagnosis"
        )
        return self._resource("Condition") | {
            "clinicalStatus": _concept(f"{HL7}/condition-clinical", "active"),
            "verificationStatus": _concept(f"{HL7}/condition-ver-status", "confirmed"),
            "category": [diagnosis],
            "code": _concept(SNOMED, code, display),
            **self._about(),
            "onsetDateTime": at,
            "recordedDate": at,
        }

    def medication_request(self) -> Json:
        """A prescription."""
        code, display = self.random.choice(MEDICINES)
        dose = {
            "type": _concept(f"{HL7}/dose-rate-type", "ordered", "Ordered"),
            "doseQuantity": {"value": 1.0},
        }
        timing = {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}}
        return self._resource("MedicationRequest") | {
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _concept(RXNORM, code, display),
            **self._about(),
            "authoredOn": self._later(minutes=3),
            **self._doctor("requester"),
            "dosageInstruction": [
                {
                    "sequence": 1,
                    "text": "Take once daily.",
                    "timing": timing,
                    "asNeededBoolean": False,
                    "doseAndRate": [dose],
                }
            ],
        }

    def immunization(self) -> Json:
        """A vaccination."""
        code, display = self.random.choice(VACCINES)
        return self._resource("Immunization") | {
            "status": "completed",
            "vaccineCode": _concept(CVX, code, display),
            "patient": self._subject()["subject"],
            "encounter": {"reference": f"urn:uuid:{self._encounter}"},
            "occurrenceDateTime": self._later(minutes=4),
            "primarySource": True,
            "location": {"display": "SAMPLETON FAMILY PRACTICE"},
        }

    def procedure(self) -> Json:
        """Something done."""
        code, display = self.random.choice(PROCEDURES)
        period = {"start": self._later(minutes=5), "end": self._later(minutes=15)}
        return self._resource("Procedure") | {
            "status": "completed",
            "code": _concept(SNOMED, code, display),
            **self._about(),
            "performedPeriod": period,
            "location": {"display": "SAMPLETON FAMILY PRACTICE"},
        }

    def diagnostic_report(self) -> Json:
        """A panel over the last laboratory results."""
        results = [
            {"reference": f"urn:uuid:{o['id']}", "display": o["code"]["text"]} for o in self._latest
        ]
        at = self._later(minutes=2)
        found = self._resource("DiagnosticReport") | {
            "status": "final",
            "category": [_concept(f"{HL7}/v2-0074", "LAB", "Laboratory")],
            "code": _concept(LOINC, "51990-0", "Basic metabolic panel - Blood"),
            **self._about(),
            "effectiveDateTime": at,
            "issued": at.replace("+00:00", ".000+00:00"),
            "performer": [self._clinic()],
        }
        return found | ({"result": results} if results else {})

    def allergy_intolerance(self) -> Json:
        """An allergy."""
        code, display = self.random.choice(ALLERGIES)
        return self._resource("AllergyIntolerance") | {
            "clinicalStatus": _concept(f"{HL7}/allergyintolerance-clinical", "active"),
            "verificationStatus": _concept(f"{HL7}/allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "category": ["food"],
            "criticality": "low",
            "code": _concept(SNOMED, code, display),
            "patient": self._subject()["subject"],
            "recordedDate": self._later(minutes=1),
        }

    def claim(self) -> Json:
        """A bill."""
        at = self._later(minutes=1)
        code, display = self.random.choice(PROCEDURES)
        item = {
            "sequence": 1,
            "productOrService": _concept(SNOMED, code, display),
            "encounter": [{"reference": f"urn:uuid:{self._encounter}"}],
            "net": {"value": round(self.random.uniform(40, 900), 2), "currency": "USD"},
        }
        return self._resource("Claim") | {
            "status": "active",
            "type": _concept(f"{HL7}/claim-type", "institutional"),
            "use": "claim",
            "patient": self._subject()["subject"],
            "billablePeriod": {"start": at, "end": self._later(minutes=15)},
            "created": at,
            "provider": self._clinic(),
            "priority": _concept(f"{HL7}/processpriority", "normal"),
            "insurance": [
                {"sequence": 1, "focal": True, "coverage": {"display": "Example Health"}}
            ],
            "item": [item],
            "total": {"value": 129.16, "currency": "USD"},
        }

    def _resource(self, kind: str, identity: str | None = None) -> Json:
        profile = f"{US_CORE}/us-core-{kind.lower()}"
        return {
            "resourceType": kind,
            "id": identity or self._uuid(),
            "meta": {"profile": [profile]},
        }

    def _about(self) -> Json:
        return {**self._subject(), "encounter": {"reference": f"urn:uuid:{self._encounter}"}}

    def _subject(self) -> Json:
        return {"subject": {"reference": f"urn:uuid:{self._ids['patient']}"}}

    def _doctor(self, role: str) -> Json:
        reference = f"urn:uuid:{self._ids['practitioner']}"
        return {role: {"reference": reference, "display": "Dr. Robin Example"}}

    def _clinic(self) -> Json:
        reference = f"urn:uuid:{self._ids['organization']}"
        return {"reference": reference, "display": "SAMPLETON FAMILY PRACTICE"}

    def _later(self, *, days: int = 0, minutes: int = 0) -> str:
        self._now += timedelta(days=days, minutes=minutes)
        # A record of any length stays in the past.
        if self._now.year > 2024:
            self._now = self._now.replace(year=1999)
        return self._now.isoformat()

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


def _concept(system: str, code: str, display: str | None = None) -> Json:
    coding = {"system": system, "code": code}
    return (
        {"coding": [coding | {"display": display}], "text": display}
        if display
        else {"coding": [coding]}
    )
