"""Files in an archive that are kept themselves: every byte of them, and scans as one study."""

import json
import struct
import zipfile
from io import BytesIO

import pytest

from phr.box import parse
from phr.formats.parsed import (
    MB,
    Limits,
    Output,
    Parsed,
    Piece,
    Preview,
    Progress,
    Refused,
    Skipped,
)
from phr.formats.ranged import BLOCK, Ranged
from tests.phr.formats.reading import kept, read, refusal
from tests.worlds.files import STUDY_UID, ct_slice, dicom, fhir, packed, pdf, picture


def told(data: bytes) -> list[Output]:
    return [each for each in read(data, "a.zip") if not isinstance(each, Progress)]


def files(found: list[Output]) -> list[tuple[str, str, bytes]]:
    """The name, the type and the bytes of each file that was handed on."""
    whole: list[tuple[str, str, bytes]] = []
    data = b""
    for piece in found:
        if isinstance(piece, Piece):
            data += piece.data
            if piece.last:
                whole.append((piece.name, piece.content_type, data))
                data = b""
    assert not data
    return whole


def image(number: int, series: str = "2") -> bytes:
    uid = f"{STUDY_UID}.{series}"
    return dicom(
        ct_slice(SOPInstanceUID=f"{uid}.{number}", SeriesInstanceUID=uid, InstanceNumber=number)
    )


def cd() -> bytes:
    """What a hospital burns: images without endings, their table, a viewer, and a letter."""
    images = [(f"DICOM/S{series}/IM{n}", image(n, series)) for series in "23" for n in range(3)]
    viewer = [(f"VIEWER/lib{n}.dll", b"MZ" + bytes(100)) for n in range(40)]
    return packed(
        ("DICOMDIR", b"\0" * 128 + b"DICM" + bytes(200)),
        ("autorun.inf", b"[autorun]\nopen=start.exe"),
        ("start.exe", b"MZ" + bytes(100)),
        *viewer,
        ("index.html", b"<html><body>Viewer</body></html>"),
        ("DICOM/.DS_Store", b"\0\0\0\1Bud1"),
        ("__MACOSX/DICOM/._IM1", b"\0\5\x16\7"),
        *images,
        ("DICOM/copy", image(1)),
        ("letter.pdf", pdf("Shadow")),
    )


def test_a_document_comes_with_its_bytes() -> None:
    letter, photo = pdf("Dear Ada"), picture("JPEG", size=(900, 700), quality=100)
    found = told(packed(("in/letter.pdf", letter), ("in/photo.jpg", photo)))
    documents = [each for each in found if isinstance(each, Parsed)]

    assert files(found) == [
        ("letter.pdf", "application/pdf", letter), ("photo.jpg", "image/jpeg", photo),
    ]  # fmt: skip
    titles = [json.loads(each.body)["content"][0]["attachment"]["title"] for each in documents]
    assert titles == ["letter.pdf", "photo.jpg"]
    assert [each.attachments for each in documents] == [(), ()]
    assert "dear ada" in " ".join(documents[0].terms).casefold()
    # The same file by itself is the same document.
    assert [each.digest for each in documents] == [
        kept(letter, "a.pdf")[0].digest, kept(photo, "a.jpg")[0].digest,
    ]  # fmt: skip


def test_a_cd_is_one_study_with_every_image() -> None:
    found = told(cd())
    letter, study = (each for each in found if isinstance(each, Parsed))
    body = json.loads(study.body)

    assert (letter.resource_type, study.resource_type) == ("DocumentReference", "ImagingStudy")
    assert (body["numberOfSeries"], body["numberOfInstances"]) == (2, 6)
    assert [len(each["instance"]) for each in body["series"]] == [3, 3]
    assert [each["numberOfInstances"] for each in body["series"]] == [3, 3]
    after = found[found.index(study) :]
    assert sum(isinstance(each, Preview) for each in after) == 6
    assert [name for name, _, _ in files(after)] == ["IM0", "IM1", "IM2"] * 2
    assert {data for _, _, data in files(after)} == {image(n, s) for s in "23" for n in range(3)}


def test_what_belongs_to_the_cd_has_one_line_a_kind() -> None:
    lines = [each for each in told(cd()) if isinstance(each, Skipped)]
    said = {each.place: each.reason.partition(", ")[0] for each in lines}

    assert said == {
        "DICOMDIR": "It is the table of contents of scans",
        "autorun.inf, start.exe, VIEWER/lib0.dll, VIEWER/lib1.dll, VIEWER/lib2.dll"
        " and 37 more": "It is part of a program.",
        "index.html": "This is a web page",
        "DICOM/copy": "It is the same image as another file of the archive.",
    }


def test_one_image_is_what_it_is_alone() -> None:
    (alone,) = kept(image(1), "a.dcm")
    (inside,) = kept(packed(("a.dcm", image(1))), "a.zip")
    assert (inside.digest, inside.identity, inside.body) == (
        alone.digest, alone.identity, alone.body,
    )  # fmt: skip


