"""The documents are true: what they name exists, and what exists is named."""

import ast
import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.urls import Resolver404, resolve

from phr import storage
from tests.cast import PASSWORD, Cast
from tests.doors import visitor
from tests.worlds.synthea import lines

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CODE = sorted(
    path for app in ("accounts", "sharing", "phr", "rights") for path in ROOT.glob(f"{app}/**/*.py")
)
CODE.append(ROOT / "manage.py")
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
QUOTED = re.compile(r"`([^`\n]+)`")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def quoted() -> list[tuple[str, str]]:
    """(document, what stands in backticks there), each pair once."""
    found = {(name_of(doc), text) for doc in DOCS for text in QUOTED.findall(doc.read_text())}
    return sorted(found)


# --- README and commands -------------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 120


def test_ten_questions_lead_to_files() -> None:
    table = (ROOT / "README.md").read_text().partition("## Where is …?")[2].partition("\n## ")[0]

    assert table.count("\n| ") == 10 + 1


def test_make_targets_and_documents_name_each_other() -> None:
    targets = set(re.findall(r"^\.PHONY: (\w+)$", MAKEFILE, re.MULTILINE))
    rules = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    documented = set(re.findall(r"^\| `make (\w+)`", CONTRIBUTING, re.MULTILINE))
    named = {
        target
        for doc in DOCS
        for target in re.findall(r"(?:`|^)make ([a-z]+)", doc.read_text(), re.MULTILINE)
    }

    assert rules == targets == documented
    assert named <= targets


