"""No trace, no act: what `acting_as` writes down, and what does not happen when it cannot."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.models import AuditEvent, Patient, User
from phr.models import Binary, Record
from phr.services import files, looks, records, removal
from sharing.labels import Sensitivity
from sharing.models import Grant
from sharing.services import granting
from tests.cast import ALL, Cast
from tests.raw import login, owner
from tests.worlds.kept import keep, with_file

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@dataclass
class Scene:
    cast: Cast
    row: Record
    binary: Binary
    grant_id: UUID

    @property
    def alice(self) -> Actor:
        return self.cast.alice


@pytest.fixture
def scene(cast: Cast) -> Scene:
    row = keep(cast.alice_id, text="Glucose 5.5")
    return Scene(cast, row, with_file(row, b"scan"), cast.share(ALL))


def trail() -> list[tuple[str, str, UUID | None]]:
    """Every event's action, outcome and actor, oldest first."""
    with owner() as opened:
        rows = opened.execute(
            "SELECT action, outcome, actor_id FROM accounts_auditevent ORDER BY number"
        )
        return [(action, outcome, actor_id) for action, outcome, actor_id in rows]


@contextmanager
def no_insert() -> Iterator[None]:
    """The trail refuses new rows: the privilege is gone."""
    with login() as opened:
        opened.execute("REVOKE INSERT ON accounts_auditevent FROM phr_web, phr_worker")
    try:
        yield
    finally:
        with login() as opened:
            opened.execute("GRANT INSERT ON accounts_auditevent TO phr_web, phr_worker")


@contextmanager
def disk_full() -> Iterator[None]:
    """The trail fails at the very insert, as on a full disk."""
    with login() as opened:
        opened.execute(
            "CREATE FUNCTION test_full() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        opened.execute(
            "CREATE TRIGGER test_full BEFORE INSERT ON accounts_auditevent"
            " FOR EACH ROW EXECUTE FUNCTION test_full()"
        )
    try:
        yield
    finally:
        with login() as opened:
            opened.execute("DROP TRIGGER test_full ON accounts_auditevent")
            opened.execute("DROP FUNCTION test_full()")


BROKEN = [no_insert, disk_full]
ACTS: dict[str, Callable[[Scene], object]] = {
    "timeline": lambda at: records.timeline(at.alice, at.cast.alice_id),
    "open": lambda at: records.open_record(at.alice, at.cast.alice_id, at.row.pk),
    "open as bob": lambda at: records.open_record(at.cast.bob, at.cast.alice_id, at.row.pk),
    "look at a file": lambda at: files.open_file(
        at.cast.bob, at.cast.alice_id, at.row.pk, at.binary.pk, copy=True
    ),
    "share": lambda at: granting.grant(at.alice, "new@example.org", scope=ALL),
    "revoke": lambda at: granting.revoke(at.alice, at.grant_id),
    "classify": lambda at: records.classify(at.alice, at.row.pk, labels=[Sensitivity.HIV]),
    "hide": lambda at: removal.hide_record(at.alice, at.row.pk),
    "be denied": lambda at: records.timeline(at.cast.carol, at.cast.alice_id),
}


def facts() -> object:
    """Everything the acts above could change."""
    with owner() as opened:
        return [
            opened.execute(statement).fetchall()
            for statement in (
                "SELECT id, labels, hidden_at, updated_at FROM phr_record ORDER BY id",
                "SELECT id, grantee_id, revoked_at FROM sharing_grant ORDER BY id",
                "SELECT id, access_epoch FROM accounts_patient ORDER BY id",
                "SELECT id FROM accounts_outgoingmail ORDER BY id",
                "SELECT id FROM accounts_auditevent ORDER BY id",
            )
        ]


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize("broken", BROKEN)
def test_what_cannot_be_written_down_does_not_happen(
    scene: Scene, broken: Callable[[], AbstractContextManager[None]], act: str
) -> None:
    before = facts()

    with broken(), pytest.raises(DatabaseError):
        ACTS[act](scene)

    assert facts() == before


