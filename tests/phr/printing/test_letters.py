"""What happens to text before it is set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.printing.letters import BREAK, REPLACEMENT, fitted, replacements

LATIN = set(range(32, 0x250))


def fit(text: str, covered: set[int] = LATIN) -> str:
    said = fitted(text, replacements(text, covered))
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Crème brûlée, 5 µg", "Crème brûlée, 5 µg"),
        ("two\nlines", "two\nlines"),
        ("a中b", f"a{REPLACEMENT}b"),
        ("a\u2003b", "a b"),
        ("a\ufe0fb\u00adc\ufeff", "ab\u00adc"),
        ("\u202eright\u202c \u2067to\u2069 left\x00\x1b\x7f", "right to left"),
    ],
)
def test_what_has_no_glyph_is_replaced_or_left_out(text: str, said: str) -> None:
    assert fit(text) == said


def test_overrides_go_even_where_a_font_has_them() -> None:
    assert fit("\u202ex\u2066", LATIN | {0x202E, 0x2066}) == "x"


def test_long_words_may_break_and_ordinary_ones_do_not() -> None:
    assert fit("w" * 100).split(BREAK) == ["w" * 40, "w" * 40, "w" * 20]
    ordinary = "Pneumonoultramicroscopicsilicovolcanoko 5 mg " * 9
    assert fit(ordinary) == ordinary
    thai = "ความดัน" * 30
    assert fit(thai, set(map(ord, thai))) == thai


def test_a_break_never_parts_a_letter_from_its_marks() -> None:
    text = "w" * 39 + "e\u0301" + "w" * 40
    assert f"{BREAK}\u0301" not in fit(text, LATIN | {0x301})


def test_marks_do_not_pile_up() -> None:
    assert fit("e" + "\u0301" * 500, LATIN | {0x301}) == "e" + "\u0301" * 4


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=20))
def test_the_shape_stays_and_every_letter_left_has_a_glyph(value: object) -> None:
    text = repr(value)
    said = fitted({"x": [value, text]}, replacements(text, LATIN))
    letters = set(said["x"][1]) - {REPLACEMENT, BREAK, "\n"}

    assert {ord(one) for one in letters} <= LATIN
    assert type(said["x"][0]) is type(value)
