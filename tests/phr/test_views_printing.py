"""Printing one's own record: the page, the PDF, who may, and what is written down."""

import io
import re
from collections import Counter
from datetime import date
from typing import Any

import orjson
import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.models import AuditEvent
from phr.printing import document, pdf
from phr.printing.document import Chosen
from phr.services import printing, records
from sharing.categories import Category
from tests.cast import Cast, put_in
from tests.doors import body, sign_in, text
from tests.worlds.bulk import as_owner
from tests.worlds.files import fhir
from tests.worlds.kept import observation
from tests.worlds.shared_record import Shared
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
PAGE, PDF = "/records/print/", "/records/print.pdf"


@pytest.fixture
def alice(cast: Cast) -> Client:
    put_in(cast.alice, fhir("ips"), "summary.json")
    return sign_in("alice@example.org")


def titles(cast: Cast) -> list[str]:
    page = records.timeline(cast.alice, cast.alice_id)
    assert page.after is None
    return [item.title for item in page.items]


def read(data: bytes) -> tuple[pypdf.PdfReader, str]:
    """The PDF and its text, with one space between words however lines were broken."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def events(cast: Cast, action: str) -> list[AuditEvent]:
    with acting_as(cast.alice):
        return list(AuditEvent.objects.filter(patient_id=cast.alice_id, action=action))


def test_the_page_says_everything_in_words_under_its_kinds(cast: Cast, alice: Client) -> None:
    page = text(alice.get(PAGE))
    paper = page.partition('class="app-paper"')[2]

    assert "Health record of <bdi>Alice Archer</bdi>" in paper
    kinds = re.findall(r"app-paper__category\">([^<]+)<", paper)
    assert kinds[:-1] == [one.label for one in Category if one.label in kinds]
    assert kinds[-1] == document.SOURCES
    assert "summary.json" in paper
    assert "From file 1" in paper
    assert paper.count("<h4") == len(titles(cast))
    assert "<title>Print your records" in page


def test_one_kind_alone(alice: Client) -> None:
    page = text(alice.get(f"{PAGE}?category=allergies"))

    assert "of one kind: Allergies" in page
    assert re.findall(r"app-paper__category\">([^<]+)<", page)[0] == "Allergies"
    assert page.count("app-paper__category") == 2
    assert "Nothing of this kind" in text(alice.get(f"{PAGE}?category=coverage"))


def test_some_years_alone_and_it_says_that_it_is_a_part(cast: Cast) -> None:
    for year in (2001, 2005, 2009):
        dated = observation(f"Result {year}") | {"effectiveDateTime": f"{year}-07-01"}
        put_in(cast.alice, orjson.dumps(dated), "dated.json")
    put_in(cast.alice, orjson.dumps(observation("Undated")), "undated.json")
    client = sign_in("alice@example.org")
    page = text(client.get(PAGE, {"since": "2002", "until": "2008"}))

    assert "1 item of every kind." in page
    assert "This is a part of the record, not everything." in page
    assert "Only items from 2002 to 2008. Items without a date are left out." in page
    assert f"{PDF}?since=2002&amp;until=2008" in page
    assert "2005" in page.partition("app-paper__item")[2]
    assert "Undated" not in page
    whole = text(client.get(PAGE))
    assert "not everything" not in whole
    assert "Undated" in whole
    said = read(body(client.get(PDF, {"until": "2001"})))[1]
    assert "Only items up to 2001." in said
    assert "Nothing of this kind" in text(client.get(PAGE, {"since": "2030"}))


@pytest.mark.parametrize("query", ["category=nonsense", "category=", "part=0", "part=x"])
def test_a_query_without_sense_narrows_nothing(cast: Cast, alice: Client, query: str) -> None:
    assert text(alice.get(f"{PAGE}?{query}")).count("<h4") == len(titles(cast))


def test_the_pdf_says_the_same_and_is_a_document_everybody_can_read(
    cast: Cast, alice: Client
) -> None:
    assert "Date of birth not given. Printed on" in text(alice.get(PAGE))
    accounts.set_born(cast.alice, born=date(1961, 5, 17))
    assert text(alice.get(PAGE)).count("Born 17 May 1961") == 2
    answer = alice.get(PDF)
    reader, said = read(body(answer))

    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="health-record.pdf"'
    for title in titles(cast):
        assert " ".join(title.split()) in said
    for number, page in enumerate(reader.pages, 1):
        one = page.extract_text()
        assert "Alice Archer" in one
        assert "Born 17 May 1961" in one
        assert "Printed on" in one
        assert f"Page {number} of {len(reader.pages)}" in one
    assert "File 1: summary.json" in said
    assert reader.metadata
    assert reader.metadata.title == "Health record"
    root: Any = reader.root_object
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert b'pdfuaid:part="1"' in body(answer) or b"<pdfuaid:part>1" in body(answer)


def test_everything_read_is_written_down_and_so_is_the_print(cast: Cast, alice: Client) -> None:
    before = Counter(str(one) for event in events(cast, "read") for one in event.records)
    body(alice.get(PAGE))
    after = Counter(str(one) for event in events(cast, "read") for one in event.records)

    assert len(after - before) == len(titles(cast))
    assert len(events(cast, "print")) == 1
    body(alice.get(PDF))
    assert len(events(cast, "print")) == 2
    assert "printed the record" in text(alice.get("/sharing/log/?mine=on"))


def test_she_alone_prints_her_record_and_sensitive_items_say_so() -> None:
    world = Shared.enter()
    bob = sign_in("bob@example.org")

    for path in (PAGE, PDF):
        assert bob.get(path).status_code == 404
        assert bob.get(f"{path}?patient={world.cast.alice_id}").status_code == 404
        carols = sign_in("carol@example.org").get(path)
        assert b"Alice Archer" not in body(carols)
    assert "Sensitive: HIV" in text(sign_in("alice@example.org").get(PAGE))


def test_a_record_without_items_has_nothing_to_print(cast: Cast) -> None:
    del cast
    client = sign_in("alice@example.org")

    assert "Your record is empty" in text(client.get(PAGE))
    assert client.get(PDF).status_code == 404


def test_a_long_record_comes_in_parts_without_gap_or_repeat(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in(cast.alice, b"".join(lines(45, seed=4)), "long.json")
    monkeypatch.setattr(document, "MOST_IN_PDF", 20)
    monkeypatch.setattr(printing, "BATCH", 7)
    opened = printing.open_print(cast.alice)
    every = [item for section in opened.sections() for item in section.items]
    parts = [
        [item for section in opened.sections(part) for item in section.items]
        for part in opened.extent.parts
    ]

    assert [len(part) for part in parts][:2] == [20, 20]
    assert [item for part in parts for item in part] == every
    assert len(every) == opened.extent.total
    page = text(sign_in("alice@example.org").get(PAGE))
    assert f"Save as a PDF, in {len(parts)} parts" in page
    answer = sign_in("alice@example.org").get(f"{PDF}?part=2")
    assert 'filename="health-record-2.pdf"' in answer.headers["Content-Disposition"]
    said = read(body(answer))[1]
    assert "This is part 2 of" in said
    assert sign_in("alice@example.org").get(f"{PDF}?part=99").status_code == 404


def test_a_print_asks_no_more_for_more_items(cast: Cast) -> None:
    asked = []
    for count in (60, 120):
        put_in(cast.alice, b"".join(lines(count, seed=count)), f"{count}.json")
        with CaptureQueriesContext(connection) as queries:
            opened = printing.open_print(cast.alice, chosen=Chosen(Category.LABORATORY))
            items = [item for section in opened.sections() for item in section.items]
        asked.append((len(items), len(queries)))

    assert asked[1][0] > asked[0][0] > 2
    assert asked[1][1] == asked[0][1]


def test_a_print_ends_in_its_middle_when_the_record_is_being_erased(
    cast: Cast, alice: Client
) -> None:
    del alice
    pieces = printing.open_print(cast.alice).sections()
    next(pieces)
    with as_owner("accounts_patient") as cursor:
        cursor.execute("UPDATE accounts_patient SET erasing_at = now()")

    with pytest.raises(Denied):
        next(pieces)


def test_a_pdf_that_cannot_be_made_is_one_sentence(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0)
    page = text(alice.get(PDF, follow=True))

    assert "The PDF took too long to make. Print the page instead." in page
    assert "<h1" in page


HOSTILE = [
    '#panic("x") #import "@preview/x:1.0.0" *b* _i_ $x$ = h <l> @r \\u{1F600} // c /* c */ `r`',
    ']}) #read("/etc/passwd")',
    "{{ item }} {% include 'x' %} <script>alert(1)</script>",
    "w" * 100_000,
    "\u202eoverride\u202c \u2067isolate\u2069 \u0000\u0007\u001b[31m\ufeff end",
    "e" + "\u0301" * 500,
    "شهادة التطعيم",
    "日本語 中文 한국어 😀 \U000f0000 \udc80".encode("utf-8", "replace").decode(),
]


def test_whatever_somebody_wrote_is_printed_as_words(cast: Cast) -> None:
    """From the file to the paper; tests/phr/printing/test_pdf.py says more about the PDF."""
    for words in HOSTILE:
        resource = {
            "resourceType": "Condition",
            "code": {"text": words},
            "note": [{"text": words}],
            "subject": {"display": "Alice"},
            "recordedDate": "2024-03-02",
        }
        put_in(cast.alice, orjson.dumps(resource), f"{words[:40]}.json")
    client = sign_in("alice@example.org")
    page = text(client.get(PAGE)).partition('class="app-paper"')[2].partition("</main>")[0]
    reader, said = read(body(client.get(PDF)))

    assert page.count("<h4") == said.count("2 March 2024. From file") == len(HOSTILE)
    # The longest text, of 100,000 letters, is printed to its end.
    assert len(reader.pages) < 60
    assert "root:" not in said
    assert "<script" not in page
    for words in (one for one in HOSTILE if one.isascii() and " " in one):
        assert words in said
        assert escape(words) in page
