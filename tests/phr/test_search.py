"""Search: words in every script, names first, then by date, page by page."""

import orjson
import pytest
from pytest_django import Settings

from phr import search
from phr.narrowing import Narrowing
from phr.search import (
    MOST_TOKENS,
    MOST_WHOLE_WORDS,
    SHORTEST_PREFIX,
    Tokeniser,
    prefixes,
    words,
)
from phr.services import records
from sharing.tokens import keyed
from tests.cast import Cast, put_in
from tests.worlds.files import pdf

database = pytest.mark.django_db(databases=["default", "vault"])


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("naive", "Naïve"), ("strasse", "Straße"), ("σακχαρωδης", "Σακχαρώδης"),
        ("ΔΙΑΒΗΤΗΣ", "διαβήτης"), ("kirik", "k\u0131r\u0131k"), ("KIRIK", "k\u0131r\u0131k"),
        ("istanbul", "İstanbul"),
        ("احمد", "أحمد"), ("e11.9", "E11.9"), ("hem", "Hemoglobin"), ("糖尿", "2型糖尿病"),
        ("病", "糖尿病"), ("尿病", "糖尿病"), ("เบาหวาน", "ผู้ป่วยเป็นเบาหวานชนิดที่ 2"), ("ชนิดที่", "โรคชนิดที่ 1"),
        ("मधुमे", "मधुमेह रोग"),
        ("রোগ", "ডায়াবেটিস রোগ"), ("10.20", "10.2"), ("10.2", "10.200"),
        ("7.00", "7.0"), ("아스", "아스피린"), ("soren", "Søren"),
    ],
)  # fmt: skip
def test_what_is_typed_finds_what_is_written(typed: str, written: str) -> None:
    kept = {prefix for word in words(written) for prefix in prefixes(word)}

    assert set(words(typed)) <= kept


def test_a_vowel_sign_does_not_end_a_word() -> None:
    assert words("मधुमेह") == ("मधुमेह",)
    assert not set(words("มะเร็ง")) <= set(words("เบาหวาน"))
    assert words("1.2.840.10 E11.90 10.20") == ("1.2.840.10", "e11.90", "10.2")


def test_two_letters_of_a_longer_word_are_not_enough() -> None:
    assert "he" not in prefixes("hemoglobin")
    assert SHORTEST_PREFIX == 3


def test_a_token_is_the_same_in_every_import_whatever_was_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "MOST_REMEMBERED", 2)
    tokeniser = Tokeniser(b"key")
    names = ["Patient/1", "Encounter/2", "Patient/1", "Claim/3", "Patient/1"]

    def kept(text: str) -> int:
        return keyed(b"key", text)

    links = [kept(f"link:{name}") for name in names]
    assert tokeniser.links(names) == links
    assert tokeniser.visits(names) == [kept(f"visit:{link}") for link in links]
    assert tokeniser.telling_of(links) == [kept(f"telling:{link}") for link in links]
    assert tokeniser.systems(names) == [kept(f"system:{name}") for name in names]
    assert tokeniser.codes(names) == sorted({kept(f"code:{name}") for name in names})
    assert set(tokeniser.tokens(["Flu B flu", "-", "Flu B flu"])) == {
        kept("word:flu"),
        kept("word:b"),
    }
    assert set(tokeniser.head(["Fever", "a", "Fever"])) == {
        kept(f"head:{part}") for part in ("fev", "feve", "fever", "a")
    }


def test_of_a_long_document_later_words_are_found_whole() -> None:
    tokeniser = Tokeniser(b"key")
    said = [f"{chr(97 + n % 26)}{n:05}word" for n in range(8000)]
    kept = set(tokeniser.tokens(said))

    def found(word: str) -> bool:
        return set(tokeniser.query(word)) <= kept

    assert len(kept) <= MOST_TOKENS + MOST_WHOLE_WORDS
    assert found(said[3][:4])
    assert found(said[4000])
    assert not found(said[4000][:6])
    assert not found(said[7999])


@database
def test_the_last_words_of_a_long_pdf_find_it(cast: Cast) -> None:
    text = " ".join(f"{chr(97 + n % 26)}word{n:03}" for n in range(900)) + " Ferritin, high."
    put_in(cast.alice, pdf(text), "letter.pdf")

    assert len(records.timeline(cast.alice, cast.alice_id, text="ferritin").items) == 1
    assert not records.timeline(cast.alice, cast.alice_id, text="ferro").items


def note(number: int, title: str, text: str, day: int) -> bytes:
    return orjson.dumps(
        {
            "resourceType": "Observation", "id": f"n{number}", "status": "final",
            "code": {"text": title}, "valueString": text,
            "effectiveDateTime": f"2024-01-{day:02}",
        }
    )  # fmt: skip


@database
def test_names_come_first_then_the_newest_across_pages(cast: Cast, settings: Settings) -> None:
    settings.PHR_PAGE_SIZE = 2
    said = [
        ("Zebrafish", "", 1),
        ("Other", "zebrafish", 9),
        ("Zebrafish", "b", 3),
        ("More", "zebrafish b", 8),
    ]
    for number, (title, value, day) in enumerate(said):
        put_in(cast.alice, note(number, title, value or "a", day), f"{number}.json")
    days: list[int] = []
    after = None
    while True:
        page = records.timeline(cast.alice, cast.alice_id, text="zebra", after=after)
        days += [item.effective_at.day for item in page.items]
        if (after := page.after) is None:
            break

    assert days == [3, 1, 9, 8]


@database
def test_a_year_and_people_and_places_narrow(cast: Cast) -> None:
    put_in(cast.alice, note(1, "Pulse", "a", 1), "a.json")
    put_in(cast.alice, b'{"resourceType":"Organization","name":"Ward"}', "o.json")

    def titles(**asked: object) -> list[str]:
        wanted = Narrowing(**asked)  # type: ignore[arg-type]
        page = records.timeline(cast.alice, cast.alice_id, asked=wanted)
        return [item.title for item in page.items]

    assert titles(people=False) == titles(year=2024) == ["Pulse: a"]
    assert titles(people=True) == ["Ward"]
    assert titles(year=2023) == []
    assert list(records.timeline(cast.alice, cast.alice_id).choices.years) == [2024]


@database
def test_a_word_far_down_and_one_of_a_narrative_find_their_item(cast: Cast) -> None:
    far = "Benign tissue. " * 40 + "However melanoma in the margin."
    put_in(cast.alice, note(1, "Pathology", far, 1), "a.json")
    told = orjson.loads(note(2, "Skin test", "a", 2))
    told["text"] = {
        "status": "additional",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">Allergic to <b>la</b>tex</div>',
    }
    put_in(cast.alice, orjson.dumps(told), "b.json")

    def found(text: str) -> list[str]:
        page = records.timeline(cast.alice, cast.alice_id, text=text)
        return [item.title for item in page.items]

    assert found("melanoma") == ["Pathology"]
    assert found("latex") == ["Skin test: a"]
    assert found("span") == found("xhtml") == []
