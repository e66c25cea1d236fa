"""A PostgreSQL and a Valkey of the measurement's own, durable as in production."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command

from phr.launch import account
from phr.launch.private import Services
from phr.launch.supervisor import Supervisor


@contextmanager
def ground() -> Iterator[Path]:
    """Everything a measurement stands on; gone at the end. Yields the data folder."""
    owner = account.for_tests()
    folder, data = (Path(tempfile.mkdtemp(prefix=f"phr-bench-{n}-")) for n in ("servers", "data"))
    if owner:
        owner.own(folder)
    (folder / "log").mkdir()
    services, supervisor = Services(folder, account=owner), Supervisor()
    try:
        supervisor.add(services.start_postgres, services.start_valkey)
        os.environ.update(services.environment, PHR_DATA_DIR=str(data), **SETTINGS)
        prepare()
        yield data
    finally:
        supervisor.stop()
        services.remove_sockets()
        for made in (folder, data):
            shutil.rmtree(made, ignore_errors=True)


SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "phr.settings",
    "PHR_ORIGIN": "http://testserver",
    "SECRET_KEY": secrets.token_urlsafe(48),
}


def prepare() -> None:
    """Make the tables and the key. Django reads its settings here, not before."""
    django.setup()
    call_command("migrate", database="default", verbosity=0)
    call_command("migrate", database="vault", verbosity=0)
    call_command("prepare_keys", stdout=StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)
