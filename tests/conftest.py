"""The cast and the ground every test stands on: real PostgreSQL, through the portal's own roles."""

import logging
import shutil
from collections.abc import Iterator
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.template import Template
from django.test import TransactionTestCase, override_settings
from hypothesis import settings as search
from pytest_django import DjangoDbBlocker, Settings

from accounts import audit, gate, keys
from phr import privileges, storage
from tests import raw
from tests.cast import Cast
from tests.standing import QUICK, Standing, rolls_back
from tests.standing import standing as stand

# `pytest --hypothesis-profile=thorough tests/property` searches for an hour or so.
search.register_profile("thorough", max_examples=2000, deadline=None)
# `make mutants` breaks the rule at every point of `tests/property/mutants.py`.
search.register_profile("mutants", deadline=None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> None:
    """Migrate the private databases once; tests then work through `phr_web` and `phr_worker`."""
    with django_db_blocker.unblock():
        for alias in ("default", "vault"):
            call_command("migrate", database=alias, verbosity=0)
        keys.prepare()


# What it is before Django's tests put theirs in its place; not in the stubs.
RENDER = getattr(Template, "_render")  # noqa: B009

# What belongs to the tables themselves, not to a test.
STAYS = {"django_migrations", "django_content_type", "auth_permission", "vault_keyencryptionkey"}
TABLES = """
    SELECT relname::text, relforcerowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""


def empty(alias: str) -> None:
    """Delete every row as the owner: the portal's own roles may not. Quicker than TRUNCATE."""
    with raw.login(alias) as owner:
        tables: dict[str, bool] = dict(owner.execute(TABLES).fetchall())
        filled = _filled(owner, set(tables) - STAYS)
        for name in filled:
            owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER, NO FORCE ROW LEVEL SECURITY")
        for name in filled:
            owner.execute(f"DELETE FROM {name}")  # noqa: S608 - names from the catalogue
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in filled:
            force = ", FORCE ROW LEVEL SECURITY" if tables[name] else ""
            owner.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER{force}")
        if alias == "default":
            # A restore leaves a whole status list out, and each list has to be signed.
            owner.execute("SELECT setval('sharing_grant_serial', 0, false)")


def _filled(owner: psycopg.Connection[tuple[Any, ...]], names: set[str]) -> list[str]:
    one = (f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in sorted(names))  # noqa: S608
    owner.execute("SET LOCAL ROLE phr_backup")
    found = [name for (name,) in owner.execute(" UNION ALL ".join(one))]
    owner.execute("SET LOCAL ROLE NONE")
    return found


def _teardown(_self: TransactionTestCase) -> None:
    for alias in ("default", "vault"):
        empty(alias)


setattr(TransactionTestCase, "_fixture_teardown", _teardown)  # noqa: B010 - not in the stubs


@pytest.fixture(autouse=True)
def fresh_process_memory(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """No test inherits what another made this process remember: keys, event numbers, anchors."""
    keys.forget_all()
    gate.forget()
    monkeypatch.setattr(audit, "_pen", audit._Pen())
    Path(settings.PHR_AUDIT_ANCHOR_FILE).unlink(missing_ok=True)
    yield
    keys.forget_all()


@pytest.fixture(autouse=True)
def quick_pages(settings: Settings) -> None:
    """Each client begins the middleware anew: no file is looked for before somebody asks for it."""
    settings.PASSWORD_HASHERS = QUICK["PASSWORD_HASHERS"]
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def pages_are_not_recorded(django_test_environment: None) -> None:  # noqa: ARG001 - after it
    """Django would copy for each test what every template is given; none asks for it."""
    setattr(Template, "_render", RENDER)  # noqa: B010 - not in the stubs


@pytest.fixture(scope="session")
def static_files() -> None:
    """The files that pages name, collected as in a deployment."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture
def repositories(settings: Settings) -> Iterator[None]:
    """No backups and no files before a test, and no backups after it."""
    for name in storage.names():
        storage.destroy(name)
    folder = settings.PHR_DATA_DIR / "backups"
    shutil.rmtree(folder, ignore_errors=True)
    yield
    shutil.rmtree(folder, ignore_errors=True)
    gate.forget()
    if gate.closed():
        for alias in connections:
            open_again(alias)


def open_again(alias: str) -> None:
    """A test that failed in the middle of a restore must not fail the others."""
    with raw.login(alias) as owner, owner.cursor() as cursor:
        privileges.let_backups_see(cursor)
        privileges.apply(cursor, privileges.LISTED[alias])


@pytest.fixture
def own_kek() -> Iterator[None]:
    """The other tests go on with the KEK they began with."""
    path, before = keys.provider().path, keys.provider().path.read_bytes()
    with raw.login("vault") as owner:
        rows = owner.execute("SELECT * FROM vault_keyencryptionkey").fetchall()
    yield
    path.unlink()
    path.write_bytes(before)
    path.chmod(0o400)
    with raw.login("vault") as owner:
        owner.execute("TRUNCATE vault_keyencryptionkey CASCADE")
        for row in rows:
            owner.execute("INSERT INTO vault_keyencryptionkey VALUES (%s, %s, %s)", row)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the portal's one log handler writes."""
    handlers = logging.getLogger("django").handlers
    console = next(one for one in handlers if isinstance(one, logging.StreamHandler))
    written = StringIO()
    before = console.setStream(written)
    yield written
    console.setStream(before)


@pytest.fixture(scope="module")
def standing(
    django_db_setup: None,  # noqa: ARG001 - the tables
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Standing]:
    """What a module's own fixture makes on this ground stands for all of its tests."""
    with stand(django_db_blocker) as ground:
        yield ground


@pytest.fixture(scope="module")
def committed(
    django_db_setup: None,  # noqa: ARG001 - the tables
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Standing]:
    """As `standing`, for tests that look through other connections, too: what is made is committed."""
    with django_db_blocker.unblock(), override_settings(**QUICK):
        yield Standing()
        for alias in ("default", "vault"):
            empty(alias)


@pytest.fixture(scope="module")
def standing_cast(request: pytest.FixtureRequest) -> Iterator[Cast | None]:
    """Where no test commits, all who ask for the cast share one; `Cast.enter` gives it to them, too."""
    here = [item for item in request.session.items if item.path == request.path]
    if not all(map(rolls_back, here)):
        yield None
        return
    request.getfixturevalue("standing")
    with Cast.staying() as everybody:
        yield everybody


@pytest.fixture
def cast(standing_cast: Cast | None) -> Cast:
    """alice (patient), bob (her doctor), carol (another patient), sam (staff)."""
    return standing_cast or Cast.enter()


@pytest.fixture(autouse=True)
def what_stands_comes_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """A file of a standing world that a test destroys is there again for the next."""
    stands = "standing" in request.fixturenames
    ground: Standing | None = request.getfixturevalue("standing") if stands else None
    yield
    if ground:
        ground.put_back()


def _stands_on(item: pytest.Item) -> int:
    asked = set(getattr(item, "fixturenames", ()))
    return 2 if asked & {"world", "full"} else int("cast" in asked)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Within a module who asks for nothing comes first: what is made once stands to the end."""
    by_module = groupby(items, key=lambda item: item.path)
    items[:] = [item for _, some in by_module for item in sorted(some, key=_stands_on)]
