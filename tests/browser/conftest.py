"""The portal in its own processes, one Chromium for all, and one world for each file."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from phr.launch import chromium
from tests.browser.flags import FLAGS
from tests.browser.portal import Portal
from tests.browser.visitor import Visitor
from tests.conftest import empty

Arrive = Callable[..., Visitor]
GrowOld = Callable[[], None]
PRESENT = pytest.StashKey[list[Visitor]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure what each visitor was looking at."""
    report = yield
    if report.failed and report.when == "call":
        for visitor in item.stash.get(PRESENT, []):
            report.sections.append(("What she sees", visitor.tell()))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. Playwright's loop lives in this thread, which Django would mistake for async."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def portal(request: pytest.FixtureRequest) -> Iterator[Portal]:
    request.getfixturevalue("django_db_setup")
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    running = Portal()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def ground(portal: Portal, django_db_blocker: DjangoDbBlocker) -> Iterator[Portal]:
    """An empty portal at the beginning of a file; what its tests do stays until the file ends."""
    with django_db_blocker.unblock():
        yield portal
        for alias in ("default", "vault"):
            empty(alias)
    shutil.rmtree(settings.EMAIL_FILE_PATH, ignore_errors=True)


@pytest.fixture
def arrive(request: pytest.FixtureRequest, ground: Portal, browser: Browser) -> Iterator[Arrive]:
    """Lets somebody sit down at a browser of her own: `arrive(script=False)`."""
    present = request.node.stash.setdefault(PRESENT, [])
    with ExitStack() as stack:

        def someone(*, script: bool = True) -> Visitor:
            visitor = Visitor(browser, ground.origin, script=script)
            present.append(stack.enter_context(visitor))
            return visitor

        yield someone


@pytest.fixture
def sweep() -> Callable[[], Any]:
    """All due work, done once, as `manage.py sweep` does it."""
    return lambda: call_command("sweep", stdout=StringIO())


@pytest.fixture
def grow_old() -> GrowOld:
    """As if everybody had signed in ten minutes ago."""

    def older() -> None:
        for row in Session.objects.all():
            session = SessionStore(row.session_key)
            proofs = session.get("account_authentication_methods", [])
            session["account_authentication_methods"] = [
                proof | {"at": proof["at"] - 600} for proof in proofs
            ]
            session.save()

    return older
