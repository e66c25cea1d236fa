"""Gives the tests a PostgreSQL and a Valkey of their own before Django's settings are read.

Loaded by `-p tests.plugin`. Where `DATABASE_URL` is set, its server lends two new databases instead,
dropped at the end; `REDIS_URL` is used as it is. Workers of pytest-xdist inherit the environment of the process that started the servers.
"""

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
from phr.launch.private import Services
from phr.launch.supervisor import Supervisor

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


def start_missing(folder: Path, owner: account.Account | None) -> tuple[Services, Supervisor]:
    """Start what the environment does not name, and name it there."""
    services = Services(folder, account=owner, fast=True)
    supervisor = Supervisor()
    if given := os.environ.get("DATABASE_URL"):
        services.environment |= spare_databases(given)
    else:
        supervisor.add(services.start_postgres)
    if "REDIS_URL" not in os.environ:
        supervisor.add(services.start_valkey)
    return services, supervisor


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the servers; pytest-django reads the settings right after this."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    owner, given = account.for_tests(), os.environ.get("DATABASE_URL")
    folder = new_folder(owner)
    services, supervisor = start_missing(folder, owner)
    data = Path(tempfile.mkdtemp(prefix="phr-tests-data-"))
    os.environ.update(services.environment)
    os.environ["PHR_DATA_DIR"] = str(data)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("PHR_ORIGIN", "http://testserver")

    def clean() -> None:
        if given:
            drop_spare_databases(given, services.environment)
        supervisor.stop()
        services.remove_sockets()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)

    early_config.add_cleanup(clean)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser tests out, and say so, where there is no browser; under CI they fail."""
    if chromium.find() is not None or os.environ.get("CI") == "true":
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[LEFT_OUT] = len(left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what was not run."""
    count = terminalreporter.config.stash.get(LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(f"{count} browser tests: {chromium.LEFT_OUT}", yellow=True)
