"""Nothing of a person who left is anywhere, and nothing of anybody else has changed."""

from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
import redis
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts import expiry, ledger, mail, sealer
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.ledger import Kind as Exercised
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet
from phr.models import Binary
from phr.services import records
from rights import replay, saga
from rights.backups.repository import Kind
from rights.models import Erasure
from rights.services import backups
from sharing.services import granting, listing
from tests.cast import PURGER, SEALER, Cast, put_in
from tests.raw import as_owner
from tests.sweep import Found, files, rows, server_logs, sweep
from tests.worlds.quinn import PASSWORD, WORDS, Quinn, neighbour
from tests.worlds.synthea import lines

pytestmark = pytest.mark.usefixtures("static_files", "outgoing", "repositories")
WITH_COMMITS = pytest.mark.django_db(databases=["default", "vault"], transaction=True)
DATABASE = pytest.mark.django_db(databases=["default", "vault"])
BACKUP = Actor.job(System.BACKUP)
# What the portal keeps in the clear, and where. Everything else must be sealed.
CLEAR = {
    "address": {
        "accounts_user", "account_emailaddress", "sharing_grant", "django_cache", "django_session",
    },
    "second": {"account_emailaddress", "django_cache"},
    "invited": {"sharing_grant"},
    "doctor": {"accounts_practitioner"},
    "profession": {"accounts_practitioner"},
    "specialty": {"accounts_practitioner"},
    "licence": {"accounts_practitioner"},
    "passkey": {"mfa_authenticator"},
    "browser": {"usersessions_usersession"},
    "network": {"usersessions_usersession", "django_cache"},
    "othernetwork": {"django_cache"},
}  # fmt: skip


@pytest.fixture
def outgoing(settings: Settings) -> None:
    """Mail goes the portal's own way, and is handed over to the test at its end."""
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def quinn(cast: Cast, log: StringIO) -> Quinn:
    del log
    return Quinn.enter(cast)


def looked_for(log: StringIO) -> set[Found]:
    sealer.seal_audit(SEALER)
    return sweep(WORDS.values(), beside={"log": log.getvalue().encode(), **server_logs()})


@WITH_COMMITS
def test_what_is_in_the_clear_is_found_and_what_is_sealed_is_not(
    cast: Cast, log: StringIO, settings: Settings
) -> None:
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    Quinn.enter(cast)

    found = looked_for(log)

    expected = {Found(WORDS[name], place) for name, places in CLEAR.items() for place in places}
    assert found - expected == set()
    assert expected - found == set(), "the sweep is blind here"
    # Places that hold nothing of it were looked at, and not empty.
    assert broker.llen("celery") > 5
    assert log.getvalue()
    assert {"files", "audit"} <= {path.split("/")[0] for path in files()}


def work() -> Erasure:
    """Let the jobs come by until nothing more happens to any erasure. Returns the last one."""
    while mail.send_due(Actor.job(System.MAIL)):
        pass
    while True:
        with acting_as(PURGER):
            Erasure.objects.filter(finished_at=None).update(due_at=timezone.now())
        if not saga.carry_on_due(PURGER):
            break
    with acting_as(PURGER):
        return Erasure.objects.latest("hidden_at")


def leave(quinn: Quinn) -> Erasure:
    """She deletes everything by the page, and the workers carry it out."""
    chosen = {"what": "account", "undo": "no", "confirmed": "yes"}
    answer = quinn.post("/rights/delete/", **chosen, password=PASSWORD)
    erasure = work()
    assert erasure.reference in answer.headers["Location"]
    return erasure


def let_counters_run_out() -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE django_cache SET expires = statement_timestamp() - interval '1 s'")
    expiry.clear_expired(Actor.job(System.MAIL))


def let_backups_run_out() -> None:
    with in_vault(worker=True):
        BackupSet.objects.update(expires_at=timezone.now())
    assert backups.expire(BACKUP) == len(Kind)


def naming(actor: Actor, patient_id: UUID) -> set[bytes]:
    """Every row of every table that names this person."""
    numbers = [str(one).encode() for one in (actor.user_id, patient_id)]
    return {
        table.encode() + b" " + row
        for table, kept in rows().items()
        for row in kept
        if any(number in row for number in numbers)
    }


@WITH_COMMITS
def test_nothing_of_her_is_left_and_the_neighbour_keeps_every_byte(
    cast: Cast, quinn: Quinn, log: StringIO
) -> None:
    dora, dora_id = neighbour(cast)
    put_in(dora, b"".join(lines(4)))
    for kind in Kind:
        backups.back_up(BACKUP, kind)
    rows_before, files_before = naming(dora, dora_id), files()

    erasure = leave(quinn)

    # The backups are still there, and nobody reads anything in them without the KEK.
    assert erasure.purged_at
    assert not erasure.finished_at
    assert {found.place for found in looked_for(log)} <= {"django_cache"}
    let_counters_run_out()
    assert looked_for(log) == set()
    assert {path.split("/")[1] for path in files() if "backups/" in path} == {"portal", "vault"}

    let_backups_run_out()

    assert work().finished_at
    assert looked_for(log) == set()
    # Numbers that lead to nobody: in the log, and in the invitation that is alice's.
    left = naming(quinn.actor, quinn.patient_id)
    assert {row.split(b" ", 1)[0] for row in left} == {b"accounts_auditevent", b"sharing_grant"}
    assert len(rows_before) > 15
    assert rows_before - naming(dora, dora_id) == set()
    with acting_as(dora):
        kept = {f"files/{name}" for name in Binary.objects.values_list("name", flat=True)}
    after = files()
    assert {path for path in after if path.startswith("files/")} == kept
    assert all(after[path] == files_before[path] for path in kept)


@DATABASE
def test_the_same_address_is_a_new_person_before_and_after_a_replay() -> None:
    old = somebody()
    later = timezone.now() + timedelta(days=30)
    with in_vault(worker=True):
        BackupSet.objects.create(kind=Kind.DEFAULT, expires_at=later)
    erasure = leave(old)
    assert erasure.purged_at
    assert not erasure.finished_at
    with in_vault(worker=True):
        assert ledger.latest(Exercised.ERASURE), "nothing would be replayed"
    assert replay.replay(PURGER) == 0
    let_counters_run_out()

    new = somebody()
    before = naming(new.actor, new.patient_id)
    replayed = replay.replay(PURGER)

    assert replayed == 0
    assert new.user_id != old.user_id
    assert new.patient_id != old.patient_id
    assert len(before) > 10
    assert before <= naming(new.actor, new.patient_id)
    assert len(records.timeline(new.actor, new.patient_id).items) == 3


def somebody() -> Quinn:
    """Quinn with three items and no more."""
    person = Quinn()
    person.sign_up()
    put_in(person.actor, b"".join(lines(3)))
    return person


@DATABASE
def test_of_a_professional_only_the_entry_beside_what_she_opened_stays(cast: Cast) -> None:
    quinn = somebody()
    quinn.work(cast)
    [offered] = listing.shared(quinn.actor).waiting
    granting.accept(quinn.actor, offered.grant.pk)
    records.timeline(quinn.actor, cast.alice_id)

    leave(quinn)

    let_counters_run_out()
    stays = {WORDS[name] for name in ("doctor", "profession", "specialty", "licence")}
    assert sweep(WORDS.values()) == {Found(word, "accounts_practitioner") for word in stays}