def test_the_same_images_in_another_order_are_the_same_study() -> None:
    some = [(f"{n}", image(n)) for n in range(3)]
    (one,), (other,) = kept(packed(*some)), kept(packed(*reversed(some)))
    assert one.digest == other.digest


def test_an_archive_is_read_in_ranges() -> None:
    """The box asks for them; the stream of the whole file is not touched."""
    data = packed(
        ("letter.pdf", pdf("x")), ("noise.bin", bytes(range(256)) * 20_000), ("CT", image(1)),
        method=zipfile.ZIP_STORED,
    )  # fmt: skip
    asked: list[tuple[int, int]] = []

    def part(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return data[offset : offset + length]

    found = list(parse(iter([]), filename="a.zip", size=len(data), ranges=part))
    assert [each for each in found if not isinstance(each, Progress)] == told(data)
    assert max(length for _, length in asked) <= BLOCK
    # What nobody reads is not asked for but for its beginning.
    assert sum(length for _, length in asked) < len(data)


def test_ranges_are_for_archives_alone() -> None:
    data = fhir("observation")
    found = parse([data], filename="a.json", size=len(data), ranges=lambda at, n: data[at : at + n])
    assert [each for each in found if not isinstance(each, Progress)] == read(data)


def test_an_archive_that_is_too_large_is_not_asked_for() -> None:
    data = packed(("a.json", fhir("observation")), ("b", bytes(2 * MB)), method=zipfile.ZIP_STORED)
    limits = Limits(max_bytes=MB)
    with pytest.raises(Refused, match="larger than 1 MB"):
        list(
            parse(
                [data], filename="a.zip", limits=limits, size=len(data),
                ranges=lambda at, n: data[at : at + n],
            )
        )  # fmt: skip


def test_a_part_that_is_gone_is_no_silence() -> None:
    data = packed(("a.json", fhir("observation")), ("b", bytes(2 * MB)), method=zipfile.ZIP_STORED)

    def part(offset: int, length: int) -> bytes:
        if offset > 0:
            raise ConnectionError("storage went away")
        return data[offset : offset + length]

    with pytest.raises(ConnectionError):
        list(parse([data], filename="a.zip", size=len(data), ranges=part))


def test_any_place_of_a_file_can_be_gone_to() -> None:
    data = bytes(range(256)) * (BLOCK // 256) * 5 + b"end"
    file = Ranged.of(data)
    for at in (0, 3, BLOCK - 1, BLOCK, 4 * BLOCK + 7, len(data) - 2, len(data)):
        assert file.seek(at) == at
        assert file.read(BLOCK + 5) == data[at : at + BLOCK + 5]
    assert file.seek(-3, 2) == len(data) - 3
    assert (file.read(), file.tell()) == (b"end", len(data))
    with pytest.raises(ValueError, match="before the beginning"):
        file.seek(-1)


def test_files_that_lie_over_one_another() -> None:
    """A small archive whose entries all mean the same bytes unpacks without end (Fifield 2019)."""
    data = bytearray(packed(*((f"{n}.json", fhir("observation")) for n in range(3))))
    first = data.find(b"PK\x01\x02")
    second = data.find(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    assert "lie over one another" in refusal(bytes(data))


def test_two_files_of_one_name_are_both_read() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed(("a.pdf", pdf("one")), ("a.pdf", pdf("two")))
    assert [data for _, _, data in files(told(data))] == [pdf("one"), pdf("two")]


def test_an_archive_with_the_end_of_a_large_one() -> None:
    """Zip64 (APPNOTE 4.3.14): its numbers count, and are looked at before the table is read."""
    data = packed(("a.json", fhir("observation")))
    assert [each.resource_type for each in kept(large(data))] == ["Observation"]
    assert "more than 10,000 files" in refusal(large(data, entries=2**40))
    assert "more than 10,000 files" in refusal(large(data, size=2**40))
    assert "damaged or cut off" in refusal(large(data, place=7))


def large(data: bytes, **changes: int) -> bytes:
    """The archive with a Zip64 end before its ordinary one."""
    at = data.rfind(b"PK\x05\x06")
    entries, size, start = struct.unpack_from("<HLL", data, at + 10)
    entries, size = changes.get("entries", entries), changes.get("size", size)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, start)
    place = struct.pack("<4sLQL", b"PK\x06\x07", 0, changes.get("place", at), 1)
    return data[:at] + end + place + data[at:]


def test_a_large_file_is_handed_on_in_pieces() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("long.pdf", pdf("x")[:-6] + b"%" * MB + b"\nstartxref\n0\n%%EOF\n")
    pieces = [each for each in told(out.getvalue()) if isinstance(each, Piece)]
    assert len(pieces) > 2
    assert [each.last for each in pieces] == [False] * (len(pieces) - 1) + [True]
    assert {(each.name, each.content_type) for each in pieces} == {("long.pdf", "application/pdf")}
