"""The cast and the ground every test stands on: real PostgreSQL, through the portal's own roles."""

import logging
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.template import Template
from django.test import TransactionTestCase
from hypothesis import settings as search
from pytest_django import DjangoDbBlocker, Settings

from accounts import audit, gate, keys
from phr import privileges, storage
from tests import raw
from tests.cast import Cast

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


QUICK = {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}


@pytest.fixture(autouse=True)
def quick_pages(settings: Settings) -> None:
    """Argon2 is slow on purpose; tests/accounts/test_views.py looks that people get it.

    Each client begins the middleware anew: no file is looked for before somebody asks for it.
    """
    settings.PASSWORD_HASHERS = QUICK["PASSWORD_HASHERS"]
    settings.WHITENOISE_AUTOREFRESH = True


RENDER = Template._render


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


@pytest.fixture
def cast() -> Cast:
    """alice (patient), bob (her doctor), carol (another patient), sam (staff)."""
    return Cast.enter()
