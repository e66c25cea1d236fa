"""What is refused, and the sentence its owner reads: where it is and what is wrong."""

import json
from typing import Any

import pytest

from phr.formats.parsed import MB, Limits
from tests.phr.formats.reading import bundle, observation, refusal
from tests.worlds.files import fhir as sample


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": None}, "Observation.status is missing."),
        ({"code": None}, "Observation.code is missing."),
        ({"status": 3}, "Observation.status is not one of the allowed codes ("),
        ({"status": "banana"}, "Observation.status is not one of the allowed codes (registered, "),
        ({"code": "x"}, "Observation.code should be an object in braces."),
        ({"code": [{"text": "x"}]}, "Observation.code should be an object in braces."),
        ({"note": {"text": "x"}}, "Observation.note should be a list."),
        ({"note": [{"author": "x"}]}, "Observation.note[0]"),
        ({"component": [{"code": {}}]}, "Observation.component[0].code is empty."),
        ({"category": []}, "Observation.category is empty."),
        ({"valueString": ""}, "Observation.valueString is empty."),
        ({"valueInteger": "3"}, "Observation.valueInteger should be a whole number."),
        ({"valueInteger": 2**40}, "Observation.valueInteger is too large a number."),
        ({"valueString": "a", "valueInteger": 1}, "stands beside another choice"),
        ({"effectiveDateTime": "2023-02-29"}, "Observation.effectiveDateTime is not a real date"),
        ({"effectiveDateTime": "2023-04-31"}, "Observation.effectiveDateTime is not a real date"),
        ({"issued": "2023-04-30"}, "Observation.issued is not a real time such as"),
        ({"id": "has space"}, "Observation.id is not an id"),
        ({"colour": "red"}, 'Observation has "colour", which FHIR R4 does not know.'),
        ({"code": {"text": None}}, "Observation.code.text should be text."),
        ({"contained": [{"resourceType": "Patient", "gender": "x"}]}, "Observation.contained[0]."),
        ({"contained": [{"id": "x"}]}, "Observation.contained[0].resourceType is missing."),
        (
            {"context": {"display": "x"}},
            "(this looks like FHIR STU3; only R4 is read: ask for it as FHIR R4).",
        ),
    ],
)
def test_a_bad_element_is_named(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(observation(**changes))


def test_a_bad_element_in_a_bundle_has_its_entry() -> None:
    whole = bundle(*[{"id": "x"}] * 11, *[observation(status=None)] * 2)
    assert refusal(whole) == "Entry 12, Observation.status is missing."


def test_a_missing_choice_is_named_as_the_standard_does() -> None:
    request = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"display": "x"},
    }
    assert refusal(request) == "MedicationRequest.medication[x] is missing."


def test_a_resource_in_parameters_is_looked_at() -> None:
    inner = {"name": "x", "resource": observation(status=None)}
    sentence = refusal({"resourceType": "Parameters", "parameter": [inner]})
    assert sentence == "Parameters.parameter[0].resource.status is missing."


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("Nonsense", "Entry 1, Nonsense is not a type of FHIR R4, and there is nothing in it."),
        (
            "ProcedureRequest",
            "Entry 1, ProcedureRequest is a type of FHIR STU3; only R4 is read: ask for it as FHIR R4.",
        ),
        (
            "NutritionIntake",
            "Entry 1, NutritionIntake is a type of FHIR R5; only R4 is read: ask for it as FHIR R4.",
        ),
        ("Ada Testperson", "Entry 1, its resourceType is not the name of a type of resource."),
        ("A" * 41, "Entry 1, its resourceType is not the name of a type of resource."),
    ],
)
def test_unknown_types(kind: str, sentence: str) -> None:
    assert refusal(bundle({"resourceType": kind})) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "a b"}, "Nonsense.id is not an id (letters, digits, - and ., at most 64)."),
        ({"meta": "x"}, "Nonsense.meta should be an object in braces."),
        ({"x": None}, "Nonsense.x is empty."),
        ({"x": [{"y": [1, {}]}]}, "Nonsense.x[0].y[1] is empty."),
        ({"x": {"a b": []}}, "Nonsense.x.a field is empty."),
    ],
)
def test_a_type_without_rules_has_those_of_every_resource(
    changes: dict[str, Any], sentence: str
) -> None:
    assert refusal({"resourceType": "Nonsense", **changes}) == sentence


def test_values_are_never_repeated() -> None:
    name = "Ada Testperson 1961"
    for bad in (
        observation(status=name),
        observation(**{name: 1}),
        observation(effectiveDateTime=name),
        {"resourceType": name},
        f'{{"resourceType":"Observation","{name}":1,"{name}":2}}'.encode(),
    ):
        assert name not in refusal(bad)


