"""Notes and requests for correction stand as long as the permission, and go with it."""

from uuid import UUID

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, transaction

from accounts.acting import acting_as
from accounts.actors import Denied
from phr.deliveries import Remark
from phr.models import Record
from phr.services import remarks
from sharing.services import granting
from sharing.services.recipients import Refused
from tests.cast import IMPORTER, ORDINARY, PURGER, Cast, put_in, user_of
from tests.doors import sign_in, text
from tests.phr.test_deliveries import FILE, INWARD

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def shared(cast: Cast) -> tuple[UUID, dict[str, Record]]:
    """Alice's two items, of which bob sees the ordinary one. Returns the Grant's id."""
    put_in(cast.alice, FILE)
    with acting_as(cast.alice):
        rows = {row.resource_type: row for row in Record.objects.all()}
    return cast.share(ORDINARY), rows


def test_a_note_is_read_by_its_writer_and_the_patient_until_she_stops_sharing(cast: Cast) -> None:
    grant_id, _ = shared(cast)
    remarks.write_note(cast.bob, cast.alice_id, text="Call her on Friday")
    assert [one.text for one in remarks.beside(cast.bob, cast.alice_id)] == ["Call her on Friday"]
    assert [one.person.name for one in remarks.about_me(cast.alice)] == ["Dr Bob Brown"]

    granting.revoke(cast.alice, grant_id)

    with pytest.raises(Denied):
        remarks.beside(cast.bob, cast.alice_id)
    with acting_as(cast.bob):
        assert not Remark.objects.exists()
    assert remarks.about_me(cast.alice) == []
    assert remarks.forget_ended(PURGER) == 1
    with acting_as(IMPORTER):
        assert not Remark.objects.exists()


def test_what_still_stands_is_not_forgotten(cast: Cast) -> None:
    grant_id, _ = shared(cast)
    remarks.write_note(cast.bob, cast.alice_id, text="x")
    granting.pause(cast.alice, grant_id)
    assert remarks.forget_ended(PURGER) == 0
    granting.resume(cast.alice, grant_id)
    assert len(remarks.beside(cast.bob, cast.alice_id)) == 1


def test_notes_do_not_bury_a_correction_and_are_bounded(
    cast: Cast, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remarks, "MOST", 2)
    settings.PHR_REMARKS_A_DAY = 4
    _, rows = shared(cast)
    remarks.ask_correction(cast.bob, cast.alice_id, rows["Observation"].pk, text="wrong")
    for _ in range(3):
        remarks.write_note(cast.bob, cast.alice_id, text="n")

    assert [one.is_note for one in remarks.about_me(cast.alice)] == [False, True]
    with pytest.raises(Refused):
        remarks.write_note(cast.bob, cast.alice_id, text="n")
    page = sign_in("bob@example.org").post(f"/shared/{cast.alice_id}/notes/", {"text": "n"})
    assert "You have written a lot today." in text(page)


def test_a_correction_is_asked_for_by_a_page_and_answered(cast: Cast) -> None:
    _, rows = shared(cast)
    bob, seen = sign_in("bob@example.org"), rows["Observation"].pk
    url = f"/shared/{cast.alice_id}/{seen}/correction/"
    assert url in text(bob.get(f"/shared/{cast.alice_id}/{seen}/"))
    page = text(bob.post(url, {"text": "It was 4.5"}, follow=True))
    assert "It was 4.5" in page

    alice = sign_in("alice@example.org")
    page = text(alice.get("/sharing/remarks/"))
    assert "It was 4.5" in page
    assert "Glucose" in page
    (one,) = remarks.about_me(cast.alice)
    alice.post(f"/sharing/remarks/{one.remark.pk}/answer/", {"answer": "left"})
    assert "Left as it is" in text(bob.get(f"/shared/{cast.alice_id}/notes/"))


def test_nobody_writes_about_what_she_does_not_see(cast: Cast) -> None:
    _, rows = shared(cast)
    with pytest.raises(Denied):
        remarks.ask_correction(cast.bob, cast.alice_id, rows["Condition"].pk, text="x")
    for actor in (cast.carol, cast.alice):
        with pytest.raises(Denied):
            remarks.write_note(actor, cast.alice_id, text="x")
    with pytest.raises(Denied):
        remarks.answer(cast.bob, cast.carol_id, said=Remark.Answer.LEFT)


def test_the_database_lets_nobody_write_beside_what_she_does_not_hold(cast: Cast) -> None:
    grant_id, _ = shared(cast)
    row = {"kind": "note", "text_sealed": b"-", "grant_id": grant_id}
    for actor, patient, by in (
        (cast.carol, cast.alice_id, cast.carol),
        (cast.bob, cast.carol_id, cast.bob),
        (cast.bob, cast.alice_id, cast.carol),
    ):
        with acting_as(actor), pytest.raises(DatabaseError), transaction.atomic():
            Remark.objects.create(**row, patient_id=patient, by_id=user_of(by))


def test_who_may_only_send_in_writes_nothing(cast: Cast) -> None:
    cast.share(INWARD)
    with pytest.raises(Denied):
        remarks.write_note(cast.bob, cast.alice_id, text="x")
