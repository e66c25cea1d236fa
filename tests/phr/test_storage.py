"""Files in chunks: every range reads right, and nothing cut, moved or reordered opens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import keys
from accounts.keys import Unopenable
from phr import storage
from phr.storage import CHUNK, HEADER, TAG

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
# One database transaction serves all examples of a test: they write files, not rows.
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIZES = st.sampled_from(
    [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 77, 4 * CHUNK - 1, 5 * CHUNK]
)


@pytest.fixture
def patient_id() -> UUID:
    patient_id = uuid4()
    keys.create_patient_key(patient_id)
    return patient_id


@pytest.fixture
def kept(patient_id: UUID) -> Iterator[Callable[[bytes], tuple[str, UUID]]]:
    """Stores bytes; returns the file's name and its Binary's id. All are destroyed at the end."""
    names: list[str] = []

    def put(data: bytes, pieces: int = 1) -> tuple[str, UUID]:
        name, binary_id = storage.new_name(), uuid4()
        step = max(1, len(data) // pieces)
        parts = (data[at : at + step] for at in range(0, len(data), step))
        writer = storage.put(name, patient_id, binary_id, parts)
        assert writer.size == len(data)
        names.append(name)
        return name, binary_id

    yield put
    for name in names:
        storage.destroy(name)


Put = Callable[..., tuple[str, UUID]]


# Bytes that differ from chunk to chunk, so that a swap would show.
PLAIN = b"".join(number.to_bytes(4, "big") for number in range(5 * CHUNK // 4))


def plain(size: int) -> bytes:
    return PLAIN[:size]


def whole(name: str, patient_id: UUID, binary_id: UUID) -> bytes:
    return b"".join(storage.read(name, patient_id, binary_id))


def path_of(name: str) -> Path:
    return Path(storages["files"].path(name))


@many
@given(size=SIZES, pieces=st.integers(1, 9), data=st.data())
def test_every_range_reads_what_was_written(
    kept: Put, patient_id: UUID, size: int, pieces: int, data: st.DataObject
) -> None:
    text = plain(size)
    name, binary_id = kept(text, pieces)
    start = data.draw(st.integers(0, max(size - 1, 0)))
    length = data.draw(st.none() | st.integers(0, size + 10))

    read = storage.read(name, patient_id, binary_id, start=start, length=length)

    end = size if length is None else start + length
    assert b"".join(read) == text[start:end]


@pytest.mark.parametrize("size", [0, CHUNK, 2 * CHUNK + 77])
def test_the_disk_holds_no_plaintext(kept: Put, patient_id: UUID, size: int) -> None:
    text = b"mammogram of Alice " * (size // 19 + 1)
    name, binary_id = kept(text)

    assert whole(name, patient_id, binary_id) == text
    assert b"mammogram" not in path_of(name).read_bytes()
    assert path_of(name).stat().st_mode & 0o077 == 0


def test_the_same_bytes_twice_look_different(kept: Put) -> None:
    (one, _), (other, _) = kept(b"same"), kept(b"same")

    assert path_of(one).read_bytes()[HEADER:] != path_of(other).read_bytes()[HEADER:]


def test_a_file_moved_to_another_binary_does_not_open(kept: Put, patient_id: UUID) -> None:
    (one, mine), (other, theirs) = kept(b"alice's scan"), kept(b"alice's letter")
    path_of(other).write_bytes(path_of(one).read_bytes())

    with pytest.raises(Unopenable):
        whole(other, patient_id, theirs)
    with pytest.raises(Unopenable):
        whole(one, patient_id, theirs)
    assert whole(one, patient_id, mine) == b"alice's scan"


def test_a_file_moved_to_another_patient_does_not_open(kept: Put) -> None:
    name, binary_id = kept(b"alice's scan")
    other = uuid4()
    keys.create_patient_key(other)

    with pytest.raises(Unopenable):
        whole(name, other, binary_id)


@many
@given(size=SIZES, data=st.data())
def test_a_cut_file_does_not_open(
    kept: Put, patient_id: UUID, size: int, data: st.DataObject
) -> None:
    name, binary_id = kept(plain(size))
    sealed = path_of(name).read_bytes()
    edges = range(HEADER, len(sealed), CHUNK + TAG)
    cut = data.draw(st.sampled_from(edges) | st.integers(0, len(sealed) - 1))
    path_of(name).write_bytes(sealed[:cut])

    with pytest.raises(Unopenable):
        whole(name, patient_id, binary_id)


@many
@given(size=SIZES, data=st.data())
def test_a_changed_bit_does_not_open(
    kept: Put, patient_id: UUID, size: int, data: st.DataObject
) -> None:
    name, binary_id = kept(plain(size))
    sealed = bytearray(path_of(name).read_bytes())
    at = data.draw(st.integers(0, len(sealed) - 1) | st.integers(0, HEADER - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    path_of(name).write_bytes(sealed)

    with pytest.raises(Unopenable):
        whole(name, patient_id, binary_id)


@many
@given(order=st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_chunks_in_another_order_or_number_do_not_open(
    kept: Put, patient_id: UUID, order: list[int]
) -> None:
    text = plain(5 * CHUNK)
    name, binary_id = kept(text)
    sealed = path_of(name).read_bytes()
    step = CHUNK + TAG
    chunks = [sealed[at : at + step] for at in range(HEADER, len(sealed), step)]
    path_of(name).write_bytes(sealed[:HEADER] + b"".join(chunks[number] for number in order))

    if order == [0, 1, 2, 3, 4]:
        assert whole(name, patient_id, binary_id) == text
    else:
        with pytest.raises(Unopenable):
            whole(name, patient_id, binary_id)


def test_a_chunk_of_another_file_does_not_fit_in(kept: Put, patient_id: UUID) -> None:
    (one, mine), (other, _) = kept(plain(2 * CHUNK)), kept(plain(2 * CHUNK))
    first, second = path_of(one).read_bytes(), path_of(other).read_bytes()
    edge = HEADER + CHUNK + TAG
    path_of(one).write_bytes(first[:edge] + second[edge:])

    with pytest.raises(Unopenable):
        whole(one, patient_id, mine)


def test_an_abandoned_file_leaves_nothing(patient_id: UUID) -> None:
    name = storage.new_name()

    def interrupted() -> Iterator[bytes]:
        yield b"half"
        raise LookupError

    with pytest.raises(LookupError):
        storage.put(name, patient_id, uuid4(), interrupted())

    assert not storage.exists(name)
    assert name not in storage.names()
