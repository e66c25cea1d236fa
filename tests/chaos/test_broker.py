"""Valkey gone or hanging: every page works, quickly, and all due work still happens (DESIGN D7)."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from kombu import pools

from accounts import sealer, wake
from accounts.acting import acting_as
from accounts.models import User
from phr import storage
from phr.celery import app
from phr.launch import account
from phr.launch.private import Services
from phr.services import records, uploads
from rights.models import Erasure
from tests import raw
from tests.cast import PASSWORD, PURGER, SEALER, Cast, put_in
from tests.chaos.states import sound, state
from tests.worlds import files
from tests.worlds.kept import keep, with_file
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.usefixtures("static_files"),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
LONGEST_SECONDS = 3.0
PAGES = [
    "/", "/home/", "/records/", "/records/upload/", "/sharing/", "/sharing/new/", "/sharing/log/",
    "/account/", "/privacy/", "/healthz",
]  # fmt: skip


@dataclass
class Silent:
    """Nobody who answers for the broker; `door` is where the one that hangs takes connections."""

    door: socket.socket
    spared: float = 0.0

    def tries(self) -> int:
        """How many connections came in since it was last asked."""
        count = 0
        with suppress(OSError):
            while True:
                self.door.accept()[0].close()
                count += 1
        return count


@pytest.fixture(params=["gone", "hanging"])
def broker(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Silent]:
    """A broker nobody answers for; or one that takes the connection and says nothing."""
    path = tmp_path / "broker"
    with socket.socket(socket.AF_UNIX) as server:
        server.setblocking(False)
        if request.param == "hanging":
            server.bind(str(path))
            server.listen(64)
        forget_broker()
        monkeypatch.setattr(app.conf, "broker_url", f"redis+socket://{path}")
        yield Silent(server)
    forget_broker()


@pytest.fixture
def impatient(broker: Silent, monkeypatch: pytest.MonkeyPatch) -> Silent:
    """The broker is given up sooner than it would be; what that spares is counted as waited for."""
    options, quick = app.conf.broker_transport_options, 0.1
    broker.spared = options["socket_timeout"] - quick
    monkeypatch.setitem(options, "socket_timeout", quick)
    return broker


def forget_broker() -> None:
    """Drop connections to the broker that was, and the pause after one that failed."""
    pools.reset()
    for holder, name in ((app, "_pool"), (app.amqp, "_producer_pool")):
        setattr(holder, name, None)
    wake._quiet_until = 0.0


class Patient:
    """Alice at her browser; each answer must come in time."""

    def __init__(self, broker: Silent | None = None) -> None:
        self.client, self._broker = Client(), broker
        form = {"login": "alice@example.org", "password": PASSWORD}
        assert self.client.post("/accounts/login/", form).status_code == 302

    def get(self, path: str) -> None:
        self._ask("get", path)

    def post(self, path: str, **form: Any) -> None:
        self._ask("post", path, form)

    def _ask(self, verb: str, path: str, *form: Any) -> None:
        wake._quiet_until = 0.0
        began = time.monotonic()
        answer = getattr(self.client, verb)(path, *form)
        took = time.monotonic() - began
        if self._broker:
            took += self._broker.tries() * self._broker.spared
        assert took < LONGEST_SECONDS, path
        assert answer.status_code in {200, 302}, path


@pytest.mark.usefixtures("outbox")
def test_every_page_works_and_all_due_work_happens(cast: Cast, impatient: Silent) -> None:
    put_in(cast.alice, b"".join(lines(20, seed=4)))
    chosen = records.timeline(cast.alice, cast.alice_id).items[0]
    impatient.tries()
    alice = Patient(impatient)

    for path in [*PAGES, f"/records/{chosen.id}/"]:
        alice.get(path)
    photo = SimpleUploadedFile("photo.png", files.picture("PNG"), "image/png")
    alice.post("/records/upload/", files=photo)
    alice.post(f"/rights/erase/{chosen.id}/")
    share(alice)
    abandoned = an_abandoned_upload(cast)

    figures = sweep()
    assert figures["import_due"] == 1
    assert figures["send_mail"] >= 1
    assert figures["purge_due"] == 1
    assert figures["clear_leftovers"] == 1
    assert figures["seal_audit"] > 5
    assert len(state(cast.alice_id)["records"]) == 19  # the photo waits for her yes
    alice.post("/records/upload/confirm/")
    assert sweep()["import_due"] == 1
    assert [letter.to for letter in mail.outbox] == [["dr.new@example.org"]]
    assert len(state(cast.alice_id)["records"]) == 20  # 20, one erased, one photo
    assert abandoned not in {one.upload.pk for one in uploads.uploads(cast.alice)}
    assert sealer.verify(SEALER).code == 0
    assert sound()
    assert not any(count for name, count in sweep().items() if name != "seconds")


@pytest.mark.usefixtures("outbox")
def test_a_deletion_needs_no_broker(cast: Cast, impatient: Silent) -> None:
    leaves(cast, impatient)

    assert sweep()["purge_due"] >= 1
    sweep_to_its_end()


@pytest.mark.usefixtures("outbox")
def test_a_deletion_survives_a_broker_that_forgets(
    cast: Cast, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valkey is stopped at once and starts again empty: its messages are gone."""
    services = Services(own_folder, account=account.for_tests(), fast=True)
    broker = services.start_valkey()
    url = services.environment["REDIS_URL"]
    monkeypatch.setattr(app.conf, "broker_url", url.replace("unix://", "redis+socket://"))
    forget_broker()
    leaves(cast)
    assert redis.Redis.from_url(url).llen("celery") >= 1

    broker.process.kill()
    broker.process.wait()
    restarted = services.start_valkey()
    forget_broker()

    assert redis.Redis.from_url(url).llen("celery") == 0
    sweep_to_its_end()
    restarted.ask_to_stop()
    restarted.end(within=15)
    services.remove_sockets()
    forget_broker()


