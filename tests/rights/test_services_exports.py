"""An archive from being asked for to being destroyed: who gets it, for how long, and when not."""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from django.db import ProgrammingError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import AuditEvent, Patient
from phr import integrity, storage
from phr.models import Binary
from phr.services import uploads
from rights.archive import parts
from rights.models import Export
from rights.services import building, exports
from rights.services.erasures import erase_record
from rights.services.restriction import restrict
from tests import raw
from tests.cast import ORDINARY, PURGER, Cast, put_in, receive
from tests.worlds import files, kept
from tests.worlds.archive import EXPORTER, Archive, made, taken

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def events(cast: Cast) -> list[str]:
    with acting_as(cast.alice):
        rows = AuditEvent.objects.filter(
            patient_id=cast.alice_id, subject__startswith="Export/", outcome="success"
        )
        return list(rows.order_by("at", "number").values_list("action", flat=True))


def change(export_id: UUID, **columns: object) -> None:
    """Let time pass, or things go wrong, for one archive."""
    with acting_as(EXPORTER):
        assert Export.objects.filter(pk=export_id).update(**columns) == 1


def stored(export_id: UUID) -> list[str]:
    """The names of the files of archives."""
    with acting_as(EXPORTER):
        rows = Binary.objects.filter(use=Binary.Use.EXPORT)
        assert Export.objects.filter(pk=export_id).exists()
        return list(rows.values_list("name", flat=True))


def test_it_is_asked_for_made_taken_and_destroyed(cast: Cast, settings: Settings) -> None:
    settings.PHR_EXPORT_DAYS = 3
    kept.keep(cast.alice_id, text="Ginger")
    export_id = exports.request_export(cast.alice)
    assert exports.export(cast.alice, export_id).state == "waiting"
    assert exports.request_export(cast.alice) == export_id

    assert building.build_due(EXPORTER) == 1
    assert building.build_due(EXPORTER) == 0
    followed = exports.export(cast.alice, export_id)
    data = taken(cast.alice, export_id)

    assert followed.state == "ready"
    assert (followed.export.size, followed.sha256) == (len(data), sha256(data).hexdigest())
    assert Archive(data).manifest["records"] == 1
    assert followed.export.expires_at is not None
    left = followed.export.expires_at - timezone.now()
    assert timedelta(days=2.9) < left < timedelta(days=3)
    (name,) = stored(export_id)
    assert name in storage.names()

    exports.end_export(cast.alice, export_id)
    assert exports.export(cast.alice, export_id).state == "ended"
    with pytest.raises(Denied):
        exports.download(cast.alice, export_id)
    assert exports.destroy_due(PURGER) == 1
    assert exports.destroy_due(PURGER) == 0
    assert stored(export_id) == []
    assert name not in storage.names()
    assert events(cast) == ["export", "archive", "copy", "discard"]


def test_the_file_is_encrypted_and_no_leftover(cast: Cast) -> None:
    kept.keep(cast.alice_id, text="Ginger")
    export_id = made(cast.alice)
    with acting_as(EXPORTER, about=cast.alice_id):
        binary = Binary.objects.get(use=Binary.Use.EXPORT)
        Binary.objects.update(created_at=timezone.now() - timedelta(days=3))
    with storages["files"].open(binary.name, "rb") as file:
        sealed = file.read()

    assert b"PK\x03\x04" not in sealed
    assert b"manifest.json" not in sealed
    assert uploads.clear_leftovers(PURGER) == 0
    found = integrity.check(Actor.job(System.INTEGRITY))
    assert binary.name not in found.files_without_row
    assert binary.pk not in found.rows_without_file
    assert taken(cast.alice, export_id)


@pytest.mark.parametrize("name", ["bob", "carol", "sam"])
def test_nobody_else_gets_near_it(cast: Cast, name: str) -> None:
    cast.share()
    export_id = made(cast.alice)
    other: Actor = getattr(cast, name)

    for act in (exports.export, exports.download, exports.end_export):
        with pytest.raises(Denied):
            act(other, export_id)
    with pytest.raises(Denied):
        b"".join(exports.pieces(other, export_id, start=0, end=10))
    with acting_as(other):
        assert not Export.objects.exists()
        assert not Binary.objects.filter(use=Binary.Use.EXPORT).exists()
    assert exports.export(cast.alice, export_id).state == "ready"


