"""The words of a narrative come out without its markup, quickly, however broken it is."""

import time

import pytest

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
