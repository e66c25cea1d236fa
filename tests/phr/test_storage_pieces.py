"""Files that come in pieces: however they were cut and interrupted, the bytes are the same."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import keys
from accounts.keys import Unopenable
from phr import storage
from phr.storage import CHUNK, HEADER, NONCE, TAG

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
many = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STEP = NONCE + CHUNK + TAG
# Bytes that differ from chunk to chunk, so that a swap would show.
PLAIN = b"".join(number.to_bytes(4, "big") for number in range(4 * CHUNK // 4))
SIZES = st.sampled_from([1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 77, 4 * CHUNK])


@pytest.fixture
def patient_id() -> UUID:
    patient_id = uuid4()
    keys.create_patient_key(patient_id)
    return patient_id


def path_of(name: str) -> Path:
    return Path(storages["files"].path(name))


def whole(name: str, patient_id: UUID, binary_id: UUID) -> bytes:
    return b"".join(storage.read(name, patient_id, binary_id))


@many
@given(size=SIZES, data=st.data())
def test_the_bytes_are_the_same_however_it_was_interrupted(
    patient_id: UUID, size: int, data: st.DataObject
) -> None:
    name, binary_id, offset = storage.new_name(), uuid4(), 0
    storage.begin_pieces(name)
    while offset < size:
        for _ in range(data.draw(st.integers(0, 2))):
            interrupted(name, patient_id, binary_id, offset, data)
        piece = PLAIN[offset:size][: data.draw(st.integers(1, 3)) * CHUNK]
        final = offset + len(piece) == size
        storage.add_piece(name, patient_id, binary_id, piece, start=offset, final=final)
        offset += len(piece)
    start = data.draw(st.integers(0, size - 1))

    assert whole(name, patient_id, binary_id) == PLAIN[:size]
    part = storage.read(name, patient_id, binary_id, start=start, length=CHUNK)
    assert b"".join(part) == PLAIN[start : min(size, start + CHUNK)]
    storage.destroy(name)


def interrupted(
    name: str, patient_id: UUID, binary_id: UUID, offset: int, data: st.DataObject
) -> None:
    """Other bytes reach the disk, whole or torn, and are never acknowledged."""
    other = b"x" * data.draw(st.integers(1, 2)) * CHUNK
    before = path_of(name).stat().st_size if offset == 0 else HEADER + offset // CHUNK * STEP
    final = data.draw(st.booleans())
    storage.add_piece(name, patient_id, binary_id, other, start=offset, final=final)
    written = path_of(name).read_bytes()
    torn = data.draw(st.integers(min(before, len(written)), len(written)))
    path_of(name).write_bytes(written[:torn] + b"\0" * data.draw(st.integers(0, 9)))


def a_file(patient_id: UUID, size: int = 3 * CHUNK + 77) -> tuple[str, UUID]:
    name, binary_id = storage.new_name(), uuid4()
    storage.begin_pieces(name)
    storage.add_piece(name, patient_id, binary_id, PLAIN[:size], start=0, final=True)
    return name, binary_id


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [0, 1, 3], [0, 0, 1, 2, 3], [0, 1, 2], []])
def test_chunks_in_another_order_or_number_do_not_open(patient_id: UUID, order: list[int]) -> None:
    name, binary_id = a_file(patient_id)
    sealed = path_of(name).read_bytes()
    chunks = [sealed[at : at + STEP] for at in range(HEADER, len(sealed), STEP)]
    path_of(name).write_bytes(sealed[:HEADER] + b"".join(chunks[number] for number in order))

    with pytest.raises(Unopenable):
        whole(name, patient_id, binary_id)


def test_a_file_that_is_not_whole_yet_does_not_open(patient_id: UUID) -> None:
    name, binary_id = storage.new_name(), uuid4()
    storage.begin_pieces(name)
    storage.add_piece(name, patient_id, binary_id, PLAIN[:CHUNK], start=0, final=False)

    with pytest.raises(Unopenable):
        whole(name, patient_id, binary_id)


def test_no_nonce_is_used_twice_and_no_plaintext_is_written(patient_id: UUID) -> None:
    name, binary_id = storage.new_name(), uuid4()
    storage.begin_pieces(name)
    seen = set()
    for _ in range(3):
        storage.add_piece(name, patient_id, binary_id, PLAIN, start=0, final=True)
        sealed = path_of(name).read_bytes()
        assert PLAIN[:40] not in sealed
        seen |= {sealed[at : at + NONCE] for at in range(HEADER, len(sealed), STEP)}

    assert len(seen) == 12
    assert path_of(name).stat().st_mode & 0o077 == 0


def test_a_file_that_lost_bytes_takes_no_more(patient_id: UUID) -> None:
    name, binary_id = storage.new_name(), uuid4()
    storage.begin_pieces(name)
    storage.add_piece(name, patient_id, binary_id, PLAIN[:CHUNK], start=0, final=False)
    path_of(name).write_bytes(path_of(name).read_bytes()[:-1])

    with pytest.raises(Unopenable):
        storage.add_piece(name, patient_id, binary_id, PLAIN[:CHUNK], start=CHUNK, final=False)