def test_one_that_does_not_exist_is_denied_alike(cast: Cast) -> None:
    for act in (exports.export, exports.download, exports.end_export):
        with pytest.raises(Denied):
            act(cast.alice, uuid4())


@pytest.mark.parametrize("name", ["bob", "sam"])
def test_only_who_keeps_a_record_may_ask(cast: Cast, name: str) -> None:
    with pytest.raises(Denied):
        exports.request_export(getattr(cast, name))


def test_it_is_destroyed_on_its_day(cast: Cast) -> None:
    export_id = made(cast.alice)
    change(export_id, expires_at=timezone.now() - timedelta(seconds=1))

    assert exports.export(cast.alice, export_id).state == "ended"
    with pytest.raises(Denied):
        exports.download(cast.alice, export_id)
    assert exports.destroy_due(PURGER) == 1
    assert stored(export_id) == []


def test_what_is_deleted_afterwards_cannot_be_taken_any_more(cast: Cast) -> None:
    first, second = (kept.keep(cast.alice_id, text=text) for text in ("Ginger", "Nutmeg"))
    erase_record(cast.alice, first.pk)
    export_id = made(cast.alice)
    running = exports.pieces(cast.alice, export_id, start=0, end=10)
    assert exports.export(cast.alice, export_id).state == "ready"

    erase_record(cast.alice, second.pk)

    assert exports.export(cast.alice, export_id).state == "outdated"
    with pytest.raises(Denied):
        exports.download(cast.alice, export_id)
    with pytest.raises(Denied):
        next(running)
    assert exports.destroy_due(PURGER) == 1
    assert stored(export_id) == []


def test_a_newer_one_ends_the_older(cast: Cast) -> None:
    older, newer = made(cast.alice), made(cast.alice)

    assert exports.export(cast.alice, older).state == "ended"
    assert exports.export(cast.alice, newer).state == "ready"
    assert exports.destroy_due(PURGER) == 1
    assert len(stored(newer)) == 1
    found = exports.latest(cast.alice)
    assert found is not None
    assert found.export.pk == newer


def test_one_that_is_called_off_is_not_made(cast: Cast) -> None:
    export_id = exports.request_export(cast.alice)
    exports.end_export(cast.alice, export_id)

    assert building.build_due(EXPORTER) == 0
    assert not building.build(EXPORTER, export_id)
    assert exports.request_export(cast.alice) != export_id


def test_calling_off_stops_the_worker_and_leaves_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep(cast.alice_id)
    monkeypatch.setattr(building, "BEAT_SECONDS", 0.0)
    export_id = exports.request_export(cast.alice)
    seen: list[list[str]] = []
    beat = building._Heart.beat

    def called_off_meanwhile(self: building._Heart, steps: int) -> None:
        seen.append(stored(export_id))
        exports.end_export(cast.alice, export_id)
        beat(self, steps)

    monkeypatch.setattr(building._Heart, "beat", called_off_meanwhile)
    assert building.build(EXPORTER, export_id)

    assert len(seen) == 1
    assert seen[0][0] not in storage.names()
    assert stored(export_id) == []
    assert exports.export(cast.alice, export_id).state == "ended"


