"""Erasing everything (GDPR Art. 17): hidden at once, destroyed step by step, certified, undone."""

from base64 import b64decode

import pytest
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, connections
from django.http import Http404
from django.utils import timezone

from accounts import keys, ledger
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.ledger import Kind
from accounts.models import AuditEvent, Patient, Practitioner, User
from accounts.vault.acting import in_vault
from accounts.vault.models import Certificate
from phr import storage
from phr.models import Record
from phr.services import records
from rights import certificates, replay, saga
from rights.models import Erasure
from rights.models.erasures import reference_of
from rights.services import erasures
from rights.steps import Wait, steps_of
from sharing.models import Grant
from sharing.services import listing
from tests import raw
from tests.cast import PURGER, Cast, put_in, user_of
from tests.standing import Standing
from tests.worlds.files import pdf
from tests.worlds.synthea import lines

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
RECONCILER = Actor.job(System.RECONCILE)


@pytest.fixture(autouse=True)
def keys_between_tables_are_looked_at_once() -> None:
    """As at each commit: this test's transaction never comes to one."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture(scope="module")
def full(standing: Standing, standing_cast: Cast) -> Cast:
    cast = standing_cast
    with standing.built():
        put_in(cast.alice, b"".join(lines(12)))
        put_in(cast.alice, pdf("A letter"), "letter.pdf")
        put_in(cast.carol, b"".join(lines(3, seed=9)))
    cast.share()
    return cast


def erase(cast: Cast, *, account: bool = True, undo_hours: int = 0) -> str:
    return erasures.erase_everything(cast.alice, account=account, undo_hours=undo_hours)


def carry_out(reference: str) -> Erasure:
    """Let the workers do what they can do now."""
    with acting_as(PURGER):
        pk = Erasure.objects.get(reference=reference).pk
    saga.carry_on(PURGER, pk)
    with acting_as(PURGER):
        return Erasure.objects.get(pk=pk)


def test_it_is_hidden_from_everyone_at_once(full: Cast) -> None:
    erase(full, undo_hours=72)

    for actor in (full.alice, full.bob):
        with pytest.raises(Denied):
            records.timeline(actor, full.alice_id)
    assert listing.shared(full.bob).open == []
    assert not User.objects.get(pk=user_of(full.alice)).is_active


def test_then_nothing_is_left_and_the_neighbour_keeps_everything(full: Cast) -> None:
    before = records.timeline(full.carol, full.carol_id)
    names = set(storage.names())
    erasure = carry_out(erase(full))

    assert erasure.finished_at, erasure.steps
    assert set(erasure.steps) == {step.name for step in steps_of(erasure.scope)}
    assert not keys.has_key(full.alice_id)
    assert not User.objects.filter(pk=user_of(full.alice)).exists()
    with acting_as(PURGER, about=full.alice_id):
        assert not Patient.objects.filter(pk=full.alice_id).exists()
        assert not Record.objects.exists()
    assert records.timeline(full.carol, full.carol_id) == before
    assert len(names - set(storage.names())) == 2


def test_the_account_stays_when_only_the_record_goes(full: Cast) -> None:
    erasure = carry_out(erase(full, account=False))

    assert erasure.finished_at, erasure.steps
    assert User.objects.get(pk=user_of(full.alice)).is_active
    assert not accounts.sides(full.alice).patient
    new = accounts.begin_record(full.alice, name="Alice Archer")
    assert records.timeline(full.alice, new).items == []


def test_a_new_record_waits_until_the_old_one_is_gone(full: Cast) -> None:
    erase(full, account=False, undo_hours=72)

    with pytest.raises(Denied):
        accounts.begin_record(full.alice, name="Alice Archer")


def test_it_waits_for_the_undo_window_and_can_be_undone(full: Cast) -> None:
    reference = erase(full, undo_hours=72)
    erasure = carry_out(reference)
    assert list(erasure.steps) == ["hidden"]
    assert erasures.follow(Actor(), reference).can_be_undone

    erasures.undo(erasures.prove("alice@example.org", "correct horse battery staple"), reference)

    assert len(records.timeline(full.alice, full.alice_id).items) == 13
    assert listing.shared(full.bob).open == [], "sharing stays ended"
    with acting_as(PURGER):
        assert Erasure.objects.due().count() == 0
    with pytest.raises(erasures.Refused):
        erasures.undo(full.alice, reference)


@pytest.mark.parametrize(
    ("email", "password"),
    [("alice@example.org", "wrong"), ("carol@example.org", "correct horse battery staple")],
)
def test_nobody_else_undoes_it(full: Cast, email: str, password: str) -> None:
    reference = erase(full, undo_hours=72)

    with pytest.raises(erasures.Refused):
        erasures.undo(erasures.prove(email, password), reference)


def test_after_the_window_it_cannot_be_undone(full: Cast) -> None:
    reference = erase(full)

    with pytest.raises(erasures.Refused, match="too late"):
        erasures.undo(
            erasures.prove("alice@example.org", "correct horse battery staple"), reference
        )


def test_three_certificates_say_when_and_name_nobody(full: Cast) -> None:
    reference = erase(full)
    carry_out(reference)
    issued = erasures.follow(Actor(), reference).certificates

    assert [one.stage for one in issued] == [1, 2, 3]
    assert all(one.genuine for one in issued)
    for one in issued:
        for telling in ("alice", "Alice", str(full.alice_id), str(full.alice.user_id)):
            assert telling.encode() not in one.document
    first = issued[0]
    assert not certificates.verify(first.document + b" ", first.signature)
    assert certificates.read_file(first.file) == (first.document, first.signature)


def test_an_unknown_reference_is_not_there() -> None:
    with pytest.raises(Http404):
        erasures.follow(Actor(), "AAAA-BBBB-CCCC-DDDD")


def test_the_ledger_knows_first_and_forgets_last(full: Cast) -> None:
    reference = erase(full, undo_hours=72)
    assert len(ledger.entries(Kind.ERASURE)) == 1
    with raw.as_owner(), acting_as(PURGER):
        Erasure.objects.filter(reference=reference).update(purge_after="2020-01-01T00:00Z")
    carry_out(reference)

    assert ledger.entries(Kind.ERASURE) == []
    with acting_as(PURGER):
        row = Erasure.objects.get(reference=reference)
    assert (row.patient_id, row.user_id, row.record_id) == (None, None, None)


def test_a_request_killed_after_the_ledger_is_carried_out(full: Cast) -> None:
    """As after a restore: the ledger knows, the database does not."""
    ledger.remember(
        Kind.ERASURE, f"user {full.alice.user_id}", state="account 2026-01-01T00:00:00+00:00"
    )
    reconciler = Actor.job(System.RECONCILE)

    assert replay.replay(reconciler) == 1
    assert replay.replay(reconciler) == 0
    with pytest.raises(Denied):
        records.timeline(full.alice, full.alice_id)
    with acting_as(PURGER):
        assert carry_out(Erasure.objects.get().reference).finished_at


def test_an_item_that_a_backup_brought_back_is_hidden_again(full: Cast) -> None:
    item = records.timeline(full.alice, full.alice_id).items[0]
    ledger.remember(Kind.RECORD, str(item.id), state="item 2026-01-01T00:00:00+00:00")

    assert replay.replay(Actor.job(System.RECONCILE)) == 1
    assert item.id not in {one.id for one in records.timeline(full.alice, full.alice_id).items}
    saga.carry_on_due(PURGER)
    with acting_as(PURGER, about=full.alice_id):
        assert not Record.objects.filter(pk=item.id).exists()


def test_a_professional_leaves_a_name_where_she_looked_and_nothing_else(full: Cast) -> None:
    records.timeline(full.bob, full.alice_id)
    erasure = carry_out(erasures.erase_everything(full.bob, account=True, undo_hours=0))

    assert erasure.finished_at, erasure.steps
    shell = User.objects.get(pk=user_of(full.bob))
    assert shell.email.endswith("@erased.invalid")
    assert not shell.has_usable_password()
    with acting_as(full.alice):
        assert Practitioner.objects.get(user=shell).name == "Dr Bob Brown"
    held = listing.given(full.alice)[0]
    assert held.state == "revoked"
    assert "bob@" not in held.grant.invited_email


def test_staff_are_told_to_end_that_first(cast: Cast) -> None:
    sam = Actor.session(cast.sam.user_id) if cast.sam.user_id else Actor()

    with pytest.raises(erasures.Refused, match="colleague"):
        erasures.erase_everything(sam, account=True, undo_hours=0)


def test_nobody_erases_a_record_she_does_not_have(cast: Cast) -> None:
    with pytest.raises(Denied):
        erasures.erase_everything(cast.bob, account=False, undo_hours=0)


def test_the_log_says_so(full: Cast) -> None:
    erase(full)

    with acting_as(PURGER):
        acts = AuditEvent.objects.filter(patient_id=full.alice_id).values_list("action", flat=True)
        assert "erase" in acts


def undo(cast: Cast, reference: str) -> None:
    """Undo, and let the ledger be told as at the commit."""
    erasures.undo(cast.alice, reference)
    with acting_as(PURGER):
        erasures.remember_undone(Erasure.objects.get(reference=reference))


def test_undoing_one_deletion_never_takes_back_another(full: Cast) -> None:
    undo(full, erase(full, account=False, undo_hours=72))
    reference = erase(full, undo_hours=72)

    assert replay.replay(RECONCILER) == 0
    with acting_as(PURGER):
        assert Erasure.objects.get(reference=reference).undone_at is None
    with pytest.raises(Denied):
        records.timeline(full.alice, full.alice_id)


def test_a_replay_of_an_undone_deletion_gives_nobody_access_again(full: Cast) -> None:
    reference = erase(full, undo_hours=72)
    undo(full, reference)
    raw.open_walls()
    with raw.as_owner():
        Grant.objects.update(revoked_at=None)
        Erasure.objects.filter(reference=reference).delete()

    assert replay.replay(RECONCILER) == 1
    assert replay.replay(RECONCILER) == 0
    assert listing.shared(full.bob).open == []
    assert records.timeline(full.alice, full.alice_id).items


def test_a_button_pressed_twice_deletes_once(full: Cast) -> None:
    assert erase(full, undo_hours=72) == erase(full, undo_hours=72)
    with acting_as(PURGER):
        assert Erasure.objects.count() == 1


def test_deleting_the_account_ends_the_time_to_undo_deleting_the_record(full: Cast) -> None:
    first = erase(full, account=False, undo_hours=72)
    with pytest.raises(erasures.Refused, match="already"):
        erase(full, undo_hours=72)
    second = erase(full)

    with pytest.raises(erasures.Refused):
        erasures.undo(full.alice, first)
    assert carry_out(first).finished_at
    assert carry_out(second).finished_at
    assert not User.objects.filter(pk=user_of(full.alice)).exists()


def test_nothing_is_undone_once_a_worker_has_begun(full: Cast) -> None:
    reference = erase(full, undo_hours=72)
    with acting_as(PURGER):
        row = Erasure.objects.get(reference=reference)
        Erasure.objects.filter(pk=row.pk).update(steps={"window": "2026-01-01T00:00:00+00:00"})

    with pytest.raises(erasures.Refused):
        erasures.undo(full.alice, reference)


def test_what_was_undone_is_never_carried_on(full: Cast) -> None:
    """However late the worker that claimed it before."""
    reference = erase(full, undo_hours=72)
    with acting_as(PURGER):
        claimed = Erasure.objects.get(reference=reference)
    erasures.undo(full.alice, reference)
    claimed.purge_after = timezone.now()

    window = next(step for step in steps_of(claimed.scope) if step.name == "window")
    with pytest.raises(Wait):
        window.work(PURGER, claimed)


def test_a_request_that_failed_long_ago_is_closed_and_never_carried_out(full: Cast) -> None:
    state = "account 2026-01-01T00:00:00+00:00"
    entry_id = ledger.remember(Kind.ERASURE, f"user {full.alice.user_id}", state=state)
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'none', true)")
        cursor.execute(
            "UPDATE vault_ledgerentry SET made_at = now() - interval '6 days' WHERE id = %s",
            [entry_id],
        )
        cursor.execute("SELECT set_config('role', 'phr_web', true)")

    assert replay.resume(PURGER) == 0
    assert replay.replay(RECONCILER) == 0
    assert records.timeline(full.alice, full.alice_id).items


def test_who_was_staff_once_can_leave(full: Cast) -> None:
    sam = User.objects.get(pk=user_of(full.sam))
    with raw.as_owner():
        sam.groups.add(Group.objects.create(name="desk"))
    with acting_as(full.sam):
        bob = Practitioner.objects.get(user_id=user_of(full.bob))
    accounts.verify_practitioner(full.sam, bob.pk)
    User.objects.filter(pk=sam.pk).update(is_staff=False, is_superuser=False)

    reference = erasures.erase_everything(Actor.session(sam.pk), account=True, undo_hours=0)
    assert carry_out(reference).finished_at
    assert User.objects.get(pk=sam.pk).email.endswith("@erased.invalid")


def test_a_certificate_of_another_deletion_is_not_genuine_here(full: Cast) -> None:
    reference = erase(full)
    carry_out(reference)
    first = certificates.issued(reference)[0]
    with in_vault():
        Certificate.objects.create(
            reference="AAAA-BBBB-CCCC-DDDD",
            stage=1,
            document=first.document,
            signature=b64decode(first.signature),
        )

    assert not certificates.issued("AAAA-BBBB-CCCC-DDDD")[0].genuine


def test_one_item_is_certified_as_destroyed_here_and_not_as_unreadable(full: Cast) -> None:
    item = records.timeline(full.alice, full.alice_id).items[0]
    erasure_id = erasures.erase_record(full.alice, item.id)
    saga.carry_on(PURGER, erasure_id)

    titles = [one.title for one in certificates.issued(reference_of(erasure_id))]
    assert titles == ["Hidden from everyone", "Destroyed here", "The last copy is gone"]


@pytest.mark.parametrize("claim", ['steps = \'{"verify": "now"}\'', "purged_at = now()"])
def test_the_web_cannot_say_that_something_is_done(full: Cast, claim: str) -> None:
    erase(full, undo_hours=72)
    with (
        pytest.raises(ProgrammingError),
        acting_as(full.alice),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE rights_erasure SET {claim}")  # noqa: S608 - one of two claims
