"""A held item outlives its owner's erasure under a key of its own; killed anywhere, it goes on."""

from collections.abc import Callable
from uuid import UUID

import orjson
import pytest

from accounts import keys, ledger
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.keys import Purpose, Unopenable
from accounts.models import AuditEvent, Patient
from phr import storage
from phr.models import Binary, Provenance, Record, RecordFile
from rights import saga
from rights.models import HeldFile, HeldItem, Hold
from rights.services import erasures, holds, placing, rehoming
from tests.cast import IMPORTER, PURGER, Cast
from tests.worlds.held import HOLDER, SCAN, hold, item, release, una
from tests.worlds.kept import keep, observation, with_file
from tests.worlds.killed import at_every_point

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
OPERATOR = Actor.job(System.OPERATOR)


@pytest.fixture
def colleague() -> Actor:
    return una()


@pytest.fixture(autouse=True)
def no_files() -> None:
    """Files outlast the tables of the test that made them."""
    for name in storage.names():
        storage.destroy(name)


def row_of(hold_id: UUID) -> Hold:
    with acting_as(HOLDER):
        return Hold.objects.get(pk=hold_id)


def kept_for(hold_id: UUID) -> set[str]:
    """The names of the files that are kept for a hold."""
    with acting_as(HOLDER):
        return set(HeldFile.objects.filter(hold_id=hold_id).values_list("name", flat=True))


def contents(hold_id: UUID, patient_id: UUID) -> tuple[list[str], list[bytes]]:
    """What each version of a held item says, and its files, opened with the hold's key alone."""
    with acting_as(HOLDER, about=patient_id):
        opened = rehoming.opened(Hold.objects.get(pk=hold_id))
        files = [b"".join(pieces) for _, pieces in opened.files]
    versions = orjson.loads(opened.item)["versions"]
    return [orjson.loads(one["resource"])["code"]["text"] for one in versions], files


WHOLE = (["Older glucose", "Kidney stone"], [SCAN])


def assert_whole(hold_id: UUID, patient_id: UUID) -> None:
    texts, files = contents(hold_id, patient_id)
    assert (sorted(texts), files) == (sorted(WHOLE[0]), WHOLE[1])


def gone(cast: Cast) -> None:
    """Alice is purged, and her key is destroyed."""
    erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    saga.carry_on_due(PURGER)
    with acting_as(PURGER):
        assert not Patient.objects.filter(pk=cast.alice_id).exists()
    assert not keys.has_key(cast.alice_id)


# --- an erasure goes on around it ----------------------------------------------------------------


def test_one_of_a_hundred_is_kept_and_the_others_are_purged(cast: Cast, colleague: Actor) -> None:
    held = item(cast)
    for number in range(99):
        keep(cast.alice_id, text=f"Item {number}")
    neighbour = keep(cast.carol_id)
    hold_id = hold(cast, colleague, held)

    gone(cast)

    with acting_as(PURGER, about=cast.alice_id):
        assert not Record.objects.exists()
        assert list(HeldItem.objects.values_list("hold_id", flat=True)) == [hold_id]
    with acting_as(PURGER, about=cast.carol_id):
        assert Record.objects.filter(pk=neighbour.pk).exists()
    assert set(storage.names()) == kept_for(hold_id)
    assert_whole(hold_id, cast.alice_id)


def test_one_item_that_is_deleted_is_kept_alone(cast: Cast, colleague: Actor) -> None:
    held, other = item(cast), item(cast, "Sprained ankle")
    hold_id = hold(cast, colleague, held)

    for row in (held, other):
        erasures.erase_record(cast.alice, row.pk)
    saga.carry_on_due(PURGER)

    with acting_as(PURGER, about=cast.alice_id):
        assert not Record.objects.exists()
        assert not Binary.objects.exists()
    assert set(storage.names()) == kept_for(hold_id)
    assert_whole(hold_id, cast.alice_id)


def test_a_file_that_a_deleted_item_shares_with_a_held_one_is_kept(
    cast: Cast, colleague: Actor
) -> None:
    held, other = keep(cast.alice_id), keep(cast.alice_id)
    binary = with_file(held, SCAN)
    with acting_as(IMPORTER, about=cast.alice_id):
        source = Provenance.objects.get(record=held).upload
        Provenance.objects.create(
            patient_id=cast.alice_id, record=other, upload=source, version=1, place="file"
        )
    hold_id = hold(cast, colleague, held)

    erasures.erase_record(cast.alice, other.pk)
    saga.carry_on_due(PURGER)

    assert not storage.exists(binary.name)
    assert contents(hold_id, cast.alice_id)[1] == [SCAN]


def test_without_a_hold_in_force_nothing_is_kept(cast: Cast, colleague: Actor) -> None:
    released = hold(cast, colleague, item(cast))
    release(cast, colleague, released)
    holds.due(HOLDER)

    gone(cast)

    assert storage.names() == []
    with acting_as(PURGER, about=cast.alice_id):
        assert not HeldItem.objects.exists()
    assert (row_of(released).patient_id, row_of(released).record_id) == (None, None)


