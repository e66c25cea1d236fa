"""Which reader a file goes to, and what is said about files nobody reads."""

import pytest

from phr.formats import ACCEPTED, detect
from phr.formats.parsed import Refused
from tests.worlds.files import ct_slice, dicom, fhir, pdf, picture


def test_every_format_is_known_by_its_bytes() -> None:
    assert detect(fhir("observation")).NAME == "FHIR"
    assert detect(b"\n  " + pdf()).NAME == "PDF"
    for kind in ("JPEG", "PNG", "TIFF"):
        assert detect(picture(kind)).NAME == "a picture"
    assert detect(dicom(ct_slice())).NAME == "DICOM"
    assert detect(b"PK\x03\x04").NAME == "a ZIP archive"
    assert detect(b"\x0bMSH|^~\\&|").NAME == "an HL7 version 2 message"


def test_dicom_may_begin_like_tiff() -> None:
    raw = dicom(ct_slice())
    assert detect(b"II*\x00" + raw[4:]).NAME == "DICOM"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"GIF89a", "a GIF picture"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a WebP picture"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC picture"),
        (b"MZ\x90", "a program"),
        (b"<!DOCTYPE html><script>", "a web page"),
        (b"\xef\xbb\xbf <html>", "a web page"),
        (b"<svg onload='alert(1)'>", "an SVG drawing"),
        (b'<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir">', "FHIR written in XML"),
        (b'<PRPA_IN201306UV02 xmlns="urn:hl7-org:v3">', "an HL7 version 3 message"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>", "XML"),
        ('{"resourceType": "Patient"}'.encode("utf-16"), "UTF-16 text"),
        (b"{\\rtf1", "a rich text document"),
        (b"just words", "This kind of file is not accepted."),
        (b"\x00" * 200, "This kind of file is not accepted."),
    ],
)
def test_other_files_are_named(head: bytes, what: str) -> None:
    with pytest.raises(Refused) as refused:
        detect(head)
    assert what in refused.value.sentence
    assert refused.value.sentence.endswith(f"What is accepted: {ACCEPTED}.")


def test_an_empty_file() -> None:
    with pytest.raises(Refused, match="The file is empty"):
        detect(b"")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("scan.pdf", "The file is named as PDF, but what is inside is a picture."),
        ("bundle.JSON", "The file is named as JSON, but what is inside is a picture."),
        ("a.dcm", "The file is named as DICOM, but what is inside is a picture."),
    ],
)
def test_a_name_that_lies(name: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        detect(picture("PNG"), name)
    assert refused.value.sentence == sentence


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x", "", "x.bin", "x.json.png", "."])
def test_a_name_that_says_nothing_else(name: str) -> None:
    assert detect(picture("PNG"), name).NAME == "a picture"


def test_a_picture_named_as_json() -> None:
    with pytest.raises(Refused, match="named as a picture, but what is inside is FHIR"):
        detect(fhir("observation"), "x.jpeg")