def test_the_bundle_itself_is_checked() -> None:
    assert refusal(bundle(type=None)).startswith("Bundle.type is not one of")
    whole = bundle(observation())
    del whole["type"]
    assert refusal(whole) == "Bundle.type is missing."
    whole = bundle(observation())
    whole["entry"][0]["fullURL"] = "x"
    assert refusal(whole) == 'Entry 1, Bundle.entry has "fullURL", which FHIR R4 does not know.'
    whole["entry"][0] = "x"
    assert refusal(whole) == "Entry 1 (line 1) is not correct JSON."
    whole["entry"] = [{"resource": [1]}]
    assert refusal(whole) == "Entry 1, Bundle.entry.resource should be an object in braces."
    whole["resourceType"] = "Patient"
    assert refusal(whole).startswith("Patient has")


def test_entries_of_something_else() -> None:
    raw = b'{"entry":[{"fullUrl":"urn:x"}],"resourceType":"List"}'
    assert refusal(raw) == "The file has entries, but its resourceType is not Bundle."


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b": 7.20", b": NaN", "The file has NaN where a number belongs."),
        (b": 7.20", b": -Infinity", "has -Infinity where a number belongs."),
        (b": 7.20", b": 1e999", "has a number that is too large."),
        (b": 7.20", b": " + b"1" * 5000, "has a number with too many digits."),
        (b": 7.20", b": 07", "is not correct JSON."),
        (b": 7.20", b": '7'", "is not correct JSON."),
        (b'"status": "final"', b'"status": "final", "status": "amended"', 'gives "status" twice'),
        (b"Hemoglobin", b"Hemo\xffglobin", "is not UTF-8 text."),
        (b"Hemoglobin", b"Hemo\nglobin", "is not correct JSON."),
        (b"Hemoglobin", b"\\ud800", "A text holds half of a character"),
        (b'"Hemoglobin', b'"\\uDC00\\ud83d', "A text holds half of a character"),
        (b'"status"', b'"\\ud800"', "A text holds half of a character"),
    ],
)
def test_broken_json(old: bytes, new: bytes, sentence: str) -> None:
    raw = sample("observation")
    assert old in raw
    said = refusal(raw.replace(old, new, 1))
    assert sentence in said


def test_very_many_names_and_one_twice() -> None:
    names = ",".join(f'"n{n}":1' for n in range(300_000))
    raw = f'{{"resourceType":"Basic","x":{{{names},"n7":2}}}}'.encode()
    assert refusal(raw) == "The file gives one name twice in the same place."


def test_the_entry_is_named_and_the_line_of_a_mistake_in_the_json() -> None:
    raw = json.dumps(bundle(observation(), observation(valueInteger=1)), indent=1).encode()
    at = raw.rindex(b"1")
    said = refusal(raw[:at] + b"NaN" + raw[at + 1 :])
    assert refusal(raw[:at] + b"?" + raw[at + 1 :]) == "Entry 2 (line 31) is not correct JSON."
    assert said == "Entry 2 has NaN where a number belongs."


@pytest.mark.parametrize("cut", [1, 2, 30, 400, 900, -3])
def test_a_file_cut_off_anywhere(cut: int) -> None:
    assert refusal(sample("searchset")[:cut]) == (
        "The file ends too early: it is cut off in the middle."
    )


def test_more_after_the_end() -> None:
    raw = sample("observation")
    assert "has more text after the end" in refusal(raw + raw)


@pytest.mark.parametrize("levels", [65, 5_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_too_deep(levels: int, opening: bytes, closing: bytes) -> None:
    middle = b'{"a":' + opening * levels + b"1" + closing * levels + b"}"
    raw = json.dumps(bundle(observation(extension=0))).encode()
    said = refusal(raw.replace(b'"extension": 0', b'"extension": ' + middle))
    assert said.endswith("is nested more than 64 levels deep.")


def test_sixty_levels_are_only_wrong_not_deep() -> None:
    value: Any = {"url": "https://x", "valueString": "x"}
    for _ in range(28):
        value = {"url": "https://x", "extension": [value]}
    whole = observation(extension=[value], status="banana")
    assert "Observation.status" in refusal(whole)


def test_too_large() -> None:
    said = refusal(sample("observation"), limits=Limits(max_bytes=1000))
    assert said == "The file is larger than 0 MB, the most that is taken."


def test_one_resource_too_large() -> None:
    whole = bundle(observation(), observation(note=[{"text": "x" * 3 * MB}]))
    said = refusal(whole, limits=Limits(max_resource_bytes=2 * MB))
    assert said == "Entry 2 (line 1) starts a resource larger than 2 MB."


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"[]", "The file is JSON but not a FHIR resource, which begins with a brace {."),
        (b"{}", "The file is JSON but not FHIR: resourceType is missing."),
        (b'{"resourceType": 3}', "The file is JSON but not FHIR: resourceType is missing."),
        (b'{"name": "x", "version": "1"}', "The file is JSON but not FHIR: resourceType is missi"),
        (b"{nonsense}", "Line 1 is not correct JSON."),
    ],
)
def test_json_that_is_not_fhir(raw: bytes, sentence: str) -> None:
    assert refusal(raw).startswith(sentence)
