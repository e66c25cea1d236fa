"""Names, addresses, references and files in words; internal addresses never show."""

from base64 import b64encode
from typing import Any

import pytest

from phr.display.names import (
    Linked,
    address,
    annotations,
    attached_text,
    attachment,
    contacts,
    human_name,
    identifiers,
    referred,
)


def test_a_name_is_the_official_one() -> None:
    names = [
        {"use": "nickname", "given": ["Jim"]},
        {"use": "official", "prefix": ["Dr"], "given": ["Ann", "B."], "family": "Lee"},
    ]
    assert human_name(names) == "Dr Ann B. Lee"
    assert human_name({"text": "Ann Lee", "family": "Other"}) == "Ann Lee"
    assert human_name({"given": "not a list", "use": ["x"]}) == ""


def test_an_address_is_one_line() -> None:
    assert address({"line": ["1 High Street"], "city": "Leeds", "postalCode": "LS1"}) == (
        "1 High Street, Leeds, LS1"
    )


def test_contacts_of_one_kind() -> None:
    telecom = [{"system": "phone", "value": "tel:+44-20"}, {"system": "email", "value": "a@b.org"}]
    assert contacts(telecom, "phone") == "+44-20"
    assert contacts(telecom, "email") == "a@b.org"


def test_identifiers_say_what_they_are() -> None:
    known = {"type": {"coding": [{"code": "SS"}]}, "value": "123"}
    assert identifiers([known, {"value": "no kind"}]) == [("Social security number", "123")]


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ({"reference": "Practitioner/123", "display": "Dr Lee"}, "Dr Lee"),
        ({"reference": "Practitioner/123"}, ""),
        ({"reference": "#p"}, "Ann Lee"),
        ({"reference": "#m"}, "Aspirin"),
        ({"reference": "#missing"}, ""),
        ({"reference": "Medication/9"}, "Ibuprofen 200 mg"),
        ({"identifier": {"value": "HOSP-1"}}, "HOSP-1"),
        ("Practitioner/123", ""),
    ],
)
def test_a_reference_is_a_name_or_nothing(reference: object, shown: str) -> None:
    root = {
        "contained": [
            {
                "resourceType": "Practitioner",
                "id": "p",
                "name": [{"given": ["Ann"], "family": "Lee"}],
            },
            {"resourceType": "Medication", "id": "m", "code": {"text": "aspirin"}},
        ]
    }
    linked: dict[str, dict[str, Any]] = {"Medication/9": {"code": {"text": "Ibuprofen 200 mg"}}}
    assert referred(Linked(root, linked), reference) == shown


def test_notes_say_who_and_when() -> None:
    notes = [
        {"text": "Feeling better.", "authorString": "Ann Lee", "time": "2024-03-03"},
        {"text": ""},
    ]
    assert annotations({}, notes) == "Feeling better. (Ann Lee, 3 March 2024)"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            {"title": "Letter", "contentType": "application/pdf", "size": 120_400},
            "Letter (PDF, 120 kB)",
        ),
        ({"contentType": "image/png", "size": 2_500_000}, "PNG picture, 2.5 MB"),
        ({"title": "Letter"}, "Letter"),
        ({"url": "https://example.org/x"}, ""),
        ({"size": True, "contentType": 3}, ""),
    ],
)
def test_a_file(given: object, shown: str) -> None:
    assert attachment(given) == shown


def test_only_plain_text_inside_a_file_is_read() -> None:
    data = b64encode(b"All is well.\nSee you soon.").decode()
    assert attached_text({"contentType": "text/plain; charset=utf-8", "data": data}) == (
        "All is well.\nSee you soon."
    )
    assert attached_text({"contentType": "text/html", "data": data}) == ""
    assert attached_text({"contentType": "text/plain", "data": "a"}) == ""
    assert attached_text({"contentType": "text/plain", "data": "é"}) == ""