def test_operator_commands_and_the_manual_name_each_other() -> None:
    ours = {path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py")}
    documented = set(re.findall(r"^\| `\./manage\.py (\w+)", MANUAL, re.MULTILINE))
    named = {
        command for doc in DOCS for command in re.findall(r"manage\.py (\w+)", doc.read_text())
    }

    assert documented == ours
    assert named - ours <= {"createsuperuser"}


@pytest.mark.django_db(databases=["default", "vault"])
def test_the_figures_are_those_of_the_manual(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del cast
    for left_by_another_test in storage.names():
        storage.destroy(left_by_another_test)
    file = tmp_path / "file.json"
    file.write_bytes(b"".join(lines(1)))
    call_command("import_file", str(file), patient="alice@example.org")
    for command in ("sweep", "audit_verify", "integrity_check"):
        call_command(command)
    printed = capsys.readouterr().out.splitlines()
    written = re.findall(r"^\{.*\}$", MANUAL, re.MULTILINE)

    assert [list(json.loads(line)) for line in written] == [
        list(json.loads(line)) for line in printed
    ]


@pytest.mark.usefixtures("static_files")
@pytest.mark.django_db(databases=["default", "vault"])
def test_the_first_member_of_staff_is_made_as_the_manual_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="first@example.org", verbosity=0)

    answer = visitor().post(
        "/accounts/login/", {"login": "first@example.org", "password": PASSWORD}
    )

    assert answer.headers["Location"] == "/accounts/confirm-email/"
    assert [letter.to for letter in mail.outbox] == [["first@example.org"]]


# --- settings ------------------------------------------------------------------------------------

READ = re.compile(
    r'\b(?:text|flag|folder|number|zone)\(\s*"([A-Z_]+)"'
    r'|(?:environ|environment|given)(?:\[|\.get\(|\.setdefault\()\s*"([A-Z_]+)"'
    r'|"([A-Z_]+)" (?:not )?in (?:os\.)?environ'
)
VARIABLES = sorted(
    {next(filter(None, hit)) for path in CODE for hit in READ.findall(path.read_text())}
)
ROWS = re.findall(r"^\| (`[A-Z].*?) \|.*\| (.*?) \|$", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_that_is_read_is_in_the_manual(name: str) -> None:
    assert re.search(rf"`{name}(?:=\w+)?`", MANUAL)


def test_every_variable_in_the_manual_is_read() -> None:
    code = "\n".join(path.read_text() for path in CODE)
    named = set(re.findall(r"`([A-Z]{2,}[A-Z_]*)(?:=\w+)?`", MANUAL)) - {"NAME_FILE"}

    assert len(named) > 30
    assert {name for name in named if f'"{name}"' not in code} == set()


def defaults() -> dict[str, str]:
    """What phr/settings.py takes for a number or a flag that is not set."""
    found = {}
    tree = ast.parse((ROOT / "phr" / "settings.py").read_text())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Name) or call.func.id not in {"number", "flag"}:
            continue
        name, value = [*call.args, *(keyword.value for keyword in call.keywords)]
        if isinstance(name, ast.Constant) and isinstance(value, ast.Constant):
            found[str(name.value)] = str(int(value.value))  # type: ignore[arg-type]
    return found


def test_the_manual_says_the_right_defaults() -> None:
    said: dict[str, str] = {}
    for names, without in ROWS:
        values = [value.strip() for value in without.split(",")]
        said |= dict(zip(re.findall(r"`([A-Z_]+)`", names), values, strict=False))

    assert {name: re.match(r"\d*", said[name])[0] for name in defaults()} == defaults()  # type: ignore[index]


def test_a_deployment_names_settings_and_secrets_that_exist() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert example <= set(VARIABLES)
    assert set(re.findall(r"^ +([A-Z_]+?)(?:_FILE)?: ", compose, re.MULTILINE)) - {
        "POSTGRES_PASSWORD", "PHR_DATABASE",
    } <= set(VARIABLES)  # fmt: skip
    for secret in re.findall(r"secrets/(\w+)\}", compose):
        assert f"| `{secret}` |" in MANUAL


def test_the_manual_says_what_beat_starts() -> None:
    said = dict(re.findall(r"^\| `([\w.]+\.tasks\.\w+)` \| (\d+ \w+) \|", MANUAL, re.MULTILINE))
    units = {"s": 1, "min": 60, "h": 3600}

    assert {
        name: timedelta(seconds=int(every.split()[0]) * units[every.split()[1]])
        for name, every in said.items()
    } == {name: entry["schedule"] for name, entry in settings.CELERY_BEAT_SCHEDULE.items()}


def test_the_manual_says_what_is_not_there() -> None:
    section = MANUAL.partition("## What is not there yet")[2]

    assert "S3" in section
    assert "point-in-time recovery" in section


# --- what is named exists ------------------------------------------------------------------------

TOP = {path.name for path in ROOT.iterdir()}
MADE = {".venv", ".data", "secrets", ".env"}
FILES = sorted(
    {
        (doc, text)
        for doc, text in quoted()
        if re.fullmatch(r"[\w./-]+", text)
        and (text.split("/")[0] in TOP - MADE or re.search(r"\w\.(py|md|html|toml|yaml)$", text))
        and not text.startswith(("accounts.", "phr.", "rights.", "./"))
    }
)
ADDRESSES = sorted({t for _, t in quoted() if re.fullmatch(r"/[\w/-]*", t) and "/lib/" not in t})
LINKS = sorted(
    {
        (name_of(doc), target)
        for doc in DOCS
        for target in re.findall(r"\]\(([^)\s]+)\)", doc.read_text())
        if not target.startswith(("http", "mailto"))
    }
)


@pytest.mark.parametrize(("doc", "path"), FILES)
def test_a_file_that_a_document_names_exists(doc: str, path: str) -> None:
    beside = (ROOT / doc).parent / path
    assert (ROOT / path).exists() or beside.exists() or list(ROOT.glob(f"[a-z]*/{path}")), path


@pytest.mark.parametrize(("doc", "target"), LINKS)
def test_a_link_leads_somewhere(doc: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    there = ((ROOT / doc).parent / path) if path else ROOT / doc

    assert there.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
        assert anchor in {
            re.sub(r"[^\w-]", "", text.lower().replace(" ", "-")) for text in headings
        }


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_a_document_names_is_one(address: str) -> None:
    try:
        resolve(address)
    except Resolver404:
        pytest.fail(f"{address} leads nowhere")


def test_the_words_of_the_glossary_are_those_of_the_code() -> None:
    glossary = (ROOT / "docs" / "architecture.md").read_text().partition("## Glossary")[2]
    code = "\n".join(path.read_text() for path in CODE)
    words = {
        word
        for cell in re.findall(r"^\| [^|]+\| ([^|]+) \|", glossary, re.MULTILINE)
        for name in QUOTED.findall(cell)
        for word in re.findall(r"\w+", name)
    }

    assert len(words) > 20
    assert {word for word in words if not re.search(rf"\b{word}\b", code)} == set()


# --- form ----------------------------------------------------------------------------------------


def test_decisions_are_numbered_and_shaped_alike() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    parts = ("Context", "Decision", "Consequences", "What would change our mind")

    for number, path in enumerate(decisions, start=1):
        text = path.read_text()
        assert path.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        assert [text.count(f"**{part}.**") for part in parts] == [1] * len(parts)
        assert len(text.splitlines()) <= 60


def test_the_changelog_names_this_version_and_security() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    version = tomllib.loads(PROJECT)["project"]["version"]

    assert re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE)[1] == version  # type: ignore[index]
    assert "### Security" in changelog


def test_each_dependency_says_why_it_is_there() -> None:
    project = tomllib.loads(PROJECT)["project"]
    extras = project["optional-dependencies"].values()

    for dependency in [*project["dependencies"], *(one for extra in extras for one in extra)]:
        line = next(line for line in PROJECT.splitlines() if dependency in line)
        assert re.search(r"#\s*\w+", line) or dependency.startswith("phr["), dependency


def test_nothing_names_a_machine_or_a_registry() -> None:
    machine = re.compile(
        r"(?<![\w.])/(?:work|root|home|Users)/\w|pythonhosted|pypi\.(?:org|io)|npmjs"
    )
    beside = ("Makefile", "Dockerfile", "compose.yaml", "pyproject.toml", ".ci/run", ".env.example")
    texts = [*DOCS, *CODE, *ROOT.glob("requirements/*"), *(ROOT / name for name in beside)]
    texts += [*ROOT.glob("tests/**/*.py"), *ROOT.glob("templates/**/*.*")]
    found = {name_of(path) for path in texts if machine.search(path.read_text(encoding="utf-8"))}

    assert found - {name_of(Path(__file__))} == set()
