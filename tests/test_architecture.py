"""The shape of the software (DESIGN §2 and §5), read from its own source."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, Model

ROOT = Path(settings.BASE_DIR)
# From the top floor down; each imports from floors below it only.
TOWER = ["rights", "phr", "sharing", "accounts"]
TOP_LEVEL = {
    ".ci", ".dockerignore", ".env.example", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE",
    "Makefile", "README.md", "SECURITY.md", "accounts", "compose.yaml", "docs", "manage.py", "phr",
    "pyproject.toml", "requirements", "rights", "sharing", "static", "templates", "tests",
}  # fmt: skip
MADE_BY_TOOLS = {
    ".cache", ".data", ".env", ".fuzz", ".git", ".hypothesis", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", ".venv", "__pycache__", "node_modules", "secrets", "staticfiles",
}  # fmt: skip
WIRING = ["phr/settings.py", "phr/urls.py", "phr/celery.py", "phr/wsgi.py"]
FORBIDDEN_NAMES = re.compile(
    r"^(utils?|helpers?|common|core|constants|managers|selectors|misc|base|\w+_(utils?|helpers?))$"
)
# Doors turn a request, a row or a message into one service call; they never ask the database.
DOORS = re.compile(r"^\w+/(views(/\w+)?|api/\w+|admin|tasks|forms)\.py$")
SERVICES = re.compile(r"^\w+/services(/\w+)?\.py$|^accounts/(sealer|mail)\.py$")
# Public functions of the service modules that take no actor, each with its reason.
WITHOUT_ACTOR = {
    "accounts.services.name_of": "opens a row that the policy already let through",
    "accounts.services.people": "how others are shown; contact facts, no patient's data",
    "accounts.services.verified_addresses": "facts about the user whom the caller acts for",
    "accounts.sealer.link": "pure: one link of the hash chain",
    "accounts.mail.sealed": "pure: a letter as a row, sealed",
    "accounts.mail.send": "queues a mail whose text holds no patient's data",
    "rights.services.backups.alarms": "facts about backups, for staff and the operator",
    "rights.services.backups.every": "facts about backups, nobody's data",
    "rights.services.backups.exposures": "facts about backups, nobody's data",
    "rights.services.backups.latest_gone_by": "pure: settings",
    "rights.services.backups.told": "pure: a sentence",
    "rights.services.backups.line": "pure: a row in words",
    "rights.services.rehoming.empty": "works on a row inside its caller's act",
    "rights.services.rehoming.opened": "opens a row that its caller's act locked",
    "phr.services.deliveries.keep": "the portal's own act, inside the open one of who sends",
    "phr.services.imports.limits": "pure: settings",
    "phr.services.links.medicine_of": "pure: which reference of a resource names its medicine",
    "phr.services.remarks.text_of": "opens a row that its caller's act let through",
    "phr.services.uploads.hold_file": "locks a row inside its caller's act",
    "phr.services.uploads.seal_name": "pure: seals the name of a file",
    "phr.services.uploads.seal_report": "pure: seals what the importer tells",
    "phr.services.items.note_reads": "writes into the open act, which knows its actor",
    "phr.services.items.offered": "pure: what grounds found for an actor may cover",
    "sharing.services.attestations.of_permission": "opens a row that the policy already let through",
    "sharing.services.dependents.birthday": "pure: a day",
    "sharing.services.dependents.check": "pure: what somebody said, and settings",
    "sharing.services.notices.reader_of": "facts about the user whom a job tells",
    "sharing.services.notices.quiet_of": "facts about the user whom the caller acts for",
    "sharing.services.paths.listed": "pure: goes through a list that was made for an actor",
    "sharing.services.reaching.reach": "inside the open act of the patient who asks for the list",
    "sharing.services.usage.used": "writes into the open act; the grounds know their actor",
    "sharing.services.closing.first_day": "pure: settings",
    "sharing.services.closing.left": "inside the open act of a job",
    "sharing.services.facilities.agreements": "facts about a facility that its caller let through",
    "sharing.services.facilities.team": "facts about a facility that its caller let through",
    "sharing.services.facilities.teams": "facts about facilities that its caller let through",
    "sharing.services.recipients.bind": "inside the open act of the patient who gives",
    "sharing.services.recipients.bound_alike": "pure: copies to whom a permission goes",
    "phr.services.link_documents.ticket_of": "finds out who the actor is",
    "sharing.services.emergencies.as_written": "pure: a code however it was typed",
    "sharing.services.emergencies.reason_of": "opens a row that its reader was let see",
    "sharing.services.listing.held": "pure: how a permission without a holder is shown",
    "sharing.services.listing.holder": "pure: how who holds a permission is shown",
    "sharing.services.standing.forget": "writes into the ledger once the open act commits",
    "sharing.services.standing.remember": "writes into the ledger inside the open act",
    "sharing.services.granting.move_epoch": "moves a number inside the open act; the database asks who",
    "rights.services.erasures.hide": "hides inside the open act; the database asks who",
    "rights.services.erasures.prove": "finds out who the actor is",
    "rights.services.erasures.remember_undone": "writes into the ledger for the open act",
    "rights.services.erasures.undone": "pure: words in the ledger",
    "rights.services.erasures.tell": "queues a mail that names nobody and holds no health data",
    "rights.services.erasures.show_again": "works inside the open act; the database asks who",
    "rights.services.erasures.subject": "pure: what the ledger names an erasure by",
    "accounts.services.born_of": "opens a row that the policy already let through",
    "phr.services.uploads.remove": "works on a row inside its caller's act",
    "phr.services.uploads.report": "opens a row that the policy already let through",
    "phr.services.looks.before": "pure: which rows follow one",
    "rights.services.exports.deletions": "counts inside the open act",
    "rights.services.exports.outdated": "asks of a row inside the open act",
    "rights.services.exports.remove_file": "destroys what a locked row names, inside the open act",
    "phr.services.uploads.file_name": "opens a row that the policy already let through",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in sources(*TOWER)}


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, also inside functions and for types only."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{short(path)} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else str(node.module)


def floor(name: str) -> int | None:
    first = name.partition(".")[0]
    return TOWER.index(first) if first in TOWER else None


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_imports_only_point_down() -> None:
    upward = [
        f"{name} imports {other}"
        for name, path in MODULES.items()
        for other in imported(path)
        if (there := floor(other)) is not None and there < (floor(name) or 0)
    ]

    assert not upward


def test_migrations_only_point_down() -> None:
    for here, app in enumerate(TOWER):
        for path in (ROOT / app).rglob("migrations/*.py"):
            above = [name for name in imported(path) if (floor(name) or here) < here]
            text = path.read_text(encoding="utf-8")
            above += [name for name in TOWER[:here] if f'("{name}", ' in text]
            assert not above, short(path)


def test_nothing_goes_in_circles() -> None:
    graph = {
        name: {other for other in imported(path) if other in MODULES and other != name}
        for name, path in MODULES.items()
    }
    while free := [name for name, others in graph.items() if not others & graph.keys()]:
        for name in free:
            del graph[name]
    # What is left imports only what is left: a circle and whoever leads into it.
    assert not graph


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{short(path)}:{node.lineno}"
        for path in MODULES.values()
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(floor(name) is not None for name in _names(node))
    ]

    assert not hidden


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [str(node.module)]
    return [alias.name for alias in node.names]


@pytest.mark.parametrize("name", WIRING)
def test_the_wiring_names_other_apps_as_strings(name: str) -> None:
    others = [other for other in imported(ROOT / name) if floor(other) not in {None, 1}]

    assert not others


def test_foreign_keys_point_down() -> None:
    for model in apps.get_models():
        here = floor(model.__module__)
        for field in model._meta.get_fields():
            if here is None or not isinstance(field, ForeignKey):
                continue
            other = field.related_model
            assert isinstance(other, type)
            assert issubclass(other, Model)
            there = floor(other.__module__)
            assert there is None or there >= here, f"{model.__name__}.{field.name}"


def test_no_signals_between_our_apps() -> None:
    """A worker's start is Celery's own event, and what allauth deletes Django alone tells.

    Everything else that follows is called by name.
    """
    for name, path in MODULES.items():
        if name in {"phr.celery", "accounts.credentials"}:
            continue
        called = {other for other in imported(path) if "signals" in other.split(".")}
        assert not called, name
        text = path.read_text(encoding="utf-8")
        assert "@receiver" not in text, name
        assert "Signal()" not in text, name


def test_services_take_the_actor_first() -> None:
    wrong = set()
    for name, path in MODULES.items():
        if not SERVICES.match(short(path)):
            continue
        for node in tree(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            first = (node.args.posonlyargs + node.args.args)[:1]
            right = first and first[0].arg == "actor" and _is_actor(first[0].annotation)
            if not right:
                wrong.add(f"{name}.{node.name}")

    assert wrong == set(WITHOUT_ACTOR), "give it an actor, or a reason why not"


def _is_actor(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "Actor"


def test_doors_never_ask_the_database() -> None:
    doors = [path for path in MODULES.values() if DOORS.match(short(path))]
    assert len(doors) > 10
    asking = [
        f"{short(path)}:{node.lineno}"
        for path in doors
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager", "_base_manager", "cursor", "using"}
    ]

    assert not asking


def test_nothing_but_the_policy_and_its_models_compares_grantees() -> None:
    """Who may see is decided in one place; elsewhere a grantee is only ever shown or bound."""
    deciding = [
        short(path)
        for path in MODULES.values()
        if re.search(r"(\.active\(\)|phr_granted|_grants\()", path.read_text(encoding="utf-8"))
    ]

    assert set(deciding) <= {
        "sharing/policy.py",
        "sharing/models/grants.py",
        "sharing/services/listing.py",
    }


def test_nothing_but_the_policy_and_its_models_judges_who_belongs_to_a_facility() -> None:
    judging = [
        short(path)
        for path in MODULES.values()
        if re.search(r"\.seeing(_as)?\(", path.read_text(encoding="utf-8"))
    ]

    assert set(judging) == {
        "sharing/policy.py",
        "sharing/models/facilities.py",
        "sharing/models/grants.py",
    }


def _registered() -> set[str]:
    current_app.loader.import_default_modules()
    return {name for name in current_app.tasks if not name.startswith("celery.")}


def test_every_wake_up_and_every_beat_names_a_task() -> None:
    woken = {
        node.args[0].value if isinstance(node.args[0], ast.Constant) else ast.dump(node)
        for path in MODULES.values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "wake"
        and node.args
    }
    assert len(woken) >= 3
    beaten = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert woken <= _registered()
    assert beaten <= _registered()


def test_every_task_is_woken_or_beaten_and_named_after_its_place() -> None:
    for path in (path for path in MODULES.values() if path.name == "tasks.py"):
        for function in functions(path):
            assert f"{module(path)}.{function.name}" in _registered()
            inner = function.body
            assert (inner[-1].end_lineno or 0) - inner[0].lineno + 1 <= 6, function.name


def test_files_and_functions_stay_short() -> None:
    for path in sources(*TOWER, "tests"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, short(path)
        long = [
            f"{function.name} {length}"
            for function in functions(path)
            if (length := (function.end_lineno or 0) - function.lineno + 1) > 40
        ]
        assert not long, short(path)


def test_no_name_says_nothing() -> None:
    for path in sources(*TOWER, "tests"):
        assert not FORBIDDEN_NAMES.match(path.stem), short(path)
        classes = [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
        vague = [name for name in classes if name.endswith(("Service", "Helper", "Util"))]
        assert not vague, short(path)


def test_no_template_goes_around_the_policy() -> None:
    """Templates get what a service returned; a related manager in a template would ask anew."""
    asking = [
        short(path)
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"\.(objects|all|filter|values)\b(?!\w)", path.read_text(encoding="utf-8"))
    ]

    assert not asking


def test_the_top_level_is_the_fixed_list() -> None:
    there = {path.name for path in ROOT.iterdir()} - MADE_BY_TOOLS

    assert there <= TOP_LEVEL
    assert {"manage.py", "pyproject.toml", *TOWER, "templates", "tests"} <= there
