"""Gives the tests a PostgreSQL and a Valkey of their own before Django's settings are read.

Loaded by `-p tests.plugin`. A server named by `DATABASE_URL` lends two new databases, dropped at the
end, because the tests empty what they work with; so does the private one to each pytest-xdist
worker. `REDIS_URL` is used as it is.
"""

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from phr.launch import account, chromium
from phr.launch.compiled import compile_apps
from phr.launch.folder import ROOT
from phr.launch.private import Services
from phr.launch.supervisor import Supervisor

LONG = ("browser", "slow", "chaos", "property")
LEFT_OUT = pytest.StashKey[int]()


def new_folder(owner: account.Account | None) -> Path:
    """A private temporary folder the servers' account may use."""
    folder = Path(tempfile.mkdtemp(prefix="phr-tests-"))
    if owner:
        owner.own(folder)
    (folder / "log").mkdir()
    return folder


def spare_databases(given: str) -> dict[str, str]:
    """New databases on the server that `given` names: the tests empty what they work with."""
    name = f"phr_test_{secrets.token_hex(4)}"
    urls = {}
    with psycopg.connect(given, autocommit=True) as connection:
        for setting, database in (("DATABASE_URL", name), ("VAULT_DATABASE_URL", f"{name}_vault")):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
            urls[setting] = urlunsplit(urlsplit(given)._replace(path=f"/{database}"))
    return urls


def drop_spare_databases(given: str, urls: Mapping[str, str]) -> None:
    """Remove what `spare_databases` made."""
    with psycopg.connect(given, autocommit=True) as connection:
        for setting in ("DATABASE_URL", "VAULT_DATABASE_URL"):
            database = sql.Identifier(urlsplit(urls[setting]).path.lstrip("/"))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def borrow_databases(config: pytest.Config, given: str) -> None:
    """Work in databases of our own on a server that is there already."""
    urls = spare_databases(given)
    os.environ.update(urls)
    config.add_cleanup(lambda: drop_spare_databases(given, urls))


def start_missing(config: pytest.Config) -> None:
    """Start the servers the environment does not name, and name them there."""
    owner = account.for_tests()
    folder = new_folder(owner)
    services, supervisor = Services(folder, account=owner, fast=True), Supervisor()
    if "DATABASE_URL" not in os.environ:
        supervisor.add(services.start_postgres)
    if "REDIS_URL" not in os.environ:
        supervisor.add(services.start_valkey)
    os.environ.update(services.environment)
    # Workers tell each other here which pages were examined (tests/browser/visitor.py).
    seen = folder / "seen"
    seen.mkdir()
    os.environ["PHR_TESTS_SEEN"] = str(seen)

    def clean() -> None:
        supervisor.stop()
        services.remove_sockets()
        shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(clean)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make the ground; pytest-django reads the settings right after this."""
    given = os.environ.get("DATABASE_URL")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compile_apps(ROOT)
        start_missing(early_config)
    if given:
        borrow_databases(early_config, given)
    data = tempfile.mkdtemp(prefix="phr-tests-data-")
    early_config.add_cleanup(lambda: shutil.rmtree(data, ignore_errors=True))
    os.environ["PHR_DATA_DIR"] = data
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("PHR_ORIGIN", "http://testserver")
    # A sweep in a test makes no backup; tests/rights/test_backups.py asks for them.
    os.environ.setdefault("PHR_BACKUP_HOURS", "0")
    # Made anew for each of hundreds of archives; the tests of it say that they want it.
    os.environ.setdefault("PHR_EXPORT_PDF", "false")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests first, so that both cores end together; browser tests only where a browser is.

    What is left out is said at the end; under CI it fails.
    """
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in LONG))
    if chromium.find() is not None or os.environ.get("CI") == "true":
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[LEFT_OUT] = len(left_out)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: to look through it for garbage took a tenth of it all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what was not run."""
    count = terminalreporter.config.stash.get(LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(f"{count} browser tests: {chromium.LEFT_OUT}", yellow=True)
