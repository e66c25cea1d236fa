"""Compile static/scss/site.scss to static/css/site.css. Run by developers only, as `make css`.

Needs Node's npm. The Sass sources of nhsuk-frontend (MIT) are fetched by npm into a folder that is
thrown away. The result is committed, so nothing is fetched when the portal is installed or run.
"""

import re
import subprocess
import tempfile
from pathlib import Path

SOURCES = "nhsuk-frontend@10.6.1"
COMPILER = "sass@1.93.2"
STATIC = Path(__file__).resolve().parent.parent.parent / "static"
RESULT = STATIC / "css" / "site.css"
NOTICE = "/*! Contains nhsuk-frontend 10.6.1, MIT Licence: ../scss/LICENCE-nhsuk-frontend.txt */\n"

SIDES = {"left": "start", "right": "end"}
# What stands before and after a side, and the word its logical name begins with.
LOGICAL = (
    (r"\b(margin-|padding-|border-)", r"\b(?=[-a-z]*:)", "inline-"),
    (r"\b(text-align: ?)", r"\b", ""),
    (r"\b(float: ?)", r"\b", "inline-"),
    (r"([{;])", r"(?=:)", "inset-inline-"),
)
CORNER = re.compile(r"border-(top|bottom)-(left|right)-radius")


def logical(css: str) -> str:
    """Return the style sheet with left and right turned into inline start and end (CSS Logical
    Properties Level 1), so that one file serves scripts written in either direction."""
    for before, after, word in LOGICAL:
        for side, name in SIDES.items():
            css = re.sub(f"{before}{side}{after}", rf"\g<1>{word}{name}", css)
    return CORNER.sub(
        lambda found: f"border-{_edge(found[1])}-{SIDES[found[2]]}-radius",
        css,
    )


def _edge(side: str) -> str:
    return "start" if side == "top" else "end"


def main() -> None:
    """Fetch, compile, make logical and write the style sheet; raise on any failure."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["npm", "--prefix", folder]
        subprocess.run([*run, "install", "--no-save", "--silent", SOURCES, COMPILER], check=True)
        modules = Path(folder) / "node_modules"
        css = subprocess.run(
            [
                str(modules / ".bin" / "sass"),
                "--style=compressed",
                "--quiet-deps",
                f"--load-path={modules / 'nhsuk-frontend' / 'src'}",
                str(STATIC / "scss" / "site.scss"),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    RESULT.write_text(NOTICE + logical(css.lstrip("\ufeff")), encoding="utf-8")


if __name__ == "__main__":
    main()
