"""A mark in every field of a patient's data shows nowhere but on the pages of those who may see it."""

import os
import re
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings as portal
from django.core import mail as outbox
from django.db import connections
from django.test import Client, override_settings
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import mail, sealer
from accounts.actors import Actor, System
from phr.launch.postgres import find_server
from phr.services import imports
from rights.regimes import Jurisdiction, Right
from rights.services import cases
from rights.services import erasures as rights
from tests.cast import IMPORTER, SEALER, receive
from tests.doors import body, sign_in, text
from tests.standing import Standing
from tests.sweep import everything_in
from tests.worlds import failing
from tests.worlds.shared_record import MARK, Shared, weight

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.slow,
    pytest.mark.usefixtures("static_files"),
]
MARKS = (MARK, "Alice Archer", "HIV infection", "Amoxicillin", "Allergy to penicillin")


def shown_in(what: bytes | str) -> list[str]:
    """Which marks show, as text in any case or as the hexadecimal digits of bytes."""
    raw = what.encode() if isinstance(what, str) else what
    low = raw.lower()
    found = [one for one in MARKS if one.lower().encode() in low]
    return found + [f"hex {one}" for one in MARKS if one.encode().hex().encode() in low]


@pytest.fixture(scope="module")
def world(committed: Standing) -> Iterator[Shared]:  # noqa: ARG001 - where `pg_dump` sees it, too
    with override_settings(
        EMAIL_BACKEND="accounts.mail.OutboxBackend",
        PHR_MAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    ):
        world = Shared.enter()
        cases.open_case(
            world.cast.alice, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words=f"My {MARK}"
        )
        sealer.seal_audit(SEALER)
        yield world


def test_logs_say_nothing_when_all_goes_well_and_when_it_does_not(
    world: Shared, settings: Settings, log: StringIO
) -> None:
    settings.ROOT_URLCONF = "tests.worlds.failing"
    alice = sign_in("alice@example.org")
    alice.raise_request_exception = False
    assert alice.post("/records/", {"text": MARK}).status_code == 200
    assert alice.get(f"/records/{world.ids['weight_id']}/").status_code == 200
    imports.import_upload(IMPORTER, receive(world.cast.alice, weight(75), f"{MARK}.json"))

    failed = [alice.get("/fails/"), alice.post("/fails/", {"text": MARK})]
    result = failing.fail.apply(args=("id",))

    assert [one.status_code for one in failed] == [500, 500]
    assert MARK in str(result.result)
    assert not shown_in(b"".join(body(one) for one in failed))
    said = log.getvalue()
    assert said.count("Telling in") == 3
    assert not shown_in(said)


def test_messages_to_the_workers_carry_ids_alone(
    world: Shared, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    broker = redis.Redis.from_url(portal.REDIS_URL)
    broker.flushdb()
    with django_capture_on_commit_callbacks(execute=True):
        receive(world.cast.alice, weight(76), f"{MARK}.json")
        rights.erase_record(world.cast.alice, world.ids["record_id"])

    found = [*everything_in(broker)]

    assert len(found) >= 2
    assert not [marks for one in found if (marks := shown_in(one))]


def test_mail_tells_nothing(world: Shared) -> None:
    del world
    while mail.send_due(Actor.job(System.MAIL)):
        pass

    assert len(outbox.outbox) >= 4
    for letter in outbox.outbox:
        assert not shown_in(letter.message().as_bytes())


def test_addresses_and_titles_tell_nothing(world: Shared) -> None:
    visited = 0
    for name, start in (("alice", "/records/"), ("bob", f"/shared/{world.cast.alice_id}/")):
        for path, page in pages(sign_in(f"{name}@example.org"), [start, "/home/", "/sharing/"]):
            title = "".join(re.findall(r"<title>(.*?)</title>", page, re.DOTALL))
            assert not shown_in(path + title), path
            visited += 1
    assert visited > 25


def pages(browser: Client, start: list[str]) -> Iterator[tuple[str, str]]:
    """Every address that links lead to, and what is there; the sign-out is left alone.

    Of choices that add up in an address each is tried by itself, with every value.
    """
    todo, seen = list(start), set(start)
    while todo:
        path = todo.pop()
        answer = browser.get(path)
        yield path, ""
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            body(answer)
            continue
        page = text(answer)
        yield path, page
        found = {one.replace("&amp;", "&") for one in re.findall(r'(?:href|src)="(/[^"#]*)', page)}
        single = {one for one in found if one.count("=") < 2}
        new = {one for one in single if not one.startswith(("/static", "/accounts/logout"))} - seen
        seen |= new
        todo += sorted(new)


@pytest.mark.parametrize("alias", ["default", "vault"])
def test_a_stolen_dump_tells_nothing(world: Shared, alias: str) -> None:
    text_of_all = dump(alias)

    assert b"COPY public." in text_of_all
    if alias == "default":
        assert str(world.ids["record_id"]).encode() in text_of_all
    assert not shown_in(text_of_all)


def dump(alias: str) -> bytes:
    """`pg_dump` of the whole database as its owner, who passes by the walls for once."""
    kept = connections[alias].settings_dict
    where = {"host": kept["HOST"], "port": kept["PORT"], "user": kept["USER"],
             "password": kept["PASSWORD"], "dbname": kept["NAME"]}  # fmt: skip
    forced = "SELECT relname FROM pg_class WHERE relforcerowsecurity"
    with psycopg.connect(**{k: v for k, v in where.items() if v}, autocommit=True) as owner:
        tables = [name for (name,) in owner.execute(forced)]
        for name in tables:
            owner.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        try:
            return _pg_dump(where)
        finally:
            for name in tables:
                owner.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def _pg_dump(where: dict[str, str]) -> bytes:
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
             "dbname": "PGDATABASE"}  # fmt: skip
    done = subprocess.run(
        [find_server() / "pg_dump"],
        env=os.environ | {names[key]: value for key, value in where.items() if value},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_files_on_the_disk_tell_nothing(world: Shared) -> None:
    del world
    files = [path for path in Path(portal.PHR_DATA_DIR).rglob("*") if path.is_file()]

    assert len(files) > 5
    for path in files:
        assert not shown_in(str(path).encode() + path.read_bytes()), path.name
