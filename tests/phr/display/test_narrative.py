"""The words of a narrative come out without its markup, quickly, however broken it is."""

import time
from typing import Any, Final

import pytest

from phr.display import OWN_WORDS, describe
from phr.display.narrative import narrative
from phr.display.words import LONGEST_TEXT


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<div><p>One.</p><p>Two &amp; three.</p></div>", "One.\nTwo & three."),
        ("<div>a <b>bold</b>\n word</div>", "a bold word"),
        ("<table><tr><td>Name</td><td>Dose</td></tr></table>", "Name, Dose"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("<div>a<script>alert(1)</script>b</div>", "ab"),
        ("<div>a<style>p{}</style>b<br/>c</div>", "ab\nc"),
        ("<div>a<!-- hidden <p>too</p> -->b</div>", "ab"),
        ("<div>&lt;img src=x onerror=alert(1)&gt;</div>", "<img src=x onerror=alert(1)>"),
        ("<div>&#x202E;abc</div>", "abc"),
        ("<![CDATA[x", ""),
        ("no markup", "no markup"),
    ],
)
def test_words_without_markup(markup: str, shown: str) -> None:
    assert narrative({"div": markup}) == shown


@pytest.mark.parametrize("odd", [None, 3, "x", {"div": 3}, [{"div": "x"}]])
def test_odd_shapes_say_nothing(odd: object) -> None:
    assert narrative(odd) == ""


@pytest.mark.parametrize("piece", ["<", "<!--", "<td>", "&", "&#", "<a ", "-->"])
def test_hostile_markup_takes_little_time(piece: str) -> None:
    started = time.perf_counter()
    assert len(narrative({"div": piece * 200_000})) <= LONGEST_TEXT
    assert time.perf_counter() - started < 2


def told(resource: dict[str, Any], status: str) -> str:
    text = {"status": status, "div": "<div><p>Torn <b>meniscus</b>.</p><p>Rest.</p></div>"}
    return dict(describe({**resource, "text": text}).facts).get(OWN_WORDS, "")


REPORT: Final = {"resourceType": "DiagnosticReport", "code": {"text": "MRI"}}
ASTHMA: Final = {
    "resourceType": "Condition", "code": {"text": "Asthma"}, "onsetDateTime": "2020",
}  # fmt: skip


@pytest.mark.parametrize("resource", [REPORT, ASTHMA, {"resourceType": "VisionPrescription"}])
def test_what_stands_only_in_the_narrative_is_told(resource: dict[str, Any]) -> None:
    assert told(resource, "additional") == "Torn meniscus.\nRest."


def test_where_nothing_but_a_frame_is_known_the_narrative_is_told() -> None:
    framed = {**REPORT, "issued": "2024-04-03T10:00:00Z", "performer": [{"display": "Dr Lee"}]}
    assert told(framed, "generated") == "Torn meniscus.\nRest."


@pytest.mark.parametrize("resource", [ASTHMA, {**REPORT, "conclusion": "All is well"}])
def test_what_only_repeats_the_fields_is_not_told_again(resource: dict[str, Any]) -> None:
    assert told(resource, "generated") == ""
