"""PDF files are described, never drawn; their words are found."""

import json
import time

import pytest

from phr.box import parse
from phr.formats import r4
from phr.formats.parsed import Parsed
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


def test_the_words_of_a_pdf_are_found_but_stand_nowhere_in_the_clear() -> None:
    (found,) = kept(pdf("Ferritin within limits"), "a.pdf")
    assert {"ferritin", "within", "limits"} <= set(found.terms)
    assert b"Ferritin" not in found.body


def test_the_box_reads_the_words_too() -> None:
    raw = pdf("Ferritin within limits")
    found = [each for each in parse([raw], filename="a.pdf") if isinstance(each, Parsed)]
    assert found == kept(raw, "a.pdf")
    assert "ferritin" in found[0].terms


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"/Kids [3 0 R]", b"/Kids [2 0 R]"),
        (b"/Root 1 0 R", b"/Root 9 0 R"),
        (b"/Info 6 0 R", b"/Encrypt 6 0 R"),
        (b"/Contents 4 0 R", b"/Contents 3 0 R"),
        (b"Td (Ferritin)", b"Td ((((((((("),
    ],
)
def test_a_pdf_that_gives_no_words_is_taken_all_the_same(before: bytes, after: bytes) -> None:
    raw = pdf("Ferritin")
    assert before in raw
    (found,) = kept(raw.replace(before, after), "a.pdf")
    assert found.resource_type == "DocumentReference"
    assert found.terms


def test_a_page_without_end_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = pdf("x) Tj (" * 60_000)
    monkeypatch.setattr("phr.formats.pdf_text._MOST_SECONDS", 60)
    started = time.monotonic()
    kept(endless, "a.pdf")
    whole = time.monotonic() - started
    monkeypatch.setattr("phr.formats.pdf_text._MOST_SECONDS", whole / 50)
    started = time.monotonic()
    (found,) = kept(endless, "a.pdf")
    assert found.terms
    assert time.monotonic() - started < whole / 2
