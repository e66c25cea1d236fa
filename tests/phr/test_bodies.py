"""Whoever can write to the tables still cannot show one person's words as another's."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from accounts.keys import Unopenable, destroy_patient_key
from accounts.models import Patient
from phr.bodies import Bodies, open_bytes, seal_body
from phr.models import Record, RecordVersion, Upload
from phr.services import records, uploads
from tests.cast import Cast
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep, with_file, with_past

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def test_a_body_opens_in_its_own_place_only(cast: Cast) -> None:
    row, other = keep(cast.alice_id), keep(cast.alice_id)
    sealed = seal_body(cast.alice_id, row.pk, 1, b"{}")

    assert open_bytes(cast.alice_id, row.pk, 1, sealed) == b"{}"
    assert Bodies(cast.alice_id).open(row.pk, 1, sealed) == b"{}"
    for patient_id, record_id, version in (
        (cast.alice_id, row.pk, 2),
        (cast.alice_id, other.pk, 1),
        (cast.carol_id, row.pk, 1),
    ):
        with pytest.raises(Unopenable):
            open_bytes(patient_id, record_id, version, sealed)
        with pytest.raises(Unopenable):
            Bodies(patient_id).open(record_id, version, sealed)


@pytest.mark.parametrize("length", [0, 1, 16_384, 16_385, 200_000])
def test_a_body_of_any_length_comes_back_whole(cast: Cast, length: int) -> None:
    bodies, record_id = Bodies(cast.alice_id), uuid4()
    body = (b'{"resourceType":"Basic"}' * (length // 24 + 1))[:length]
    sealed = bodies.seal(record_id, 1, body)

    assert open_bytes(cast.alice_id, record_id, 1, sealed) == body
    assert bodies.open(record_id, 1, sealed) == body
    assert len(sealed) < 2000


def test_nothing_more_is_sealed_once_the_key_is_destroyed(cast: Cast) -> None:
    bodies = Bodies(cast.alice_id)
    record_id = uuid4()
    sealed = bodies.seal(record_id, 1, b"{}")
    destroy_patient_key(cast.alice_id)

    with pytest.raises(Unopenable):
        bodies.seal(record_id, 1, b"{}")
    with pytest.raises(Unopenable):
        bodies.open(record_id, 1, sealed)


def move_to_another_row(cast: Cast) -> Record:
    return _moved(keep(cast.alice_id, text="HIV test"), keep(cast.alice_id))


def move_to_another_patient(cast: Cast) -> Record:
    return _moved(keep(cast.carol_id, text="HIV test"), keep(cast.alice_id))


def move_a_past_version(cast: Cast) -> Record:
    row = keep(cast.alice_id)
    return _moved(with_past(row), row)


def give_the_row_to_another_patient(cast: Cast) -> Record:
    row = keep(cast.carol_id, text="HIV test")
    with as_owner():
        assert Record.objects.filter(pk=row.pk).update(patient_id=cast.alice_id)
    return row


def _moved(source: Record | RecordVersion, target: Record) -> Record:
    with as_owner():
        assert Record.objects.filter(pk=target.pk).update(body_sealed=source.body_sealed)
    return target


@pytest.mark.parametrize(
    "tamper",
    [
        move_to_another_row,
        move_to_another_patient,
        move_a_past_version,
        give_the_row_to_another_patient,
    ],
)
def test_a_moved_body_is_not_shown(cast: Cast, tamper: Callable[[Cast], Record]) -> None:
    open_walls()
    intact = keep(cast.alice_id)
    assert records.open_record(cast.alice, cast.alice_id, intact.pk).shown.title

    row = tamper(cast)

    with pytest.raises(Unopenable):
        records.open_record(cast.alice, cast.alice_id, row.pk)
    with pytest.raises(Unopenable):
        records.timeline(cast.alice, cast.alice_id)


def test_a_moved_name_is_not_shown(cast: Cast) -> None:
    open_walls()
    row = keep(cast.alice_id)
    with as_owner():
        carols = Patient.objects.get(pk=cast.carol_id).name_sealed
        Patient.objects.filter(pk=cast.alice_id).update(name_sealed=carols)

    with pytest.raises(Unopenable):
        records.open_record(cast.alice, cast.alice_id, row.pk)


def test_a_moved_file_name_is_not_shown(cast: Cast) -> None:
    open_walls()
    with_file(keep(cast.alice_id), b"one")
    with_file(keep(cast.alice_id), b"two")
    with as_owner():
        one, two = Upload.objects.all()
        Upload.objects.filter(pk=one.pk).update(file_name_sealed=two.file_name_sealed)

    with pytest.raises(Unopenable):
        uploads.uploads(cast.alice)