def leaves(cast: Cast, broker: Silent | None = None) -> None:
    """Alice, who keeps items, files and an archive and shares them, deletes everything by the page."""
    with_file(keep(cast.alice_id), b"a scan")
    cast.share()
    if broker:
        broker.tries()
    alice = Patient(broker)
    alice.post("/rights/export/")
    form = {"what": "account", "undo": "no", "confirmed": "yes", "password": PASSWORD}
    alice.post("/rights/delete/", **form)
    assert not User.objects.get(email="alice@example.org").is_active


def sweep_to_its_end() -> None:
    """All that is due, and once more when her mail has gone and nobody waits for it."""
    sweep()
    with acting_as(PURGER):
        Erasure.objects.update(due_at=timezone.now())
    sweep()

    with acting_as(PURGER):
        assert Erasure.objects.get().finished_at
    assert not User.objects.filter(email="alice@example.org").exists()
    assert storage.names() == []
    assert ["alice@example.org"] in [letter.to for letter in mail.outbox]
    assert sealer.verify(SEALER).code == 0
    assert sound()
    assert not any(count for name, count in sweep().items() if name != "seconds")


def share(alice: Patient) -> None:
    alice.post(
        "/sharing/new/",
        email="dr.new@example.org",
        categories=["laboratory"],
        may_copy="no",
        purpose="TREAT",
        confirmed="1",
    )


def an_abandoned_upload(cast: Cast) -> UUID:
    """A file that stopped arriving three hours ago."""
    upload_id, writer = uploads.begin_upload(cast.alice, file_name="half.json")
    writer.write(b"{")
    writer._out.close()
    with raw.owner() as opened:
        opened.execute(
            "UPDATE phr_binary SET created_at = now() - interval '3 hours'"
            " WHERE id = (SELECT original_id FROM phr_upload WHERE id = %s)",
            [upload_id],
        )
    return upload_id


def sweep() -> dict[str, Any]:
    out = StringIO()
    call_command("sweep", stdout=out)
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return figures


@pytest.mark.usefixtures("broker")
def test_a_silent_broker_is_tried_once_in_a_while() -> None:
    """One short try in ten seconds, however many files arrive."""
    began = time.monotonic()

    wake._quiet_until = 0.0
    for _ in range(20):
        wake.wake("phr.tasks.import_due")

    assert time.monotonic() - began < LONGEST_SECONDS


@pytest.mark.usefixtures("broker", "outbox")
def test_signing_up_needs_no_broker() -> None:
    form = {"email": "new@example.org", "password1": "a long and winding 7 phrase"}

    answer = Client().post("/accounts/signup/", form)

    assert answer.status_code == 302
    assert User.objects.filter(email="new@example.org").exists()
    assert sweep()["send_mail"] == 1
