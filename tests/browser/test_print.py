"""A patient puts her record on paper."""

import io

import pypdf
import pytest

from tests.browser import kept
from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    kept.patient("alice@example.org", "Alice Archer", kept.many_things(20), kept.three_things())


def test_she_prints_her_record_and_saves_it_as_a_pdf(arrive: Arrive) -> None:
    alice = arrive()
    alice.sign_in("alice@example.org")
    alice.follow("Print your records")
    alice.is_at("Print your records")
    alice.reads("Health record of Alice Archer", " items of every kind")
    then_each_sheet_says_whose_it_is(alice.page.pdf())
    alice.page.get_by_label("Kind").select_option("Allergies")
    alice.press("Show")
    alice.reads("of one kind: Allergies", "Allergy to penicillin")
    alice.misses("Haemoglobin")
    with alice.page.expect_download() as download:
        alice.page.get_by_role("link", name="Save as a PDF").click()
    assert download.value.suggested_filename == "health-record.pdf"
    assert b"%PDF" in download.value.path().read_bytes()[:8]


def then_each_sheet_says_whose_it_is(paper: bytes) -> None:
    sheets = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(paper)).pages]
    assert len(sheets) > 2
    for number, sheet in enumerate(sheets, 1):
        assert "Alice Archer" in sheet
        assert "Printed on" in sheet
        assert f"Page {number} of {len(sheets)}" in sheet
        assert "Sign out" not in sheet
        assert "Save as a PDF" not in sheet
