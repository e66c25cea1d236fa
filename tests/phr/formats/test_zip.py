"""ZIP archives: each file in it to its own reader, and nothing gets out of the archive."""

import json
import zipfile

import pytest

from phr.box import parse
from phr.formats import archive_zip, zip_directory
from phr.formats.parsed import MB, Output, Parsed, Progress, Refused, Skipped
from tests.phr.formats.reading import bundle, observation, read, refusal
from tests.worlds.apple import export, pulse, record
from tests.worlds.files import fhir, packed, pdf

FHIR = fhir("observation")


def told(data: bytes) -> list[Output]:
    return [each for each in read(data, "a.zip") if not isinstance(each, Progress)]


def left_out(*files: tuple[str | zipfile.ZipInfo, bytes]) -> dict[str, str]:
    """What is said of the files that are not kept, beside one that is."""
    found = told(packed(("good.json", FHIR), *files))
    assert sum(isinstance(each, Parsed) for each in found) == 1
    return {
        name: each.reason
        for each in found
        if isinstance(each, Skipped)
        for name in each.place.split(", ")
    }


def test_each_file_is_read_by_its_own_reader() -> None:
    found = told(
        packed(
            ("out/observation.json", FHIR),
            ("out/more/bundle.json", json.dumps(bundle(observation(), observation())).encode()),
            ("out/apple_health_export/export.xml", export(record("StepCount", "9", "count"))),
            ("__MACOSX/._observation.json", b"\x00\x05\x16\x07"),
        )
    )
    kept = [each for each in found if isinstance(each, Parsed)]
    assert [each.resource_type for each in kept] == [
        "Observation", "Observation", "Observation", "Patient", "Observation",
    ]  # fmt: skip
    assert kept[0].place == "File 1 of the archive, the file"
    assert kept[2].place == "File 2 of the archive, entry 2"
    assert kept[4].place == "File 3 of the archive, from record 1"
    assert not [each for each in found if isinstance(each, Skipped)]


def test_an_apple_export_and_its_second_writing() -> None:
    steps = export(record("StepCount", "9", "count"))
    found = told(packed(("e/export_cda.xml", b"<ClinicalDocument/>"), ("e/export.xml", steps)))
    assert [each.place for each in found if isinstance(each, Skipped)] == ["e/export_cda.xml"]
    assert sum(isinstance(each, Parsed) for each in found) == 2


def test_a_file_nobody_reads_is_named_and_the_others_are_kept() -> None:
    bad = json.dumps(bundle(observation(status="banana"), observation(code=None))).encode()
    said = left_out(
        ("notes.txt", b"just words"),
        ("bad.json", bad),
        ("letter.pdf", pdf()[:-9]),
        ("empty.json", b""),
        ("inner.zip", packed(("a.json", FHIR))),
        ("route.gpx", b"<gpx/>"),
    )
    assert said["notes.txt"].startswith("This kind of file is not accepted.")
    assert said["bad.json"].startswith("Entry 1, Observation.status is not one of")
    assert said["letter.pdf"] == "The PDF ends too early: it is cut off in the middle."
    assert said["empty.json"] == "The file is empty."
    assert said["inner.zip"].startswith("It is an archive itself.")
    assert said["route.gpx"].startswith("This is XML")


def test_names_lead_nowhere() -> None:
    link = zipfile.ZipInfo("link.json")
    link.external_attr = 0o120777 << 16
    outside = ("../a.json", "/etc/a.json", "x/../../a.json", "C:/a.json", "..\\b.json")
    said = left_out((link, b"/etc/passwd"), *((name, FHIR) for name in outside))
    assert said.pop("link.json") == "It is a link to another file, not a file."
    assert set(said.values()) == {"Its name points outside of the archive."}
    assert len(said) == len(outside)


def test_a_locked_file() -> None:
    data = packed(("good.json", FHIR), ("locked.json", FHIR))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.rfind(sign) + at
        data = data[:start] + b"\x01\x00" + data[start + 2 :]
    (skipped,) = [each for each in told(data) if isinstance(each, Skipped)]
    assert skipped == Skipped("locked.json", "It is locked with a password. Unlock it first.")


