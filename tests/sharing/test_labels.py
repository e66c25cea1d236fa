"""Codes, words and security tags lead to the labels a person may want to keep apart."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing.labels import Sensitivity, suggest
from sharing.rules import Rules

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD11 = "http://id.who.int/icd/release/11/mms"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"


def condition(system: str, code: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "code": {"coding": [{"system": system, "code": code}]}}


def worded(text: str) -> dict[str, Any]:
    coding = {"system": SNOMED, "code": "404684003", "display": text}
    return {"resourceType": "Condition", "code": {"coding": [coding]}}


@pytest.mark.parametrize(
    ("system", "code", "labels"),
    [
        (ICD10, "F10.20", ["ETH"]),
        (ICD10, "F11.2", ["ETH"]),
        (ICD10, "F17.210", ["N"]),  # tobacco is no substance use record under 42 CFR 2.11
        (ICD10, "F32.1", ["PSY"]),
        (ICD10, "R45.851", ["PSY"]),
        (ICD10, "B20", ["HIV"]),
        (ICD10, "Z21", ["HIV"]),
        (ICD10, "O80", ["SEX"]),
        (ICD10, "A54.9", ["SEX"]),
        (ICD10, "F52.21", ["PSY", "SEX"]),
        (ICD10, "Q90.9", ["GDIS"]),
        (ICD10, "E84.0", ["GDIS"]),
        (ICD10, "T74.11", ["VIO"]),
        (ICD10, "T74.21", ["SEX", "VIO"]),
        (ICD10, "Y04.0", ["VIO"]),
        (ICD10, "Z91.410", ["VIO"]),
        (ICD10, "N90.812", ["SEX", "VIO"]),
        (ICD10, "I10", ["N"]),
        ("http://hl7.org/fhir/sid/icd-9-cm", "303.90", ["ETH"]),
        ("http://hl7.org/fhir/sid/icd-9-cm", "305.1", ["N"]),
        ("http://hl7.org/fhir/sid/icd-9-cm", "042", ["HIV"]),
        (ICD11, "6A70", ["PSY"]),
        (ICD11, "6C40.2", ["ETH"]),
        (ICD11, "6C48.2", ["N"]),  # caffeine
        (ICD11, "QE11.5", ["N"]),
        (ICD11, "QE11.0", ["ETH"]),
        (ICD11, "QC50", ["N"]),  # a late effect of whatever it was
        (ICD11, "PC41", ["PSY"]),
        (ICD11, "QC90.6", ["HIV"]),
        (ICD11, "GB04.0", ["SEX"]),
        (ICD11, "CA25.0", ["GDIS"]),
        (ICD11, "QA31", ["SEX", "GDIS"]),
        (ICD11, "QC8Z", ["N"]),
        (ICD11, "QE51.1", ["VIO"]),
        (ICD11, "PJ21", ["SEX", "VIO"]),
        (ICD11, "GC51.0", ["SEX", "VIO"]),
        ("http://hl7.org/fhir/sid/icd-9-cm", "995.81", ["VIO"]),
        ("http://hl7.org/fhir/sid/icd-9-cm", "995.86", ["N"]),  # malignant hyperthermia
        ("http://hl7.org/fhir/sid/icpc-2", "W78", ["SEX"]),
        ("https://example.org/icd-10-fr", "F20.0", ["PSY"]),
        ("http://www.cms.gov/Medicare/Coding/ICD-10-PCS", "F20", ["unclassified"]),
        ("http://hl7.org/fhir/sid/cvx", "140", ["N"]),
        (SNOMED, "66590003", ["ETH"]),
        (SNOMED, "35489007", ["PSY"]),
        (SNOMED, "86406008", ["HIV"]),
        (SNOMED, "77386006", ["SEX"]),
        (SNOMED, "190905008", ["GDIS"]),
        (SNOMED, "38341003", ["N"]),
        (LOINC, "44261-6", ["PSY"]),
        (LOINC, "20447-9", ["HIV"]),
        (LOINC, "2339-0", ["N"]),
        (LOINC, "66590003", ["N"]),  # a code means nothing outside its system
        (RXNORM, "6813", ["ETH"]),
        (ATC, "N06AB06", ["PSY"]),
        (ATC, "G03AA07", ["SEX"]),
        ("urn:oid:2.16.840.1.113883.6.90", "F20.9", ["PSY"]),
    ],
)
def test_a_code_suggests_labels(system: str, code: str, labels: list[str]) -> None:
    assert suggest(condition(system, code)) == labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Major depressive disorder", ["PSY"]),
        ("HIV-1 infection", ["HIV"]),
        ("Alcohol-use disorder", ["ETH"]),
        ("Methadone 10 MG Oral Tablet", ["ETH"]),
        ("Normal pregnancy", ["SEX"]),
        ("Yaz 28 Day Pack", ["SEX"]),
        ("Cystic fibrosis carrier", ["GDIS"]),
        ("Alzheimer's disease", ["PSY"]),
        ("Depression during pregnancy", ["PSY", "SEX"]),
        ("Victim of domestic violence", ["VIO"]),
        ("ST depression on ECG", ["N"]),
        ("Hearing aids fitted", ["N"]),
        ("Nonalcoholic fatty liver", ["N"]),
        ("Non-alcoholic fatty liver", ["N"]),
        ("Alcohol swab", ["N"]),
        ("Essential hypertension", ["N"]),
    ],
)
def test_words_suggest_labels(text: str, labels: list[str]) -> None:
    assert suggest(worded(text)) == labels
    assert suggest(worded(text.upper())) == labels


@pytest.mark.parametrize(
    ("code", "labels"),
    [
        ("ETH", ["ETH"]),
        ("SUD", ["ETH"]),
        ("BH", ["ETH", "PSY"]),
        ("HIV", ["HIV"]),
        ("STD", ["SEX"]),
        ("GDIS", ["GDIS"]),
        ("VIO", ["VIO"]),
        ("SDV", ["SEX", "VIO"]),
        ("SPI", ["unclassified"]),
        ("R", ["unclassified"]),
        ("V", ["unclassified"]),
        ("N", ["N"]),
        ("HTEST", ["N"]),
    ],
)
def test_security_tags_are_honoured(code: str, labels: list[str]) -> None:
    tagged = condition(SNOMED, "38341003") | {"meta": {"security": [{"code": code}]}}
    assert suggest(tagged) == labels


def test_a_tag_of_ordinary_confidentiality_lowers_nothing() -> None:
    tagged = condition(ICD10, "F32.1") | {"meta": {"security": [{"code": "N"}]}}
    assert suggest(tagged) == ["PSY"]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Condition", "code": {"text": "Sore knee"}},
        {
            "resourceType": "MedicationStatement",
            "medicationReference": {"reference": "Medication/1"},
        },
        {
            "resourceType": "DocumentReference",
            "type": {"coding": [{"system": LOINC, "code": "11488-4"}]},
        },
        {"resourceType": "Binary"},
        {"resourceType": "ImagingStudy", "modality": [{"system": "http://dicom", "code": "CT"}]},
        {
            "resourceType": "DiagnosticReport",
            "code": {"coding": [{"system": LOINC, "code": "34117-2"}]},
            "presentedForm": [{"data": "cHJpdmF0ZQ=="}],
        },
        {"resourceType": "Observation", "category": [{"coding": [{"code": "laboratory"}]}]},
        {},
    ],
)
def test_what_could_hold_anything_is_unclassified(resource: dict[str, Any]) -> None:
    assert suggest(resource) == [Sensitivity.UNCLASSIFIED]


@pytest.mark.parametrize(
    "kind", ["Patient", "Practitioner", "Organization", "Location", "Coverage"]
)
def test_who_and_where_is_ordinary(kind: str) -> None:
    assert suggest({"resourceType": kind, "name": "General Hospital"}) == [Sensitivity.N]


def test_a_name_of_a_place_can_tell() -> None:
    assert suggest({"resourceType": "Organization", "name": "Lakeside Addiction Center"}) == ["ETH"]


def test_a_matching_document_needs_both_permissions() -> None:
    letter = {"resourceType": "DocumentReference", "description": "Psychiatric discharge letter"}
    assert suggest(letter) == ["PSY", "unclassified"]


@pytest.mark.parametrize(
    "inner",
    [
        {"component": [{"code": {"coding": [{"system": LOINC, "code": "44261-6"}]}}]},
        {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "35489007"}]}},
        {"reasonCode": [{"text": "Depression"}]},
        {"reasonReference": [{"display": "Depression"}]},
        {
            "diagnosis": [
                {"diagnosisCodeableConcept": {"coding": [{"system": ICD10, "code": "F33.1"}]}}
            ]
        },
        {"item": [{"productOrService": {"text": "Psychotherapy, 60 minutes"}}]},
        {"contained": [{"resourceType": "Medication", "code": {"text": "Sertraline 50 mg"}}]},
        {"note": [{"text": "Known bipolar disorder."}]},
        {"activity": [{"detail": {"code": {"text": "Psychiatric follow-up"}}}]},
        {"serviceProvider": {"display": "Psychiatric Clinic East"}},
    ],
)
def test_codes_and_words_are_found_below_the_surface(inner: dict[str, Any]) -> None:
    assert suggest(
        {"resourceType": "Observation", "code": {"coding": [{"code": "x"}]}, **inner}
    ) == ["PSY"]


def test_each_label_has_words_for_people() -> None:
    assert {label: label.label for label in Sensitivity} == {
        "N": "Ordinary",
        "ETH": "Alcohol and drug use",
        "PSY": "Mental health",
        "HIV": "HIV",
        "SEX": "Sexual health, pregnancy and birth",
        "GDIS": "Genetic conditions",
        "VIO": "Violence and abuse",
        "unclassified": "Not sorted",
    }


def test_a_range_that_cannot_be_counted_is_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "[systems]\n[harmless]\nwords=[]\n[kinds]\nordinary=[]\nopaque=[]\n"
        "[fields]\ntelling=[]\nfiled=[]\nnested=[]\ntext=[]\n"
        '[PSY]\nwords=[]\nicd-10=["F90-F20"]\n'
    )
    with pytest.raises(ValueError, match=r"'F90-F20' in sensitivity\.toml is not"):
        Rules({"PSY": 1}, rules)


def test_a_flood_of_words_takes_little_time() -> None:
    started = time.perf_counter()
    notes = [{"text": word * 5000} for word in ("drug ", "alcohol ", "st depression ", "x-") * 50]
    assert suggest({"resourceType": "Condition", "note": notes}) == ["ETH"]
    assert time.perf_counter() - started < 2


leaves = st.sampled_from((None, True, 0, -1.5, "", "depression", "\ud800", "x" * 5000))
names = st.sampled_from(
    (
        *("resourceType", "code", "coding", "system", "display", "text", "meta", "security"),
        *("contained", "component", "category", "presentedForm", "item", "note", "title"),
    )
)
odd = st.recursive(
    leaves | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
)


@pytest.mark.property
@given(st.dictionaries(names, odd, max_size=8))
def test_any_json_gets_a_label(resource: dict[str, Any]) -> None:
    labels = suggest(resource)
    assert labels
    assert set(labels) <= set(Sensitivity)
    assert Sensitivity.N not in labels or len(labels) == 1


@pytest.mark.property
@given(
    st.sampled_from(("PSY", "HIV", "ETH", "SEX", "GDIS", "VIO")),
    st.dictionaries(names, odd, max_size=5),
)
def test_nothing_beside_a_tag_takes_it_away(code: str, rest: dict[str, Any]) -> None:
    resource = {**rest, "meta": {"security": [{"code": code}]}}
    assert code in suggest(resource)
