"""The ZIP itself: written without turning back, whole, and with true check sums."""

import os
import struct
import tracemalloc
import zlib
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from rights.archive.pack import Pack, shrinks

MADE_AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
NOISE = os.urandom(300_000)
TEXT = b'{"resourceType":"Observation"}\n' * 20_000


class OneWay:
    """A stream that can only be written to."""

    def __init__(self) -> None:
        self.out = BytesIO()

    def write(self, data: bytes) -> None:
        self.out.write(data)


def packed() -> bytes:
    sink = OneWay()
    with Pack(sink, MADE_AT) as pack:
        with pack.file("fhir/bundle.json") as out:
            for start in range(0, len(TEXT), 999):
                out.write(TEXT[start : start + 999])
        with pack.file("originals/00001-Röntgen.dcm", size=len(NOISE), shrinks=False) as out:
            out.write(NOISE)
        pack.text("README.txt", "grüß dich")
    return sink.out.getvalue()


def test_every_file_comes_out_as_it_went_in() -> None:
    with ZipFile(BytesIO(packed())) as archive:
        assert archive.testzip() is None
        assert archive.read("fhir/bundle.json") == TEXT
        assert archive.read("originals/00001-Röntgen.dcm") == NOISE
        assert archive.read("README.txt").decode() == "grüß dich"
        found = archive.getinfo("fhir/bundle.json")
    assert found.date_time == (2026, 2, 3, 4, 5, 6)
    assert found.compress_size < found.file_size / 10
    assert found.external_attr >> 16 == 0o100644


def test_it_knows_size_and_check_sum_of_every_file() -> None:
    with Pack(OneWay(), MADE_AT) as pack:
        with pack.file("a") as out:
            out.write(TEXT)
        pack.text("b", "")

    assert [(one.path, one.size, one.sha256) for one in pack.files] == [
        ("a", len(TEXT), sha256(TEXT).hexdigest()),
        ("b", 0, sha256(b"").hexdigest()),
    ]


def test_every_file_is_deflated_so_that_any_reader_can_stream_it() -> None:
    with ZipFile(BytesIO(packed())) as archive:
        assert {one.compress_type for one in archive.infolist()} == {ZIP_DEFLATED}


def unpacked_from_the_front(data: bytes) -> dict[str, bytes]:
    """The files as a reader finds them that sees the bytes once, without the list at the end."""
    files, at = {}, 0
    while data[at : at + 4] == b"PK\x03\x04":
        names, extra = struct.unpack("<HH", data[at + 26 : at + 30])
        begin = at + 30 + names + extra
        reader = zlib.decompressobj(-15)
        content = reader.decompress(data[begin:])
        assert reader.eof
        files[data[at + 30 : at + 30 + names].decode()] = content
        described = len(data) - len(reader.unused_data)
        assert data[described : described + 4] == b"PK\x07\x08"
        # ZIP64 sizes take eight bytes each (APPNOTE 4.3.9.2).
        at = described + (24 if extra else 16)
    assert data[at : at + 4] == b"PK\x01\x02"
    return files


def test_a_reader_that_sees_the_bytes_once_finds_every_file() -> None:
    found = unpacked_from_the_front(packed())

    assert found["fhir/bundle.json"] == TEXT
    assert found["originals/00001-Röntgen.dcm"] == NOISE
    assert list(found) == ["fhir/bundle.json", "originals/00001-Röntgen.dcm", "README.txt"]


def break_off(sink: OneWay) -> None:
    with Pack(sink, MADE_AT) as pack:
        pack.text("a", "whole")
        raise RuntimeError("power cut")


def test_what_breaks_off_has_no_end_and_tells_why() -> None:
    sink = OneWay()

    with pytest.raises(RuntimeError, match="power"):
        break_off(sink)

    assert b"PK\x05\x06" not in sink.out.getvalue()


def test_memory_does_not_grow_with_a_file() -> None:
    class Nowhere:
        def write(self, data: bytes) -> None:
            del data

    def peak(times: int) -> int:
        tracemalloc.start()
        with Pack(Nowhere(), MADE_AT) as pack, pack.file("a") as out:
            for _ in range(times):
                out.write(NOISE)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40) < 1.2 * peak(4) + 100_000


def test_what_is_packed_already_is_not_packed_again() -> None:
    assert shrinks(TEXT[:65536])
    assert not shrinks(NOISE[:65536])