@pytest.mark.usefixtures("static_files")
def test_a_page_that_cannot_be_written_down_is_not_shown(scene: Scene) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=scene.alice.user_id or ""))
    address = f"/records/{scene.row.pk}/"
    assert b"Glucose" in client.get(address).content

    with no_insert():
        answer = client.get(address)

    assert answer.status_code == 500
    assert b"Glucose" not in answer.content
    assert b"permission denied" not in answer.content


def test_a_read_is_written_down_once_with_its_reason(scene: Scene) -> None:
    before = len(trail())

    records.open_record(scene.cast.bob, scene.cast.alice_id, scene.row.pk)

    assert trail()[before:] == [("read", "success", scene.cast.bob.user_id)]
    with acting_as(scene.alice):
        event = AuditEvent.objects.filter(action="read").latest("at")
    assert event.records == [scene.row.pk]
    assert event.basis == f"grant:{scene.grant_id}"


def test_a_denial_is_written_down_although_the_act_is_rolled_back(scene: Scene) -> None:
    before, carol = trail(), scene.cast.carol

    def change_and_be_denied() -> None:
        with acting_as(scene.alice):
            Grant.objects.filter(pk=scene.grant_id).update(revoked_at="2024-01-01T00:00Z")
            note("revoke", patient_id=scene.cast.alice_id)
            raise Denied("revoke", patient_id=scene.cast.alice_id)

    with pytest.raises(Denied):
        change_and_be_denied()
    with pytest.raises(Denied):
        records.open_record(carol, scene.cast.alice_id, scene.row.pk)

    assert trail() == [
        *before,
        ("revoke", "denied", scene.alice.user_id),
        ("read", "denied", carol.user_id),
    ]
    with acting_as(scene.alice):
        assert Grant.objects.filter(pk=scene.grant_id, revoked_at=None).exists()
        last = AuditEvent.objects.filter(outcome="denied", action="read").get()
    assert (last.patient_id, last.subject) == (scene.cast.alice_id, f"Record/{scene.row.pk}")


def test_a_denial_inside_another_act_is_written_down_once(scene: Scene) -> None:
    before = len(trail())

    with pytest.raises(Denied), acting_as(scene.cast.bob):
        records.open_record(scene.cast.bob, scene.cast.carol_id, scene.row.pk)

    assert [outcome for _, outcome, _ in trail()[before:]] == ["denied"]


def test_the_events_of_nested_acts_come_last_and_together(scene: Scene) -> None:
    """One bad end takes the inner act's changes and events with it."""
    before = trail()

    def revoke_and_fail() -> None:
        with acting_as(scene.alice):
            granting.revoke(scene.alice, scene.grant_id)
            raise LookupError

    with pytest.raises(LookupError):
        revoke_and_fail()

    assert trail() == before
    with acting_as(scene.alice):
        assert Grant.objects.filter(pk=scene.grant_id, revoked_at=None).exists()


def test_authority_and_epoch_move_together(scene: Scene) -> None:
    def epoch() -> int:
        with acting_as(scene.alice):
            return Patient.objects.get(pk=scene.cast.alice_id).access_epoch

    first = epoch()
    granting.revoke(scene.alice, scene.grant_id)
    assert epoch() == first + 1
    granting.revoke(scene.alice, scene.grant_id)
    assert epoch() == first + 1


def test_a_running_download_stops_when_it_is_revoked(cast: Cast) -> None:
    row = keep(cast.alice_id)
    binary, grant_id = with_file(row, bytes(3 * files.PIECE)), cast.share(ALL)
    opened = files.open_file(cast.bob, cast.alice_id, row.pk, binary.pk, copy=True)
    assert len(next(opened.pieces)) == files.PIECE

    granting.revoke(cast.alice, grant_id)

    with pytest.raises(Denied):
        next(opened.pieces)
    told = looks.log(cast.alice).lines
    assert any(line.denied and line.who == "Dr Bob Brown" for line in told)
