"""File names from outside are safe to unpack on any system and can still be read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.archive.names import LONGEST_BYTES, numbered, safe


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("C:\\Users\\x.txt", "C_Users_x.txt"),
        ("/absolute.dcm", "_absolute.dcm"),
        ("a\x00b\nc.png", "a_b_c.png"),
        ("", "file"),
        ("...", "file"),
        ("   .pdf", "pdf"),
        ("Röntgen Thorax.dcm", "Röntgen Thorax.dcm"),
        ("تقرير.pdf", "تقرير.pdf"),
        ("gpj\u202egpj.exe", "gpj_gpj.exe"),
        ("half\ud800.txt", "half_.txt"),
        ("NUL", "NUL"),
    ],
)
def test_what_becomes_of_a_name(name: str, kept: str) -> None:
    assert safe(name) == kept


def test_a_number_before_the_name_leaves_no_device_and_no_twin() -> None:
    assert numbered(1, "NUL") == "00001-NUL"
    assert numbered(1, "a.pdf") != numbered(2, "a.pdf")


def test_a_long_name_keeps_its_end() -> None:
    assert safe("ж" * 500 + ".pdf").endswith("ж.pdf")


@given(st.text(max_size=300))
def test_every_name_is_one_part_of_a_path(name: str) -> None:
    kept = safe(name)

    assert kept
    assert kept not in {".", ".."}
    assert len(kept.encode()) <= LONGEST_BYTES
    assert not set(kept) & set('\\/:*?"<>|')
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in kept)
    assert kept == kept.strip(". ")
    assert safe(kept) == kept
