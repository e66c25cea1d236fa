"""The same item from two sources: kept once, with both as its source, and still linked."""

import json
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.acting import acting_as
from phr.bodies import open_body
from phr.display import references
from phr.models import Provenance, Record
from phr.services import records
from phr.services.links import targets
from sharing import policy
from sharing.policy import Action
from tests.cast import Cast, put_in
from tests.worlds import synthea

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
Json = dict[str, Any]
HERE, THERE = "https://here.example/fhir", "https://there.example/r4"


def bundle(*resources: Json, base: str = HERE) -> Json:
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def patient(number: str = "p", **more: Any) -> Json:
    return {"resourceType": "Patient", "id": number, "name": [{"text": "Alice Archer"}], **more}


def observation(number: str, value: float = 7.2, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": number,
        "status": "final",
        "code": {"text": "HbA1c"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2024-03-02",
        "valueQuantity": {"value": value, "unit": "%"},
        **more,
    }


def renamed(whole: Json, base: str) -> Json:
    """The same bundle as another server would give it out: with ids and addresses of its own."""
    names: dict[str, str] = {}
    whole = deepcopy(whole)
    for entry in whole["entry"]:
        resource, url = entry["resource"], entry.get("fullUrl", "")
        kind, new = resource["resourceType"], str(uuid4())
        if "id" in resource:
            names[f"{kind}/{resource['id']}"] = f"{kind}/{new}"
            resource["id"] = new
        if url:
            names[url] = f"urn:uuid:{new}" if url.startswith("urn:") else f"{base}/{kind}/{new}"
            entry["fullUrl"] = names[url]
    return dict(_renamed(whole, names))


def _renamed(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            k: names.get(v, v) if k == "reference" and isinstance(v, str) else _renamed(v, names)
            for k, v in node.items()
        }
    return [_renamed(each, names) for each in node] if isinstance(node, list) else node


def put(cast: Cast, whole: Json) -> tuple[int, int, int]:
    """How many were new, changed and known."""
    followed = put_in(cast.alice, json.dumps(whole).encode())
    assert followed.state == "finished", followed.report.problem
    return followed.upload.imported, followed.upload.updated, followed.upload.duplicates


def kept(cast: Cast) -> list[Record]:
    with acting_as(cast.alice):
        return list(Record.objects.filter(hidden_at=None))


def dangling(cast: Cast) -> list[tuple[UUID, str]]:
    """References that lead to nothing in the record."""
    with acting_as(cast.alice, about=cast.alice_id):
        why = policy.grounds(cast.alice, Action.READ, cast.alice_id)
        found = []
        for row in Record.objects.filter(hidden_at=None):
            body = open_body(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
            names = [name for name in references(body) if not name.startswith("#")]
            known = targets(cast.alice, cast.alice_id, {row.pk: names}, why)
            found += [(row.pk, name) for name in names if (row.pk, name) not in known]
        return found


SIZES = st.integers(1, 8)


@pytest.mark.property
@settings(
    max_examples=2, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(size=SIZES, seed=st.integers(0, 1000))
def test_what_another_server_gives_under_its_own_names_adds_nothing(
    cast: Cast, size: int, seed: int
) -> None:
    whole = synthea.bundle(size * 5, seed=seed)
    before = len(kept(cast))
    first = put(cast, whole)
    lost = dangling(cast)
    count = len(kept(cast))

    again = put(cast, renamed(whole, THERE))

    assert again == (0, 0, len(whole["entry"])), (first, before)
    assert len(kept(cast)) == count
    assert dangling(cast) == lost


def test_what_two_hospitals_say_alike_is_kept_once_with_both_as_its_source(cast: Cast) -> None:
    whole = bundle(patient(), observation("a"), observation("b", 6.1))
    put(cast, whole)

    assert put(cast, renamed(whole, THERE)) == (0, 0, 3)

    row = next(one for one in kept(cast) if one.resource_type == "Observation")
    opened = records.open_record(cast.alice, cast.alice_id, row.pk)
    assert len({source.upload.pk for source in opened.sources if source.upload}) == 2
    assert not opened.versions
    with acting_as(cast.alice):
        outcomes = Provenance.objects.filter(record=row).values_list("outcome", flat=True)
        assert sorted(outcomes) == ["alike", "new"]


@pytest.mark.parametrize(
    "other",
    [
        {"valueQuantity": {"value": 7.3, "unit": "%"}},
        {"valueQuantity": {"value": 7.2, "unit": "mmol/mol"}},
        {"effectiveDateTime": "2024-03-03"},
        {"status": "preliminary"},
        {"code": {"text": "HbA1c before"}},
        {"subject": {"reference": "Patient/somebody"}},
        {"subject": {"reference": "Group/p"}},
        {"focus": [{"reference": "Patient/baby"}]},
        {"valueQuantity": None, "dataAbsentReason": {"text": "not measured"}},
    ],
)
def test_what_differs_is_never_taken_for_the_same(cast: Cast, other: Json) -> None:
    put(cast, bundle(patient(), observation("a")))
    changed = {k: v for k, v in observation("z", **other).items() if v is not None}

    assert put(cast, bundle(patient("p"), changed, base=THERE)) == (1, 0, 1)


def test_what_differs_by_whom_and_where_alone_is_not_the_same(cast: Cast) -> None:
    def insured(organization: str, day: str) -> Json:
        owner, by = {"reference": "Patient/p"}, {"reference": "Organization/o"}
        team = {"resourceType": "CareTeam", "id": "t", "name": "My team", "subject": owner}
        visit = {
            "resourceType": "Encounter", "id": "e", "status": "finished", "subject": owner,
            "class": {"code": "EMER"}, "period": {"start": day}, "serviceProvider": by,
        }  # fmt: skip
        cover = {"resourceType": "Coverage", "id": "c", "status": "active", "beneficiary": owner}
        return bundle(
            patient(), {"resourceType": "Organization", "id": "o", "name": organization},
            cover | {"payor": [by], "type": {"text": "Health"}},
            team | {"managingOrganization": [by]}, visit, base=f"https://{organization}.example",
        )  # fmt: skip

    put(cast, insured("north", "2024-03-02"))
    assert put(cast, insured("south", "2024-03-02")) == (4, 0, 1)
    put(cast, insured("east", "2024-03-05T10:20:00Z"))
    assert put(cast, insured("west", "2024-03-05T10:20:00Z")) == (3, 0, 2)


def test_a_relative_is_told_from_another_and_an_absence_from_a_presence(cast: Cast) -> None:
    def relative(who: str, **more: Any) -> Json:
        return {
            "resourceType": "FamilyMemberHistory", "id": who, "status": "completed",
            "patient": {"reference": "Patient/p"}, "relationship": {"text": who},
            "condition": [{"code": {"text": "Asthma"}}], **more,
        }  # fmt: skip

    def asthma(state: str) -> Json:
        return {
            "resourceType": "Condition", "id": "c", "code": {"text": "Asthma"},
            "subject": {"reference": "Patient/p"},
            "verificationStatus": {"coding": [{"code": state}]},
        }  # fmt: skip

    put(cast, bundle(patient(), relative("mother"), asthma("confirmed")))

    assert put(cast, bundle(patient(), relative("father"), asthma("refuted"), base=THERE))[0] == 2


def test_two_of_one_hospital_that_say_the_same_stay_two(cast: Cast) -> None:
    whole = bundle(patient(), observation("a"), observation("b"))

    assert put(cast, whole) == (3, 0, 0)
    assert put(cast, renamed(whole, THERE)) == (0, 0, 3)
    # One server says that these are two things.
    assert put(cast, bundle(patient(), observation("c"))) == (1, 0, 1)


def test_one_numbering_tells_apart_what_says_the_same_and_another_does_not(cast: Cast) -> None:
    def numbered(number: str, system: str, value: str) -> Json:
        return observation(number, identifier=[{"system": system, "value": value}])

    put(cast, bundle(patient(), numbered("a", "urn:laboratory", "1")))

    assert put(cast, bundle(patient(), numbered("b", "urn:hospital", "9"), base=THERE))[0] == 0
    assert put(cast, bundle(patient(), numbered("c", "urn:laboratory", "2"), base=THERE))[0] == 1


def test_what_is_added_refers_to_what_was_known_under_another_name(cast: Cast) -> None:
    aspirin = {"resourceType": "Medication", "id": "1", "code": {"text": "Aspirin"}}
    visit = {
        "resourceType": "Encounter", "id": "v", "status": "finished", "class": {"code": "AMB"},
        "period": {"start": "2024-03-02"}, "subject": {"reference": "Patient/p"},
    }  # fmt: skip

    def request(number: str, medicine: str, day: str) -> Json:
        return {
            "resourceType": "MedicationRequest", "id": number, "status": "active",
            "intent": "order", "authoredOn": day, "subject": {"reference": "Patient/p"},
            "medicationReference": {"reference": f"Medication/{medicine}"},
        }  # fmt: skip

    put(cast, bundle(patient(), aspirin, visit, request("r", "1", "2024-03-02")))
    medicine, seen = {**aspirin, "id": "77"}, {**visit, "id": "88"}
    later = {**request("s", "77", "2024-05-02"), "encounter": {"reference": "Encounter/88"}}

    assert put(cast, bundle(patient(), medicine, seen, later, base=THERE)) == (1, 0, 3)
    assert dangling(cast) == []
    titles = [item.title for item in records.timeline(cast.alice, cast.alice_id).items]
    assert titles.count("Aspirin") == 3


def test_what_two_hospitals_number_alike_is_not_the_same(cast: Cast) -> None:
    def medicine(text: str) -> Json:
        return bundle(
            patient(),
            {"resourceType": "Medication", "id": "1", "code": {"text": text}},
            {
                "resourceType": "MedicationRequest", "id": "r", "status": "active",
                "intent": "order", "authoredOn": "2024-03-02",
                "subject": {"reference": "Patient/p"},
                "medicationReference": {"reference": "Medication/1"},
            },
            base=HERE if text == "Aspirin" else THERE,
        )  # fmt: skip

    put(cast, medicine("Aspirin"))

    assert put(cast, medicine("Ibuprofen")) == (2, 0, 1)


def test_a_new_version_still_answers_to_the_names_of_the_one_before(cast: Cast) -> None:
    number = [{"system": "urn:pharmacy", "value": "A"}]
    medicine = {"resourceType": "Medication", "id": "1", "identifier": number}
    request = {
        "resourceType": "MedicationStatement", "id": "s", "status": "active",
        "effectiveDateTime": "2024-03-02", "subject": {"reference": "Patient/p"},
        "medicationReference": {"reference": "Medication/1"},
    }  # fmt: skip
    put(cast, bundle(patient(), {**medicine, "code": {"text": "Aspirin"}}, request))

    newer = {**medicine, "id": "2", "code": {"text": "Aspirin 100 mg"}}
    assert put(cast, bundle(newer, base=THERE)) == (0, 1, 0)

    assert dangling(cast) == []
