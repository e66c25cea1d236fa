"""DICOM files become an ImagingStudy with a picture; damaged and hostile ones do no harm."""

import json
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from phr.formats import r4
from phr.formats.parsed import Limits, Output, Parsed, Person, Preview, Refused, Skipped
from tests.phr.formats import reading
from tests.phr.formats.reading import refusal
from tests.worlds.files import STUDY_UID, ct_slice, dicom


def read(data: bytes, name: str = "") -> list[Output]:
    """What the file holds besides whom it shows."""
    return [item for item in reading.read(data, name) if not isinstance(item, Person)]


def people(**changes: Any) -> list[Person]:
    found = reading.read(dicom(ct_slice(**changes)))
    return [item for item in found if isinstance(item, Person)]


def study(data: bytes) -> tuple[Parsed, dict[str, Any]]:
    parsed = read(data, "IM0001.dcm")[0]
    assert isinstance(parsed, Parsed)
    resource = json.loads(parsed.body)
    assert r4.problem(resource) is None
    return parsed, resource


def drawn(data: bytes) -> Image.Image:
    preview = read(data)[1]
    assert isinstance(preview, Preview), preview
    return Image.open(BytesIO(preview.data))


def test_a_ct_slice_becomes_an_imaging_study() -> None:
    parsed, resource = study(dicom(ct_slice()))
    assert parsed.resource_type == "ImagingStudy"
    assert parsed.category == "imaging"
    assert parsed.effective_at == "2024-03-02T00:00:00Z"
    assert parsed.identity == f"ImagingStudy|urn:dicom:uid|urn:oid:{STUDY_UID}"
    assert parsed.attachments == (0,)
    assert {"CT HEAD", "Axial 5 mm", "A-100", "Ada Testperson"} <= set(parsed.terms)
    assert resource["subject"]["display"] == "Ada Testperson"
    assert resource["referrer"]["display"] == "Dr. Robin Example"
    assert resource["started"] == "2024-03-02"
    (series,) = resource["series"]
    assert series["modality"]["code"] == "CT"
    assert series["bodySite"]["display"] == "HEAD"
    (instance,) = series["instance"]
    assert instance["uid"] == f"{STUDY_UID}.2.1"
    assert instance["number"] == 17
    assert instance["sopClass"]["code"] == "urn:oid:1.2.840.10008.5.1.4.1.1.2"


def test_the_picture_is_windowed() -> None:
    picture = drawn(dicom(ct_slice()))
    assert picture.format == "PNG"
    assert picture.size == (32, 32)
    grey = np.asarray(picture)
    # Water (0 HU) and 300 HU through the window 40 ± 200.
    assert grey[0, 0] == round(255 * 160 / 399)
    assert grey[16, 16] == 255


def test_without_a_window_the_values_are_stretched() -> None:
    picture = drawn(dicom(ct_slice(WindowCenter=None, WindowWidth=None)))
    assert picture.getextrema() == (0, 255)


def test_monochrome1_is_turned() -> None:
    picture = drawn(dicom(ct_slice(PhotometricInterpretation="MONOCHROME1")))
    assert picture.getpixel((0, 0)) == 152
    assert picture.getpixel((16, 16)) == 0


def test_colour() -> None:
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[..., 0] = 255
    facts = {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    depth = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0}
    picture = drawn(dicom(ct_slice(**facts, **depth, PixelData=pixels.tobytes())))
    red, *others = np.asarray(picture)[5, 5]
    assert red > 240
    assert max(others) < 20


def test_the_middle_frame_of_many() -> None:
    frames = np.zeros((5, 32, 32), dtype=np.int16)
    frames[2, :16] = 1000
    many = ct_slice(NumberOfFrames=5, PixelData=frames.tobytes())
    preview = read(dicom(many))[1]
    assert isinstance(preview, Preview)
    assert preview.caption == "Frame 3 of 5"
    assert Image.open(BytesIO(preview.data)).getextrema()[0] != 255


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_pixels_look_the_same(syntax: str) -> None:
    dataset = ct_slice(Rows=64, Columns=64, PixelData=np.arange(4096, dtype=np.int16).tobytes())
    plain = drawn(dicom(dataset)).tobytes()
    dataset.compress(syntax, generate_instance_uid=False)
    assert drawn(dicom(dataset)).tobytes() == plain


def test_a_time_zone_makes_the_time_exact() -> None:
    parsed, _ = study(dicom(ct_slice(TimezoneOffsetFromUTC="+0100")))
    assert parsed.effective_at == "2024-03-02T10:11:12Z"


@pytest.mark.parametrize("day", ["20241399", "soon", "", "00000000"])
def test_a_nonsense_day_is_no_day(day: str) -> None:
    assert study(dicom(ct_slice(StudyDate=day)))[0].effective_at is None


def test_hostile_tags_are_only_text() -> None:
    name = "<script>alert('x')</script>^\u202e=1+1"
    dataset = ct_slice(
        PatientName=name, Modality="<b>", SeriesNumber=None, StudyDescription="a\x00\x1b[2Jb\n c"
    )
    dataset.SpecificCharacterSet = "ISO_IR 192"
    parsed, resource = study(dicom(dataset))
    assert resource["subject"]["display"] == "<script>alert('x')</script>"
    assert resource["modality"][0]["code"] == "OT"
    assert resource["description"] == "a [2Jb c"
    assert not {"\x00", "\x1b", "\u202e"} & set("".join(parsed.terms))


