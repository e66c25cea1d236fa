"""A world that stands for all tests of a module: each undoes what it changed, and the end the world."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from accounts import audit, gate, keys

# Argon2 is slow on purpose; tests/accounts/test_views.py looks that people get it.
QUICK = {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}


class Standing:
    """The files of what stands: a transaction brings back rows only."""

    def __init__(self) -> None:
        self._kept: dict[Path, bytes] = {}

    @contextmanager
    def built(self) -> Iterator[None]:
        """What is stored inside the block belongs to the world."""
        before = _stored()
        yield
        self._kept |= {path: path.read_bytes() for path in _stored() - before}

    def put_back(self) -> None:
        """Store again what a test destroyed or damaged."""
        for path, data in self._kept.items():
            if not path.exists() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                path.write_bytes(data)


def _stored() -> set[Path]:
    return {path for path in (settings.PHR_DATA_DIR / "files").rglob("*") if path.is_file()}


@contextmanager
def standing(blocker: DjangoDbBlocker) -> Iterator[Standing]:
    """One transaction in each database, within which every test has a savepoint of its own."""
    with blocker.unblock(), ExitStack() as stack:
        stack.callback(_let_go)
        stack.enter_context(override_settings(**QUICK))
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(audit, "_pen", audit._Pen())
        for alias in ("vault", "default"):
            stack.enter_context(transaction.atomic(using=alias))
            stack.callback(transaction.set_rollback, True, using=alias)
        keys.forget_all()
        gate.forget()
        yield Standing()


def _let_go() -> None:
    # A test was ended in the middle of a statement: what is still open ends with the connection.
    for connection in connections.all():
        if connection.in_atomic_block:
            connection.close()
            connection.connect()


def rolls_back(item: pytest.Item) -> bool:
    """Whether a test leaves nothing in the databases; one that commits may stand in no world."""
    marker = item.get_closest_marker("django_db")
    commits = {"live_server", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return not commits and not (marker and marker.kwargs.get("transaction"))
