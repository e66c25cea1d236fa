"""Of an item every word is found that its page shows: of long texts, narratives, attached plain text."""

import time
from base64 import b64encode
from typing import Any

import pytest

from phr.formats.resource import made
from phr.formats.terms import LONGEST_TERM, MOST_WORDS, terms
from tests.phr.formats.reading import observation

LONG = "Benign tissue. " * 40 + "However Melanoma, in the margin."


def narrative(markup: str) -> dict[str, Any]:
    return observation(text={"status": "additional", "div": f"<div>{markup}</div>"})


def test_the_last_words_of_a_long_text() -> None:
    found = terms(observation(valueString=LONG))
    assert {"melanoma", "margin", "benign"} <= set(found)
    assert max(map(len, found)) <= LONGEST_TERM


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Allergic to <b>la</b>tex</p><p>Keeps cats</p>", {"latex", "cats", "keeps"}),
        ("<table><tr><td>Chest</td><td>X-ray</td></tr></table>", {"chest", "x-ray"}),
        ("M&uuml;ller &lt;5", {"m\u00fcller", "5"}),
    ],
)
def test_the_words_of_a_narrative_without_its_markup(markup: str, words: set[str]) -> None:
    assert words <= set(terms(narrative(markup)))
    assert not {"table", "td", "div", "p", "b"} & set(terms(narrative(markup)))


def test_the_words_of_every_section() -> None:
    inner = {"title": "Diet", "text": {"div": "<div>Less liquorice</div>"}}
    found = terms({"resourceType": "Composition", "section": [{"section": [inner]}]})
    assert {"Diet", "less", "liquorice"} <= set(found)


@pytest.mark.parametrize(
    ("kind", "found"), [("text/plain; charset=utf-8", True), ("image/png", False)]
)
def test_the_words_of_attached_plain_text(kind: str, found: bool) -> None:
    data = b64encode("Wombat \u00fcber alles".encode()).decode()
    resource = {
        "resourceType": "DocumentReference",
        "content": [{"attachment": {"contentType": kind, "data": data}}],
    }
    assert ({"wombat", "\u00fcber"} <= set(terms(resource))) is found
    assert data not in terms(resource)


def test_its_name_is_as_short_as_before() -> None:
    item = made({"resourceType": "CarePlan", "status": "active", "intent": "plan",
                 "subject": {"reference": "Patient/1"}, "description": LONG}, "")  # fmt: skip
    assert "melanoma" in item.terms
    assert len(item.head) == 1


@pytest.mark.parametrize("piece", ["<", "<a", "<!--", "&", "&#", "x<b>", "word{} ", "\u4e00"])
def test_hostile_texts_give_few_words_in_little_time(piece: str) -> None:
    text = "".join(piece.format(n) for n in range(300_000))
    started = time.process_time()
    found = terms({**narrative(text), "valueString": text})
    assert len(found) <= MOST_WORDS + 10
    assert max(map(len, found)) <= LONGEST_TERM
    assert time.process_time() - started < 2


def test_broken_attachments_say_nothing() -> None:
    broken = {"contentType": "text/plain", "data": "A"}
    assert terms({"resourceType": "Media", "content": broken}) == ()