def test_the_key_of_the_hold_opens_one_item_and_the_key_of_another_hold_does_not(
    cast: Cast, colleague: Actor
) -> None:
    first, second = (hold(cast, colleague, item(cast, text)) for text in ("Kidney", "Liver"))
    gone(cast)

    with acting_as(HOLDER, about=cast.alice_id):
        one, other = (HeldItem.objects.get(hold_id=pk) for pk in (first, second))
        for item_, hold_id in ((one, second), (other, first)):
            with pytest.raises(Unopenable):
                keys.unseal(
                    hold_id,
                    Purpose.BODY,
                    f"rights_helditem/{item_.pk}/body",
                    bytes(item_.body_sealed),
                )
        assert b"Kidney" not in bytes(one.body_sealed)


# --- killed anywhere -----------------------------------------------------------------------------


def test_killed_after_any_effect_it_ends_as_if_undisturbed(cast: Cast, colleague: Actor) -> None:
    made: list[UUID] = []

    def make() -> Callable[[], object]:
        row = item(cast)
        made.append(hold(cast, colleague, row))
        return lambda: holds.rehome_record(PURGER, cast.alice_id, row.pk)

    count = 0
    for work in at_every_point(make, rehoming, holds):
        work()
        count += 1
        assert_whole(made[-1], cast.alice_id)
        assert row_of(made[-1]).lost_at is None
    assert count > 9
    with acting_as(HOLDER):
        strays = set(storage.names()) - set(HeldFile.objects.values_list("name", flat=True))
    with acting_as(PURGER, about=cast.alice_id):
        assert strays == set(Binary.objects.values_list("name", flat=True))


def test_a_release_that_is_killed_anywhere_still_destroys_everything(
    cast: Cast, colleague: Actor
) -> None:
    row = item(cast)
    made: list[UUID] = []

    def make() -> Callable[[], object]:
        made.append(hold(cast, colleague, row))
        holds.rehome_record(PURGER, cast.alice_id, row.pk)
        release(cast, colleague, made[-1])
        return lambda: holds.destroy_held(HOLDER, made[-1])

    count = 0
    for work in at_every_point(make, rehoming):
        work()
        count += 1
        assert row_of(made[-1]).state == "over"
        assert not keys.has_key(made[-1])
        assert kept_for(made[-1]) == set()
    assert count > 5
    with acting_as(PURGER, about=cast.alice_id):
        assert set(storage.names()) == set(Binary.objects.values_list("name", flat=True))
        assert not HeldItem.objects.exists()


def test_what_was_set_aside_is_not_written_anew(cast: Cast, colleague: Actor) -> None:
    row = item(cast)
    hold_id = hold(cast, colleague, row)
    assert holds.rehome(PURGER, cast.alice_id) == 1
    before = kept_for(hold_id), row_of(hold_id).rehomed_at

    assert holds.rehome(PURGER, cast.alice_id) == 0

    assert (kept_for(hold_id), row_of(hold_id).rehomed_at) == before


def half_done(hold_id: UUID, patient_id: UUID) -> HeldFile:
    """The file is set aside, the rest is not."""
    rehoming._prepare(PURGER, hold_id, patient_id)
    (file_id,) = rehoming._missing_files(PURGER, hold_id, patient_id)
    rehoming._copy(PURGER, hold_id, patient_id, file_id)
    with acting_as(HOLDER):
        return HeldFile.objects.get(pk=file_id)


def test_a_key_that_was_lost_half_way_is_made_anew(cast: Cast, colleague: Actor) -> None:
    hold_id = hold(cast, colleague, item(cast))
    half_done(hold_id, cast.alice_id)
    keys.destroy_patient_key(hold_id)

    assert holds.rehome(PURGER, cast.alice_id) == 1

    assert_whole(hold_id, cast.alice_id)


def test_a_copy_that_does_not_open_stops_the_erasure(cast: Cast, colleague: Actor) -> None:
    hold_id = hold(cast, colleague, item(cast))
    file = half_done(hold_id, cast.alice_id)
    with acting_as(HOLDER, about=cast.alice_id):
        HeldFile.objects.filter(pk=file.pk).update(facts_sealed=b"\x01" + bytes(40))

    with pytest.raises(rehoming.Unverified):
        holds.rehome(PURGER, cast.alice_id)
    assert row_of(hold_id).rehomed_at is None


# --- what cannot be kept -------------------------------------------------------------------------


def test_an_erasure_does_not_wait_for_what_nobody_can_open(cast: Cast, colleague: Actor) -> None:
    """As after a restore, when the key is gone already."""
    hold_id = hold(cast, colleague, item(cast))
    keys.destroy_patient_key(cast.alice_id)

    assert holds.rehome(PURGER, cast.alice_id) == 0

    assert row_of(hold_id).lost_at
    assert row_of(hold_id).rehomed_at is None
    assert holds.rehome(PURGER, cast.alice_id) == 0
    with acting_as(cast.sam):
        assert AuditEvent.objects.filter(action="hold-lost").count() == 1


