"""The data map is whole: every field and place that is installed stands in it, and nothing else does."""

import ast
import inspect
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models import Model
from django.test import Client
from pytest_django import Settings

from accounts import keys
from rights import data_map, kept, steps
from rights.archive import parts
from rights.data_map import DataCategory, Entry, Source, entries
from tests.doors import text, visitor

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
ROOT = Path(settings.BASE_DIR)
PERSONAL = [entry for entry in entries() if entry.category is not DataCategory.NONE]
# A field so named most likely holds something of a person (GDPR Art. 4(1)); these do not.
TELLING = re.compile(
    r"sealed$|email|(?<!code)name$|user|patient|address|^ip$|token|password|title|text|body"
)
KEEPING = re.compile(r"(functools\.)?(lru_cache|cache)\b")
NOBODYS = {
    "auth.Group.name": "of a group of staff",
    "auth.Permission.name": "of a table of the portal",
    "sharing.StatusList.token": "a signed list of entries that name nobody, for everybody to read",
    "sharing.UsageKey.key_sealed": "a random key of a facility",
    "vault.KeyEncryptionKey.check_sealed": "a fixed sentence that shows which key is in use",
}


def models() -> list[type[Model]]:
    return list(apps.get_models(include_auto_created=True))


def places(kind: str) -> set[str]:
    """The names of the places of one kind that the map has."""
    return {one.place.partition(".")[2] for one in entries() if one.place.startswith(f"{kind}.")}


# --- nothing is missing, nothing is left over ----------------------------------------------------


def test_every_field_of_every_model_is_in_the_map_and_no_other() -> None:
    installed = {
        f"{model._meta.label}.{field.name}"
        for model in models()
        for field in model._meta.concrete_fields
    }
    mapped = {entry.name for entry in entries() if entry.field}

    assert installed - mapped == set(), "say in rights/data/data_map what holds for these"
    assert mapped - installed == set(), "these are gone: take them out of rights/data/data_map"


