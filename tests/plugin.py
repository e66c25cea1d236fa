"""Gives the tests a PostgreSQL and a Valkey of their own before Django's settings are read.

Loaded by `-p tests.plugin`. Nothing is started for what `DATABASE_URL` or `REDIS_URL` already name;
workers of pytest-xdist inherit the environment of the process that started the servers.
"""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

from phr.launch import account
from phr.launch.external import vault_url
from phr.launch.private import Services


def new_folder(owner: account.Account | None) -> Path:
    """A private temporary folder the servers' account may use."""
    folder = Path(tempfile.mkdtemp(prefix="phr-tests-"))
    if owner:
        owner.own(folder)
    (folder / "log").mkdir()
    return folder


def start_missing() -> tuple[Path, Services]:
    """Start what the environment does not name, and name it there."""
    owner = account.for_tests()
    folder = new_folder(owner)
    services = Services(folder, account=owner, fast=True)
    if "DATABASE_URL" in os.environ:
        services.environment["VAULT_DATABASE_URL"] = vault_url(os.environ)
    else:
        services.start_postgres()
    if "REDIS_URL" not in os.environ:
        services.start_valkey()
    return folder, services


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the servers; pytest-django reads the settings right after this."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    folder, services = start_missing()
    data = Path(tempfile.mkdtemp(prefix="phr-tests-data-"))
    os.environ.update(services.environment)
    os.environ["PHR_DATA_DIR"] = str(data)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("PHR_ORIGIN", "http://testserver")

    def clean() -> None:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)

    early_config.add_cleanup(clean)