def test_a_lost_file_does_not_lose_the_rest(cast: Cast, colleague: Actor) -> None:
    row = item(cast)
    second = with_file(row, b"second")
    with acting_as(PURGER, about=cast.alice_id):
        first = RecordFile.objects.exclude(binary=second).get(record=row).binary
    storage.destroy(first.name)
    hold_id = hold(cast, colleague, row)

    assert holds.rehome(PURGER, cast.alice_id) == 1

    texts, files = contents(hold_id, cast.alice_id)
    assert ("Kidney stone" in texts, files) == (True, [b"second"])
    assert row_of(hold_id).lost_at


# --- release -------------------------------------------------------------------------------------


def test_a_release_destroys_what_was_kept_at_the_next_sweep(cast: Cast, colleague: Actor) -> None:
    hold_id = hold(cast, colleague, item(cast))
    gone(cast)
    with acting_as(HOLDER, about=cast.alice_id):
        sealed = bytes(HeldItem.objects.get(hold_id=hold_id).body_sealed)
    release(cast, colleague, hold_id)

    assert holds.due(HOLDER) >= 1

    assert storage.names() == []
    assert not keys.has_key(hold_id)
    with pytest.raises(Unopenable):
        keys.unseal(hold_id, Purpose.BODY, f"rights_helditem/{hold_id}/body", sealed)
    row = row_of(hold_id)
    assert (row.state, row.patient_id, row.record_id) == ("over", None, None)
    assert not holds.destroy_held(HOLDER, hold_id)
    with acting_as(cast.sam):
        assert AuditEvent.objects.filter(action="hold-destroy").count() == 1


def test_a_release_before_any_erasure_touches_nothing_of_hers(cast: Cast, colleague: Actor) -> None:
    row = item(cast)
    release(cast, colleague, hold(cast, colleague, row))

    holds.due(HOLDER)

    with acting_as(PURGER, about=cast.alice_id):
        assert Record.objects.filter(pk=row.pk).exists()
        assert storage.exists(Binary.objects.get().name)


def test_nothing_is_set_aside_for_a_hold_that_was_released_meanwhile(
    cast: Cast, colleague: Actor
) -> None:
    hold_id = hold(cast, colleague, item(cast))
    rehoming._prepare(PURGER, hold_id, cast.alice_id)
    (file_id,) = rehoming._missing_files(PURGER, hold_id, cast.alice_id)
    release(cast, colleague, hold_id)
    holds.due(HOLDER)

    rehoming._copy(PURGER, hold_id, cast.alice_id, file_id)
    assert not rehoming.rehome(PURGER, hold_id, cast.alice_id)

    assert kept_for(hold_id) == set()
    assert not keys.has_key(hold_id)


def test_after_a_restore_a_released_hold_is_ended_again(cast: Cast, colleague: Actor) -> None:
    """The ledger in the vault knows of the release; the backup is older."""
    hold_id, other = (hold(cast, colleague, item(cast, text)) for text in ("Kidney", "Liver"))
    holds.rehome(PURGER, cast.alice_id)
    ledger.remember(ledger.Kind.HOLD, str(hold_id))

    assert holds.replay(Actor.job(System.RECONCILE)) == 1

    assert row_of(hold_id).state == "over"
    assert not keys.has_key(hold_id)
    assert row_of(other).state == "in force"
    assert holds.replay(Actor.job(System.RECONCILE)) == 0


# --- handing over --------------------------------------------------------------------------------


def test_the_operator_opens_it_once_when_two_people_ordered_it(
    cast: Cast, colleague: Actor
) -> None:
    hold_id = hold(cast, colleague, item(cast))
    holds.rehome(PURGER, cast.alice_id)
    with pytest.raises(Denied):
        holds.open_held(OPERATOR, hold_id)
    placing.ask_opening(cast.sam, hold_id)
    with pytest.raises(Denied):
        holds.open_held(OPERATOR, hold_id)
    placing.allow_opening(colleague, hold_id)

    for other in (cast.sam, colleague, cast.alice, HOLDER, PURGER):
        with pytest.raises(Denied):
            holds.open_held(other, hold_id)
    opened = holds.open_held(OPERATOR, hold_id)

    assert orjson.loads(opened.item)["resourceType"] == "Observation"
    assert observation("Kidney stone")["code"]["text"] in opened.item.decode()
    assert [b"".join(pieces) for _, pieces in opened.files] == [SCAN]
    with pytest.raises(Denied):
        holds.open_held(OPERATOR, hold_id)
    with acting_as(cast.sam):
        assert AuditEvent.objects.filter(action="hold-open", outcome="success").count() == 1
