"""The press: a process that sets a PDF and can do nothing else.

Started by `phr.printing.pdf`. Standard input begins with a line of JSON: limits and folders of
fonts; then comes the data as JSON. The process loads its fonts, locks itself as the parser box
does, and only then looks at the data. Standard output is the PDF.
"""

import os
import sys
from pathlib import Path
from typing import Any

import orjson
import typst

from phr.formats.lockdown import lock
from phr.formats.parsed import Limits
from phr.printing import fonts
from phr.printing.letters import REPLACEMENT, fitted, replacements

TEMPLATE = Path(__file__).with_name("document.typ")
FIRST_FONTS = ("Noto Sans", "Vazirmatn")


def main() -> None:
    """Set one PDF, then leave; exit code 1 when it cannot be set."""
    asked = orjson.loads(sys.stdin.buffer.readline())
    template = TEMPLATE.read_bytes()
    covered = fonts.coverage(fonts.files(asked["folders"]))
    available = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(fonts.OURS), *asked["folders"]],
    )
    compiler = typst.Compiler(template, font_paths=available)
    _load(compiler, available)
    lock(Limits(memory=asked["memory"], cpu_seconds=asked["seconds"]))
    inputs = {"data": _data(covered), "fonts": _families(available)}
    _put(_set(compiler, template, inputs))
    os._exit(0)


def _load(compiler: typst.Compiler, available: typst.Fonts) -> None:
    """Set a letter in every font: opens its file and starts the threads, which is not possible later."""
    styles = {(font.family, font.weight, font.style.lower()) for font in available.fonts()}
    lines = [
        f"#text(font: {orjson.dumps(family).decode()}, weight: {weight}, style: {style!r})[x]"
        for family, weight, style in sorted(styles)
    ]
    compiler.compile(input="\n".join(lines).replace("'", '"').encode(), format="pdf")


def _families(available: typst.Fonts) -> str:
    """The families to look a character up in, one after the other."""
    names = sorted(set(available.families()) - set(FIRST_FONTS))
    return orjson.dumps([*FIRST_FONTS, *names]).decode()


def _data(covered: set[int]) -> str:
    raw = sys.stdin.buffer.read().decode()
    table = replacements(raw, covered)
    data: dict[str, Any] = orjson.loads(raw)
    unprintable = data.pop("unprintable")
    if REPLACEMENT in table.values():
        data["sentences"].append(unprintable)
    return orjson.dumps(fitted(data, table)).decode()


def _set(compiler: typst.Compiler, template: bytes, inputs: dict[str, str]) -> bytes:
    """The PDF, to PDF/UA-1 (ISO 14289-1), or only tagged when a font lets one letter down."""
    standards: list[typst.PDFStandard] = ["ua-1"]
    try:
        return _pdf(compiler.compile(template, format="pdf", sys_inputs=inputs,
                                     pdf_standards=standards))  # fmt: skip
    except typst.TypstError:
        return _pdf(compiler.compile(template, format="pdf", sys_inputs=inputs))


def _pdf(made: bytes | list[bytes] | None) -> bytes:
    return made if isinstance(made, bytes) else b""


def _put(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]