@pytest.mark.parametrize("name", ["_file", "_finish"])
def test_whenever_it_is_destroyed_no_file_stays(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An account that is being erased has its archives destroyed while one is being made."""
    kept.keep(cast.alice_id)
    before = set(storage.names())
    step = getattr(building, name)

    def destroyed_before(actor: Actor, export: Export, *rest: Any) -> Any:
        exports.destroy_exports(PURGER, cast.alice_id)
        return step(actor, export, *rest)

    monkeypatch.setattr(building, name, destroyed_before)
    assert building.build(EXPORTER, exports.request_export(cast.alice))

    assert set(storage.names()) == before
    assert exports.latest(cast.alice) is None


def test_a_record_that_changes_meanwhile_is_written_anew(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep(cast.alice_id, text="Ginger")
    export_id = exports.request_export(cast.alice)
    write = parts.write

    def something_arrives(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(parts, "write", write)
        found = write(*given, **named)
        kept.keep(cast.alice_id, text="Nutmeg")
        return found

    monkeypatch.setattr(parts, "write", something_arrives)
    assert building.build(EXPORTER, export_id)
    assert exports.export(cast.alice, export_id).state == "making"
    assert stored(export_id) == []

    change(export_id, lease_until=timezone.now() - timedelta(seconds=1))
    assert building.build(EXPORTER, export_id)
    assert Archive(taken(cast.alice, export_id)).manifest["records"] == 2


def test_after_some_tries_it_is_given_up_and_says_so(cast: Cast) -> None:
    export_id = exports.request_export(cast.alice)
    change(export_id, attempts=building.MOST_ATTEMPTS)

    assert building.build(EXPORTER, export_id)

    assert exports.export(cast.alice, export_id).state == "failed"
    assert exports.destroy_due(PURGER) == 1
    assert exports.export(cast.alice, export_id).state == "failed"
    assert made(cast.alice) != export_id


def test_a_restricted_record_can_still_be_taken_away(cast: Cast) -> None:
    kept.keep(cast.alice_id)
    restrict(cast.sam, cast.alice_id)

    found = Archive(taken(cast.alice, made(cast.alice)))

    assert found.manifest["records"] == 1
    assert found.json("account/account.json")["restricted_since"]


def test_one_that_is_being_erased_cannot(cast: Cast) -> None:
    export_id, waiting = made(cast.alice), exports.request_export(cast.alice)
    raw.open_walls()
    with raw.as_owner():
        Patient.objects.filter(pk=cast.alice_id).update(erasing_at=timezone.now())

    assert building.build_due(EXPORTER) == 0
    assert not building.build(EXPORTER, waiting)
    for act in (exports.export, exports.download, exports.end_export):
        with pytest.raises(Denied):
            act(cast.alice, export_id)
    with pytest.raises(Denied):
        exports.request_export(cast.alice)


def test_erasing_forgets_every_archive_and_leaves_the_neighbours(cast: Cast) -> None:
    made(cast.alice)
    exports.request_export(cast.alice)
    hers = made(cast.carol)

    assert exports.destroy_exports(PURGER, cast.alice_id) == 2
    assert exports.destroy_exports(PURGER, cast.alice_id) == 0

    assert exports.latest(cast.alice) is None
    assert len(stored(hers)) == 1
    assert taken(cast.carol, hers)


def test_ending_a_permission_or_giving_one_leaves_it_as_it_is(cast: Cast) -> None:
    """Her own archive is not what others may see; it says which state of sharing it shows."""
    put_in(cast.alice, files.pdf())
    export_id = made(cast.alice)
    epoch = exports.export(cast.alice, export_id).export.epoch
    cast.share(ORDINARY)

    assert exports.export(cast.alice, export_id).state == "ready"
    assert exports.export(cast.alice, made(cast.alice)).export.epoch > epoch


def test_no_row_of_a_person_names_a_file(cast: Cast) -> None:
    """What is made, and until when, only workers say."""
    for forged in ({"binary_id": uuid4()}, {"expires_at": timezone.now()}, {"attempts": 1}):
        with pytest.raises(ProgrammingError), transaction.atomic(), acting_as(cast.carol):
            Export(patient_id=cast.carol_id, **forged).save(force_insert=True)


@pytest.mark.parametrize("whose", ["hers", "neighbours"])
def test_only_the_archive_itself_is_destroyed_with_its_row(cast: Cast, whose: str) -> None:
    receive(cast.alice, b"%PDF-1.4 x", "scan.pdf")
    patient_id = cast.alice_id if whose == "hers" else cast.carol_id
    with acting_as(EXPORTER):
        scan = Binary.objects.get()
        row = Export(patient_id=patient_id, binary_id=scan.pk, expires_at=timezone.now())
        row.save(force_insert=True)

    assert exports.destroy_due(PURGER) == 1

    assert storage.exists(scan.name)
    with acting_as(EXPORTER):
        assert Binary.objects.filter(pk=scan.pk).exists()
