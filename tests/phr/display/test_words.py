"""Text from outside becomes short, visible, plain text."""

import pytest

from phr.display.words import (
    LONGEST_TEXT,
    capital,
    clean,
    clean_lines,
    each,
    joined,
    lowered,
    one,
    spaced,
)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  two \n words ", "two words"),
        ("a\x00b\x1bc", "abc"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("zero\u200d\u200cwidth\u200d", "zerowidth"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("half \ud800 pair", "half pair"),
        ("naïve 日本", "naïve 日本"),
        (None, ""),
        (3, ""),
        (["x"], ""),
    ],
)
def test_one_line_of_visible_text(given: object, shown: str) -> None:
    assert clean(given) == shown


def test_long_text_is_cut_with_a_sign() -> None:
    assert clean("x" * 500, 20) == "x" * 19 + "…"
    assert len(clean_lines("line\n" * 30_000)) <= LONGEST_TEXT
    assert len(clean_lines("line\n" * 9000)) == 9000 * 5 - 1


def test_lines_stay_lines() -> None:
    assert clean_lines("one \n\n\n\n two\tthree\r\n") == "one\n\ntwo three"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("blue", "Blue"),
        ("pH of urine", "pH of urine"),
        ("eGFR", "eGFR"),
        ("dr.jones@example.org", "dr.jones@example.org"),
        ("https://example.org", "https://example.org"),
        ("5 mg", "5 mg"),
        ("", ""),
    ],
)
def test_a_capital_where_a_sentence_begins(given: str, shown: str) -> None:
    assert capital(given) == shown


def test_inside_a_sentence_abbreviations_stay() -> None:
    assert lowered("Left arm") == "left arm"
    assert lowered("MRI scan") == "MRI scan"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("entered-in-error", "Entered in error"),
        ("birthDate", "Birth date"),
        ("MedicationKnowledge", "Medication knowledge"),
        ("HTTPServer", "HTTP server"),
        ({"not": "text"}, ""),
    ],
)
def test_codes_become_words(given: object, shown: str) -> None:
    assert spaced(given) == shown


def test_parts_are_joined_once_and_counted() -> None:
    assert joined(["a", "", "b", "a"]) == "a; b"
    assert joined("abcdef", ", ", most=4) == "a, b, c, d, and 2 more"


def test_objects_are_found_in_any_shape() -> None:
    assert each([{"a": 1}, None, "x", {"b": 2}]) == [{"a": 1}, {"b": 2}]
    assert each({"a": 1}) == [{"a": 1}]
    assert each("text") == []
    assert len(each([{}] * 5000)) == 100
    assert one(None) == {}
