"""The PDF of an archive: whose it is, what it says of the newest items, and what is left out."""

import io
import json
from datetime import date

import pypdf
import pytest
from pytest_django import Settings

from accounts import services as accounts
from rights.archive import overview
from rights.archive.choice import Choice
from sharing.categories import Category
from sharing.labels import Sensitivity
from tests.cast import Cast, put_in
from tests.worlds import kept
from tests.worlds.archive import Archive, archive_of, made, taken

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture(autouse=True)
def on_paper(settings: Settings) -> None:
    settings.PHR_EXPORT_PDF = True


def read(found: Archive) -> tuple[int, str]:
    """Number of pages, and the words of all of them."""
    pages = pypdf.PdfReader(io.BytesIO(found.zip.read("record.pdf"))).pages
    return len(pages), " ".join(" ".join(page.extract_text() for page in pages).split())


def test_it_says_whose_it_is_what_is_in_it_and_what_is_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_ON_PAPER", 2)
    accounts.set_born(cast.alice, born=date(1961, 5, 17))
    for number in range(4):
        kept.keep(cast.alice_id, text=f"Result {number}", labels=[Sensitivity.HIV])
    put_in(cast.alice, json.dumps(kept.observation("فحص الدم")).encode(), "lab.json")
    found = archive_of(cast.alice_id)
    many, said = read(found)

    for words in (
        "Health record of Alice Archer", "Born 17 May 1961", "Printed on 3 February 2026",
        f"Page 1 of {many}", "Result 3", "Sensitive: HIV", "From file 1", "File 1: lab.json",
        "2 more of this kind are in pages/laboratory.html.",
    ):  # fmt: skip
        assert words in said, words
    for words in ("Result 0", "not everything"):
        assert words not in said
    assert 'href="record.pdf"' in found.text("index.html")
    assert found.manifest["damaged"] == []


def test_what_stands_inside_an_item_is_on_its_page_and_on_paper(cast: Cast) -> None:
    inner = {
        "resourceType": "Observation", "id": "k", "status": "final", "code": {"text": "Potassium"},
        "valueQuantity": {"value": 9.9, "unit": "mmol/L"},
    }  # fmt: skip
    report = {
        "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Panel"},
        "category": [{"text": "Laboratory"}], "contained": [inner], "result": [{"reference": "#k"}],
    }  # fmt: skip
    put_in(cast.alice, json.dumps(report).encode(), "report.json")
    found = archive_of(cast.alice_id)

    assert "Potassium: 9.9 mmol/L" in found.text("pages/laboratory.html")
    assert "Potassium: 9.9 mmol/L" in read(found)[1]


def test_a_part_says_that_it_is_one_and_nothing_else_is_on_it(cast: Cast) -> None:
    kept.keep(cast.alice_id, text="Ginger")
    kept.keep(cast.alice_id, text="Weight", category=Category.VITAL_SIGNS)
    _, said = read(Archive(taken(cast.alice, made(cast.alice, Choice((Category.VITAL_SIGNS,))))))

    assert "A part of the record, not everything. Kinds: Vital signs" in said
    assert "Weight" in said
    assert "Ginger" not in said


def test_there_is_none_without_items_or_where_it_is_not_wanted(
    cast: Cast, settings: Settings
) -> None:
    assert "record.pdf" not in archive_of(cast.carol_id).names
    settings.PHR_EXPORT_PDF = False
    kept.keep(cast.alice_id)
    found = archive_of(cast.alice_id)

    assert "record.pdf" not in found.names
    assert "record.pdf" not in found.text("index.html")