def test_names_in_other_alphabets() -> None:
    dataset = ct_slice(PatientName="Yamada^Tarou=山田^太郎")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    assert study(dicom(dataset))[1]["subject"]["display"] == "Tarou Yamada"
    dataset = ct_slice(PatientName="Buc^Jérôme")
    dataset.SpecificCharacterSet = "ISO_IR 100"
    assert study(dicom(dataset))[1]["subject"]["display"] == "Jérôme Buc"


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("StudyInstanceUID", "Study Instance UID"),
        ("SeriesInstanceUID", "Series Instance UID"),
        ("SOPInstanceUID", "SOP Instance UID"),
        ("SOPClassUID", "SOP Class UID"),
    ],
)
def test_without_its_identifiers(keyword: str, words: str) -> None:
    dataset = ct_slice()
    del dataset[keyword]
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=False)
    assert refusal(out.getvalue()) == f"The DICOM file has no correct {words}."
    raw = dicom(ct_slice()).replace(STUDY_UID.encode(), b"../../../../etc/passwd       "[:28])
    assert "has no correct" in refusal(raw)


def test_no_pixels() -> None:
    none = {"Rows": None, "Columns": None, "PixelData": None}
    assert read(dicom(ct_slice(**none)))[1] == Skipped(
        "the picture", "there are no pixels in this file"
    )


@pytest.mark.parametrize("part", [0.06, 0.2, 0.5, 0.9, 0.99])
def test_a_file_cut_off(part: float) -> None:
    raw = dicom(ct_slice())
    refusal(raw[: max(132, int(len(raw) * part))])


def test_pixels_cut_off() -> None:
    raw = dicom(ct_slice())
    assert refusal(raw[:-100]) == "The DICOM file ends too early: its picture is cut off."


def test_a_flood_of_pixels() -> None:
    said = refusal(dicom(ct_slice(Rows=65535, Columns=65535)))
    assert said == "The picture is 65535 by 65535 pixels; at most 50 million pixels are read."


@pytest.mark.parametrize(
    "changes",
    [
        {"NumberOfFrames": 2**31 - 1},
        {"BitsAllocated": 64, "BitsStored": 64, "HighBit": 63},
        {"BitsAllocated": 7},
        {"SamplesPerPixel": 3},
        {"SamplesPerPixel": 65535},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"PhotometricInterpretation": "NONSENSE"},
        {"WindowWidth": 0},
        {"RescaleSlope": "1e400"},
        {"Rows": 0},
    ],
)
def test_numbers_that_do_not_fit(changes: dict[str, Any]) -> None:
    raw = dicom(ct_slice(**changes))
    with suppress(Refused):
        assert isinstance(read(raw)[0], Parsed)


def test_a_nest_of_sequences() -> None:
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    nest = (b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff" + item) * 1500
    raw = dicom(ct_slice())
    at = raw.index(b"\x28\x00\x02\x00")
    assert "damaged" in refusal(raw[:at] + nest)


def test_deflated_files() -> None:
    dataset = ct_slice()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert isinstance(read(dicom(dataset))[1], Preview)


def test_a_dicomdir_is_explained() -> None:
    dataset = ct_slice()
    dataset.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=False)
    assert "DICOMDIR" in refusal(out.getvalue())


def test_the_pixel_limit_is_a_setting() -> None:
    said = refusal(dicom(ct_slice(Rows=2000, Columns=2000)), limits=Limits(max_pixels=1_000_000))
    assert said.startswith("The picture is 2000 by 2000 pixels; at most 1 million")


@pytest.mark.parametrize(
    ("changes", "names", "born"),
    [
        ({"PatientBirthDate": "19800214"}, ("Ada Testperson",), "1980-02-14"),
        ({"PatientBirthDate": "1980.02.14"}, ("Ada Testperson",), "1980-02-14"),
        ({"PatientBirthDate": "00000000"}, ("Ada Testperson",), None),
        ({"PatientName": "Yamada^Tarou=\u5c71\u7530^\u592a\u90ce=\u3084\u307e\u3060^\u305f\u308d\u3046",
          "SpecificCharacterSet": "ISO_IR 192"},
         ("Tarou Yamada", "\u592a\u90ce \u5c71\u7530", "\u305f\u308d\u3046 \u3084\u307e\u3060"), None),
        ({"PatientName": "Archer^Alice^Beth^Dr^Jr"}, ("Dr Alice Beth Archer Jr",), None),
    ],
)  # fmt: skip
def test_whom_it_shows(changes: dict[str, Any], names: tuple[str, ...], born: str | None) -> None:
    assert people(**changes) == [Person(names, born, ("|P-1",))]


def test_a_scan_without_a_name_and_a_birth_date_names_nobody() -> None:
    assert people(PatientName="^^", PatientBirthDate="") == []
