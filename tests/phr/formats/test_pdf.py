"""PDF files are described, never drawn."""

import json

from phr.formats import r4
from tests.phr.formats.reading import kept, refusal
from tests.worlds.files import pdf


def test_a_pdf_becomes_a_document() -> None:
    (found,) = kept(pdf(), "letter from Dr. Example.pdf")
    resource = json.loads(found.body)
    assert r4.problem(resource) is None
    assert resource["content"][0]["attachment"]["contentType"] == "application/pdf"
    assert resource["content"][0]["attachment"]["creation"] == "2024-03-02"
    assert found.effective_at == "2024-03-02T00:00:00Z"
    assert found.labels == ("unclassified",)
    assert found.category == "documents"
    assert "letter from Dr. Example.pdf" in found.terms


def test_a_nonsense_date_is_no_date() -> None:
    assert kept(pdf(created="D:00000000"))[0].effective_at is None
    assert kept(pdf(created="D:99991301"))[0].effective_at is None


def test_hostile_names_are_cleaned() -> None:
    name = "../../etc/\u202efdp.exe\x00\n.pdf"
    (found,) = kept(pdf(), name)
    title = json.loads(found.body)["content"][0]["attachment"]["title"]
    assert title == "fdp.exe .pdf"


def test_a_pdf_cut_off() -> None:
    assert refusal(pdf()[:-40]) == "The PDF ends too early: it is cut off in the middle."


def test_only_the_first_words_of_a_pdf() -> None:
    assert "which version" in refusal(b"%PDF-" + b"x" * 100)