def test_every_table_of_the_databases_is_in_the_map() -> None:
    found = set()
    for alias in ("default", "vault"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            found |= {name for (name,) in cursor.fetchall()}
    of_models = {model._meta.db_table for model in models()}

    assert len(found) > 30
    assert found - of_models == places("table")


def test_every_store_and_cache_and_queue_is_in_the_map() -> None:
    assert places("storage") == set(settings.STORAGES)
    assert places("cache") == set(settings.CACHES)
    assert places("queue") == set(current_app.amqp.queues)


def remembered() -> Iterator[str]:
    """Functions whose answers a running program keeps; the parser's process ends with its file."""
    for app in ("accounts", "sharing", "phr", "rights"):
        for path in (ROOT / app).rglob("*.py"):
            name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            if name.startswith("phr.formats."):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                marks = getattr(node, "decorator_list", [])
                if any(KEEPING.match(ast.unparse(mark)) for mark in marks):
                    yield f"{name}.{getattr(node, 'name', '')}"


def test_everything_that_a_program_remembers_is_in_the_map() -> None:
    """Words of a record must not outlive the job that read them, in no memory either."""
    assert places("memory") == {*remembered(), "accounts.keys._subkeys"}
    assert keys._subkeys is not None


def paths(value: Any) -> Iterator[Path]:
    """Every path anywhere in the settings."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from paths(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from paths(inner)


def test_every_folder_of_the_data_folder_is_in_the_map() -> None:
    data = Path(settings.PHR_DATA_DIR)
    named = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
    set_up = {path.relative_to(data).parts[0] for path in paths(named) if data in path.parents}
    lived_in = {path.name for path in data.iterdir() if path.is_dir()}
    launcher = "".join(path.read_text() for path in (ROOT / "phr" / "launch").glob("*.py"))

    assert len(set_up) >= 5
    assert (set_up | lived_in) - places("folder") == set()
    for name in places("folder") - set_up:
        assert f'"{name}"' in launcher, f"nothing makes the folder {name} any more"


def test_a_message_to_a_worker_carries_nothing_or_one_id() -> None:
    current_app.loader.import_default_modules()
    ours = {n: t for n, t in current_app.tasks.items() if not n.startswith("celery.")}
    assert len(ours) > 5
    for name, task in ours.items():
        given = list(inspect.signature(task.run).parameters)
        assert len(given) <= 1, name
        assert all(one.endswith("_id") for one in given), name
    for name, beat in settings.CELERY_BEAT_SCHEDULE.items():
        assert not beat.get("args"), name
        assert not beat.get("kwargs"), name


# --- each entry says enough ----------------------------------------------------------------------


def test_what_is_personal_says_everything() -> None:
    assert len(PERSONAL) > 100
    for entry in PERSONAL:
        assert entry.source is not Source.NONE, entry.name
        assert entry.basis is not data_map.Basis.NONE, entry.name
        assert entry.says, entry.name
        assert entry.keep.endswith("."), entry.name
        assert bool(entry.export) != bool(entry.unexported), (
            f"{entry.name}: in the file, or why not"
        )
        assert entry.stays or entry.erase or entry.ends, f"{entry.name}: how does it go?"
        assert not entry.stays or re.match(r"Art\. 17\(3\)\([a-e]\): \w", entry.stays), entry.name


def test_what_is_nobodys_says_nothing() -> None:
    for entry in entries():
        if entry.category is DataCategory.NONE:
            assert Entry(entry.place, entry.field) == entry
            assert not TELLING.search(entry.field) or entry.name in NOBODYS, entry.name


def test_what_clears_away_is_started_by_beat() -> None:
    started = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert {entry.ends for entry in PERSONAL} - {"", "by itself"} <= started
    assert [entry.place for entry in PERSONAL if entry.ends == "by itself"] == [
        "memory.accounts.keys._subkeys"
    ]


def test_what_an_erasure_removes_is_a_step_of_it() -> None:
    assert {entry.erase for entry in PERSONAL} - {""} <= {step.name for step in steps.STEPS}


def test_what_a_person_takes_away_is_a_part_of_the_archive() -> None:
    named = {entry.export for entry in PERSONAL} - {""}

    # An overview repeats what the other parts hold, as pages to read.
    assert named == {part.part for part in parts.PARTS} - {"overview"}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('["a.B"]\nnone = ["x"]\nfield = ["y"]', "nothing is called"),
        ('["a.B"]\nnone = ["x", "x"]', "twice"),
        ('["a.B"]\ncategory = "gossip"\nfields = ["x"]', "gossip"),
    ],
)
def test_a_slip_in_the_map_is_refused(
    broken: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.toml").write_text(broken)
    monkeypatch.setattr(data_map, "FOLDER", tmp_path)

    with pytest.raises(ValueError, match=why):
        entries.__wrapped__()


# --- what people and readers get of it -----------------------------------------------------------


def test_the_document_is_printed_from_the_map() -> None:
    printed = StringIO()
    call_command("data_map", stdout=printed)

    written = (ROOT / "docs" / "data-map.md").read_text(encoding="utf-8")
    assert written == printed.getvalue(), "./manage.py data_map > docs/data-map.md"


@pytest.fixture
def page() -> str:
    return text(visitor().get("/privacy/kept/"))


def test_it_has_everything_that_is_kept_about_people(page: str) -> None:
    for entry in PERSONAL:
        assert f">{entry.says}<" in page, entry.name
    assert "{" not in page.partition("<main")[2]


def test_health_information_stands_apart_and_first(page: str) -> None:
    first, _, rest = page.partition("Your health information</h2>")[2].partition("<h2")
    about_health = {e.says for e in PERSONAL if e.category is DataCategory.HEALTH}

    assert all(f">{says}<" in first for says in about_health)
    assert not any(f">{says}<" in rest for says in about_health)


def test_each_thing_is_said_once() -> None:
    said = [thing.says for group in kept.groups() for thing in group.things]

    assert len(said) == len(set(said))
    assert all(group.things for group in kept.groups())


def test_its_numbers_are_the_settings_in_force(settings: Settings) -> None:
    settings.PHR_INVITATION_DAYS = 1
    settings.SESSION_COOKIE_AGE = 5 * 3600
    settings.PHR_BACKUP_DAYS = 23
    page = text(visitor().get("/privacy/kept/"))

    assert "can be accepted for 1 day." in page
    assert "for 5 hours at most" in page
    assert page.count("23 days") == 3


def test_it_is_found_from_every_page() -> None:
    stranger: Client = visitor()

    assert text(stranger.get("/privacy/")).count('href="/privacy/kept/"') >= 2, "in its text too"
    assert text(stranger.get("/")).count('href="/privacy/kept/"') == 1
