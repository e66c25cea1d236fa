"""A file is looked through first; its owner sees what it would do, and says yes or takes it back."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.models import Patient
from phr import identity, storage
from phr.models import Binary, Record, Upload
from phr.services import imports, looks, reviews, uploads
from sharing.policy import Restricted
from tests import raw
from tests.cast import IMPORTER, Cast, hand_in, put_in
from tests.worlds.files import ct_slice, dicom, picture

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def condition(number: int, patient: str = "urn:uuid:1", text: str = "Asthma") -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "identifier": [{"system": "http://example.org/conditions", "value": f"A{number}"}],
        "subject": {"reference": patient},
        "code": {"text": f"{text} {number}"},
    }


def person(given: str = "Alice", family: str = "Archer", born: str = "") -> dict[str, Any]:
    found = {"resourceType": "Patient", "name": [{"given": [given], "family": family}]}
    return found | ({"birthDate": born} if born else {})


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [
        {"fullUrl": f"urn:uuid:{number}", "resource": resource}
        for number, resource in enumerate(resources, start=1)
    ]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(whole).encode()


def looked_through(cast: Cast, data: bytes, name: str = "file.json") -> UUID:
    upload_id = hand_in(cast.alice, data, name)
    assert imports.import_upload(IMPORTER, upload_id)
    return upload_id


def followed(cast: Cast, upload_id: UUID) -> uploads.Followed:
    return uploads.upload(cast.alice, upload_id)


def test_what_is_about_somebody_else_without_a_patient_is_asked_about(cast: Cast) -> None:
    ours, other = condition(1, patient="Patient/1"), condition(2, patient="Patient/2")
    named = condition(3) | {"subject": {"display": "Otto Schmidt"}}
    numbered = condition(4) | {"subject": {"identifier": {"system": "urn:mrn", "value": "O-2"}}}
    for data in (
        bundle(ours, other),
        bundle(person(), condition(1), other),
        bundle(ours, named),
        bundle(person(), condition(1), numbered),
    ):
        upload_id = looked_through(cast, data)
        assert followed(cast, upload_id).owner is not None
        with pytest.raises(reviews.Unsure):
            reviews.confirm(cast.alice, upload_id)

    assert records(cast) == 0
    assert followed(cast, looked_through(cast, bundle(person(), condition(1)))).owner is None


def records(cast: Cast) -> int:
    with acting_as(IMPORTER, about=cast.alice_id):
        return Record.objects.count()


def test_looking_through_a_file_stores_nothing_in_the_record(cast: Cast) -> None:
    put_in(cast.alice, bundle(person(), condition(2), condition(3)))
    data = bundle(person(), condition(2), condition(3, text="Gout"), condition(4), condition(4))

    upload_id = looked_through(cast, data)

    found = followed(cast, upload_id)
    outlook = found.outlook
    assert found.state == "asking"
    assert outlook is not None
    assert (outlook.new, outlook.changed, outlook.known) == (1, 1, 3)
    assert outlook.counts == {"Patient": 1, "Condition": 4}
    assert [one.names for one in outlook.people] == [("Alice Archer",)]
    assert records(cast) == 3
    assert imports.import_due(IMPORTER) == 0

    reviews.confirm(cast.alice, upload_id)
    assert imports.import_due(IMPORTER) == 1

    row = followed(cast, upload_id).upload
    assert (row.imported, row.updated, row.duplicates) == (1, 1, 3)


def test_one_wrong_entry_is_left_out_with_its_reason_and_the_others_are_added(cast: Cast) -> None:
    """What refers to it says so still. Whom the file is about is asked although she is left out."""
    wrong = {"resourceType": "Encounter", "id": "e", "status": "finished"}
    points = condition(2) | {"encounter": {"reference": "Encounter/e"}}
    upload_id = looked_through(cast, bundle(person(), condition(1), wrong, points))
    outlook = followed(cast, upload_id).outlook
    assert outlook is not None
    assert (outlook.new, outlook.skips) == (3, 1)
    assert [[*one] for one in outlook.skipped] == [["entry 3", "Encounter.class is missing"]]

    reviews.confirm(cast.alice, upload_id)
    assert imports.import_due(IMPORTER) == 1

    done = followed(cast, upload_id)
    assert (done.upload.imported, done.upload.skipped) == (3, 1)
    assert done.report is not None
    assert [[*one] for one in done.report.skipped or ()] == [
        ["entry 3", "Encounter.class is missing"]
    ]
    stranger = person("Otto", "Schmidt") | {"gender": "M"}
    assert followed(cast, looked_through(cast, bundle(stranger, condition(3)))).owner is not None


def test_looking_through_a_picture_keeps_no_picture(cast: Cast) -> None:
    looked_through(cast, picture("PNG"))

    with acting_as(cast.alice):
        assert [one.use for one in Binary.objects.all()] == [Binary.Use.ORIGINAL]
        assert not Record.objects.exists()


def test_what_was_found_is_sealed(cast: Cast) -> None:
    upload_id = looked_through(cast, bundle(person(), condition(2)))

    with acting_as(cast.alice):
        sealed = bytes(Upload.objects.get(pk=upload_id).preview_sealed or b"")
    assert sealed
    assert b"Archer" not in sealed
    assert b"Condition" not in sealed


def test_a_file_that_cannot_be_read_is_refused_at_once(cast: Cast) -> None:
    upload_id = looked_through(cast, b'{"resourceType": "Observation"}')

    assert followed(cast, upload_id).state == "failed"


def test_taking_a_file_back_leaves_nothing(cast: Cast) -> None:
    upload_id = looked_through(cast, bundle(person(), condition(2)))
    with acting_as(cast.alice):
        name = Binary.objects.get().name
    assert storage.exists(name)

    reviews.cancel(cast.alice, upload_id)

    with acting_as(cast.alice):
        assert not Upload.objects.exists()
        assert not Binary.objects.exists()
    assert not storage.exists(name)
    assert records(cast) == 0
    with pytest.raises(Denied):
        reviews.confirm(cast.alice, upload_id)
    lines = {line.what for line in looks.log(cast.alice).lines}
    assert looks.WORDS["cancel"] in lines


def test_what_was_added_cannot_be_taken_back_so(cast: Cast) -> None:
    upload_id = put_in(cast.alice, bundle(person(), condition(2))).upload.pk

    reviews.cancel(cast.alice, upload_id)

    assert followed(cast, upload_id).state == "finished"


def test_a_worker_killed_after_the_look_leaves_the_question(cast: Cast) -> None:
    """Nobody holds the row while its owner thinks, and the yes starts the attempts anew."""
    upload_id = looked_through(cast, bundle(person(), condition(2)))
    with acting_as(cast.alice):
        row = Upload.objects.get(pk=upload_id)
    assert (row.lease_until, row.attempts, row.started_at) == (None, 0, None)

    reviews.confirm(cast.alice, upload_id)
    assert imports._claim(IMPORTER, upload_id)
    assert imports.import_upload(IMPORTER, upload_id) is False
    with acting_as(IMPORTER):
        Upload.objects.update(lease_until=None)
    assert imports.import_upload(IMPORTER, upload_id)

    assert followed(cast, upload_id).state == "finished"


def test_a_slow_look_of_before_does_not_hold_the_row(cast: Cast) -> None:
    upload_id = hand_in(cast.alice, bundle(person(), condition(2)))
    slow = imports._claim(IMPORTER, upload_id)
    assert slow is not None
    with acting_as(IMPORTER):
        Upload.objects.update(lease_until=None)
    imports.import_upload(IMPORTER, upload_id)
    reviews.confirm(cast.alice, upload_id)
    assert imports._claim(IMPORTER, upload_id)

    imports._fail(IMPORTER, slow, "Too slow.")

    assert followed(cast, upload_id).state == "reading"


def test_saying_yes_twice_adds_once(cast: Cast) -> None:
    upload_id = looked_through(cast, bundle(person(), condition(2)))
    reviews.confirm(cast.alice, upload_id)
    reviews.confirm(cast.alice, upload_id)
    imports.import_due(IMPORTER)
    reviews.confirm(cast.alice, upload_id)

    assert imports.import_due(IMPORTER) == 0
    assert records(cast) == 2
    said = [line for line in looks.log(cast.alice).lines if line.what == looks.WORDS["confirm"]]
    assert len(said) == 1


def test_yes_before_the_look_is_no_yes(cast: Cast) -> None:
    upload_id = hand_in(cast.alice, bundle(person(), condition(2)))

    reviews.confirm(cast.alice, upload_id)

    assert followed(cast, upload_id).upload.confirmed_at is None


def test_nobody_else_says_yes_or_takes_it_back(cast: Cast) -> None:
    cast.share()
    upload_id = looked_through(cast, bundle(person(), condition(2)))

    for actor in (cast.bob, cast.carol, cast.sam):
        for act in (reviews.confirm, reviews.cancel):
            with pytest.raises(Denied):
                act(actor, upload_id)
    assert followed(cast, upload_id).state == "asking"


def test_while_the_record_rests_nothing_is_said_yes_to(cast: Cast) -> None:
    upload_id = looked_through(cast, bundle(person(), condition(2)))
    raw.open_walls()
    with raw.as_owner():
        Patient.objects.filter(pk=cast.alice_id).update(restricted_at=timezone.now())

    with pytest.raises(Restricted):
        reviews.confirm(cast.alice, upload_id)
    with pytest.raises(Restricted):
        reviews.confirm_all(cast.alice)
    assert followed(cast, upload_id).upload.confirmed_at is None


def test_a_file_about_somebody_else_needs_her_word(cast: Cast) -> None:
    upload_id = looked_through(cast, bundle(person("Bob", "Brown"), condition(2)))
    owner = followed(cast, upload_id).owner
    assert owner is not None
    assert owner.names == ("Alice Archer",)
    assert reviews.confirm_all(cast.alice) == 0

    with pytest.raises(reviews.Unsure):
        reviews.confirm(cast.alice, upload_id)
    assert imports.import_due(IMPORTER) == 0
    assert records(cast) == 0

    reviews.confirm(cast.alice, upload_id, about_me=True)
    assert imports.import_due(IMPORTER) == 1
    assert records(cast) == 2
    assert any(line.what == looks.WORDS["confirm-person"] for line in looks.log(cast.alice).lines)


def test_another_birth_date_is_somebody_else(cast: Cast) -> None:
    upload_id = looked_through(cast, bundle(person(born="1963-04-18"), condition(2)))
    assert followed(cast, upload_id).owner is None

    accounts.set_born(cast.alice, born=date(1963, 4, 19))
    assert followed(cast, upload_id).owner is not None
    with pytest.raises(reviews.Unsure):
        reviews.confirm(cast.alice, upload_id)

    accounts.set_born(cast.alice, born=date(1963, 4, 18))
    assert reviews.confirm_all(cast.alice) == 1


def test_a_file_about_two_people_is_refused(cast: Cast) -> None:
    two = bundle(person(), person("Ben", "Brown"), condition(3), condition(4, "urn:uuid:2"))

    upload_id = looked_through(cast, two)

    assert followed(cast, upload_id).report.problem == identity.TWO_PEOPLE
    assert put_in(cast.alice, two).state == "failed"
    assert records(cast) == 0


def test_a_birth_date_is_sealed_and_can_be_forgotten(cast: Cast) -> None:
    accounts.set_born(cast.alice, born=date(1963, 4, 18))
    with acting_as(cast.alice):
        sealed = bytes(Patient.objects.get(pk=cast.alice_id).born_sealed or b"")
    assert b"1963" not in sealed
    assert accounts.own_born(cast.alice) == date(1963, 4, 18)

    accounts.set_born(cast.alice, born=None)

    assert accounts.own_born(cast.alice) is None
    for stranger in (cast.bob, cast.sam):
        with pytest.raises(Denied):
            accounts.set_born(stranger, born=date(1963, 4, 18))


def test_a_scan_of_somebody_else_asks_first(cast: Cast) -> None:
    hers = looked_through(cast, dicom(ct_slice(PatientName="ARCHER^ALICE")), "a.dcm")
    other = looked_through(cast, dicom(ct_slice(PatientBirthDate="19800214")), "b.dcm")

    reviews.confirm(cast.alice, hers)
    with pytest.raises(reviews.Unsure):
        reviews.confirm(cast.alice, other)
    reviews.confirm(cast.alice, other, about_me=True)
