"""The PDF itself: whatever was written in a record is set as words, in every script, safely."""

import io
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from phr.printing import document, fonts, pdf
from phr.printing.pdf import CannotPrint, make_pdf

HOSTILE = {
    "markup": '#panic("x") *b* _i_ $x^2$ = h <l> @r \\u{1F600} // c /* c */ `r` ~ -- --- ... #x',
    "file": ']}) #read("/etc/passwd") #import "@preview/x:1.0.0"',
    "quotes": "it's \"quoted\" 'text' ``",
    "controls": "a\x00b\x07c\x1b[31md\x7f\x85\ufeffe\u2028f",
    "directions": "\u202eoverride\u202c \u2067isolate\u2069 end",
    "long": "w" * 20_000,
    "marks": "e" + "\u0301" * 500,
    "private": "x\U000f0000\ue000\uffff\U0001f600",
    "mixed": "\u0301\u0e33\u200d\u0628\u0302\u094d\ufe0f",
    "newlines": "\n" * 50 + "x" + "\n" * 50,
    "empty": " ",
}


def text(words: str, name: str = "") -> document.Text:
    return document.Text(words, document.rtl(words), name)


def item(words: str) -> document.Item:
    return document.Item(text(words), "3 March 2024", [text(words, "Value")], text(words))


def sheet(*items: document.Item, **other: Any) -> dict[str, Any]:
    return {
        "title": document.TITLE,
        "name": "Alice Archer",
        "born": "Born 17 May 1961",
        "printed": "Printed on 3 March 2024",
        "heading": "Health record of Alice Archer",
        "sentences": [],
        "sections": [document.Section("Test results", True, list(items))] if items else [],
        "sources": [],
        "sources_heading": document.SOURCES,
        "unprintable": document.UNPRINTABLE,
    } | other  # fmt: skip


def read(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.fixture(scope="module")
def hostile() -> bytes:
    return make_pdf(sheet(*map(item, HOSTILE.values())), folders=[])


def test_whatever_somebody_wrote_is_set_as_words(hostile: bytes) -> None:
    said = read(hostile)

    for kind in ("markup", "file", "quotes"):
        assert said.count(HOSTILE[kind]) == 3, kind
    assert "root:" not in said
    assert "abc[31mdef" in said.replace(" ", "")
    assert "override isolate end" in said
    assert said.replace(" ", "").replace("\u200b", "").count("w") >= 3 * 20_000
    assert document.UNPRINTABLE in said


def test_it_is_accessible_even_so(hostile: bytes) -> None:
    """PDF/UA-1 (ISO 14289-1): tagged, with language and title; headings, and lists of facts."""
    root: Any = pypdf.PdfReader(io.BytesIO(hostile)).root_object
    tags = Counter(tags_below(root["/StructTreeRoot"]))

    assert b"pdfuaid" in hostile
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert (tags["/H1"], tags["/H2"], tags["/H3"]) == (1, 1, len(HOSTILE))
    assert tags["/Lbl"] == tags["/LBody"] == len(HOSTILE)


def tags_below(node: Any) -> Iterator[str]:
    """The kinds of all elements in a PDF's tree of structure (ISO 32000-1, 14.7.2)."""
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        element = child.get_object()
        if isinstance(element, dict) and "/S" in element:
            yield element["/S"]
            yield from tags_below(element)


def test_nothing_is_said_of_unprintable_characters_where_there_are_none() -> None:
    assert document.UNPRINTABLE not in read(make_pdf(sheet(item("72 kg")), folders=[]))


def test_arabic_letters_take_the_shape_of_their_place() -> None:
    """One letter, three times: initial, medial and final form are three glyphs of one letter."""
    data = make_pdf(sheet(item("ببب")), folders=[])
    glyphs = set()
    for page in pypdf.PdfReader(io.BytesIO(data)).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            table = font["/ToUnicode"].get_data().decode()
            if "Vazirmatn" in font["/BaseFont"]:
                glyphs |= set(re.findall(r"<(\w+)> <0628>", table))

    assert len(glyphs) >= 3


def test_an_operators_folder_of_fonts_is_used(tmp_path: Path) -> None:
    """Only with a font for it is a script printed: here the portal has lost all but one of its own."""
    lost, given = tmp_path / "lost", tmp_path / "given"
    for folder, name in ((lost, "NotoSans-Regular.ttf"), (given, "NotoSansThai-Regular.ttf")):
        folder.mkdir()
        shutil.copy(fonts.OURS / name, folder / name)
    start = pdf._START.replace("main()", f"fonts.OURS = Path({str(lost)!r}); main()")
    start = start.replace("import main;", "import main, fonts, Path;")
    sheets = sheet(item("ความดัน"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "_START", start)
        without, with_fonts = (
            read(make_pdf(sheets, folders=folders)) for folders in ([], [str(given)])
        )

    assert document.UNPRINTABLE in without
    assert document.UNPRINTABLE not in with_fonts
    assert "ความ" in with_fonts


# --- the press -----------------------------------------------------------------------------------

ATTEMPT = """
import os, socket, sys
sys.path.insert(0, sys.argv[1])
from phr.printing import press
def attempt(*_):
    try:
        return b"%PDF" + repr({what}).encode()
    except OSError as error:
        return b"%PDF" + type(error).__name__.encode()
press._set = attempt
press.main()
"""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("open('/etc/passwd').read()", b"PermissionError"),
        ("open('/tmp/phr-press-was-here', 'w')", b"PermissionError"),
        ("socket.socket()", b"PermissionError"),
        ("os.fork()", b"PermissionError"),
        ("sorted(os.environ)", b"['LC_ALL', 'MALLOC_ARENA_MAX', 'RAYON_NUM_THREADS']"),
    ],
)
def test_the_press_can_do_nothing_but_set(
    monkeypatch: pytest.MonkeyPatch, what: str, said: bytes
) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    monkeypatch.setattr(pdf, "_START", ATTEMPT.format(what=what))

    assert make_pdf(sheet(), folders=[]) == b"%PDF" + said