def test_another_packing() -> None:
    found = zipfile.ZipInfo("a.json")
    found.compress_type = zipfile.ZIP_LZMA
    assert left_out((found, FHIR))["a.json"].startswith("It is packed in a way")


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = packed(("zeros.json", bytes(11 * MB)))
    assert len(bomb) < MB
    assert "unpacks to far more" in refusal(bomb)


def test_a_size_that_lies_does_not_go_off_either() -> None:
    data = bytearray(packed(("zeros.json", bytes(11 * MB))))
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.rfind(sign) + at
        data[start : start + 4] = (9 * MB).to_bytes(4, "little")
    assert "no file in the archive" in refusal(bytes(data))


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(("a.json", FHIR), ("b.json", FHIR))
    monkeypatch.setattr(zip_directory, "MOST_UNPACKED", len(FHIR))
    assert "unpacks to more than" in refusal(data)
    monkeypatch.setattr(zip_directory, "MOST_FILES", 1)
    assert "more than 1 files" in refusal(data)


def test_more_files_than_the_end_says() -> None:
    data = bytearray(packed(*((f"{n}.json", b"{}") for n in range(30))))
    at = data.rfind(b"PK\x05\x06")
    data[at + 8 : at + 12] = b"\x01\x00\x01\x00"
    assert "no file in the archive" in refusal(bytes(data))


@pytest.mark.parametrize("cut", [30, 200, -1, -10])
def test_an_archive_cut_off(cut: int) -> None:
    assert "cut off" in refusal(packed(("a.json", FHIR), ("b.json", FHIR))[:cut])


def test_a_damaged_file_inside() -> None:
    good, bad = packed(("good.json", FHIR)), FHIR[:-1] + b" "
    data = packed(("good.json", FHIR), ("x.json", FHIR), method=zipfile.ZIP_STORED)
    start = data.rfind(FHIR)
    found = told(data[:start] + bad + data[start + len(FHIR) :])
    assert [each for each in found if isinstance(each, Skipped)] == [
        Skipped("x.json", "It is damaged.")
    ]
    assert good


def test_nothing_inside() -> None:
    assert "no file in the archive" in refusal(packed(("a.txt", b"words")))
    assert "Office document" in refusal(packed(("[Content_Types].xml", b"<x/>")))


def test_a_large_file_that_turns_out_wrong_refuses_everything() -> None:
    right = [observation(note=[{"text": str(n) * 9000}]) for n in range(100, 300)]
    wrong = json.dumps(bundle(*right, {"resourceType": "NutritionIntake"})).encode()
    assert len(wrong) > archive_zip.WHOLE
    said = refusal(packed(("a.json", wrong)))
    assert said.startswith("File 1 of the archive: Entry 201, NutritionIntake is a type of FHIR R5")


def test_only_the_entry_that_breaks_a_rule_is_left_out_of_a_file_of_the_archive() -> None:
    bad = json.dumps(bundle(observation(status="banana"), observation())).encode()
    found = told(packed(("a.json", bad)))
    assert [each.place for each in found] == [  # type: ignore[union-attr]
        f"File 1 of the archive, entry {n}" for n in (1, 2)
    ]
    assert isinstance(found[0], Skipped)


def test_hostile_names_are_cleaned() -> None:
    (shown,) = left_out(("\u202efdp\n.exe", b"x"))
    assert shown == "fdp .exe"


def test_the_box_gives_what_the_reader_gives() -> None:
    data = packed(("a.json", FHIR), ("export.xml", b"".join(pulse(3000))), ("b.txt", b"words"))
    found = [i for i in parse([data], filename="a.zip") if not isinstance(i, Progress)]
    assert found == told(data)
    with pytest.raises(Refused, match="unpacks to far more"):
        list(parse([packed(("zeros.json", bytes(11 * MB)))], filename="a.zip"))