def test_too_much_memory_is_one_sentence() -> None:
    """The same sheet is set within the ordinary limit; each item differs, or typst would share it."""
    large = sheet(*(item(f"{number} words of its own") for number in range(1000)))

    assert make_pdf(large, folders=[]).startswith(b"%PDF")
    with pytest.raises(CannotPrint, match="could not be made"):
        make_pdf(large, folders=[], memory=200_000_000)


def test_too_long_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.05)

    with pytest.raises(CannotPrint, match="too long"):
        make_pdf(sheet(item("x")), folders=[])


def test_too_many_at_once_wait_and_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_WAIT_SECONDS", 0.01)
    with pdf._PRESSES, pdf._PRESSES, pytest.raises(CannotPrint, match="Many PDFs"):
        make_pdf(sheet(item("x")), folders=[])

    assert make_pdf(sheet(item("x")), folders=[]).startswith(b"%PDF")


NAMES = {
    "Chinese": "王小明 高血压 藥物過敏",
    "Hindi": "राजेश कुमार क्षत्रिय श्रृंखला ज्ञान",
    "Arabic": "محمد عبد الله يوميًا لَا إِلٰه",
    "Thai": "สมชาย ใจดี ที่ น้ำผึ้ง ปู่",
}


def glyphs(data: bytes) -> Iterator[tuple[str, int]]:
    """Every glyph that a PDF shows: its font, and its number there. ISO 32000-1, 9.4.3 and 9.7."""
    for page in pypdf.PdfReader(io.BytesIO(data)).pages:
        font = ""
        contents: Any = page.get_contents()
        for operands, operator in contents.operations:
            if operator == b"Tf":
                font = str(operands[0])
            shown = operands[0] if operator in (b"Tj", b"TJ") else []
            for part in shown if isinstance(shown, list) else [shown]:
                if isinstance(part, bytes | str):
                    raw: Any = getattr(part, "original_bytes", part)
                    yield from (
                        (font, int.from_bytes(raw[at : at + 2])) for at in range(0, len(raw), 2)
                    )


def test_names_in_every_alphabet_are_shown_with_glyphs_of_their_own() -> None:
    made = make_pdf(sheet(*map(item, NAMES.values()), name=" · ".join(NAMES.values())), folders=[])

    shown = list(glyphs(made))
    assert len({font for font, _ in shown}) > len(NAMES)
    # Glyph 0 is .notdef, the empty box of a font that lacks the character.
    assert [pair for pair in shown if pair[1] == 0] == []
    assert document.UNPRINTABLE not in read(made)
    said = read(made).replace(" ", "")
    for name in ("王小明", "藥物過敏", "สมชาย"):
        assert name in said


def test_what_no_font_has_is_replaced_and_said_so() -> None:
    made = make_pdf(sheet(item("བོད་")), folders=[])

    assert [pair for pair in glyphs(made) if pair[1] == 0] == []
    assert document.UNPRINTABLE in read(made)
