"""A request from the side of who asks: sealed, found by nobody else, and emptied when she goes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import Http404

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import User
from rights import saga
from rights.casework import Refused
from rights.models import Case, CaseMessage, ClockEvent, Erasure, RightRequest
from rights.regimes import Jurisdiction, Right
from rights.services import cases, desk, erasures
from rights.transitions import State
from tests.cast import PURGER, SEALER, join
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls
from tests.worlds.cases import DO, Desk

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SECRET = "Quillfeather"


@pytest.fixture
def desk_world() -> Desk:
    return Desk.enter()


# --- opening -------------------------------------------------------------------------------------


def test_a_case_has_a_reference_and_a_clock_for_each_law(desk_world: Desk) -> None:
    reference, _ = desk_world.ask(place="california")

    page = cases.case(desk_world.cast.alice, reference)

    assert len(reference) == 19
    assert [(one.regime.name, one.rule.cite) for one in page.asked] == [
        ("HIPAA", "45 CFR 164.524(b)(2)"),
        ("CCPA", "Civil Code 1798.130; 11 CCR 7021"),
    ]
    today = datetime.now(UTC).date()
    for one in page.asked:
        assert today - timedelta(days=1) <= one.due.safe - timedelta(days=28)
        assert one.row.legal_on == one.due.legal
        assert one.due.derivation[0].startswith("Received ")
    assert [one.text for one in page.letters] == ["Please help."]
    assert [one.case.reference for one in cases.cases(desk_world.cast.alice)] == [reference]


def test_what_she_wrote_is_stored_sealed_and_opens_with_her_key_alone(desk_world: Desk) -> None:
    reference, pk = desk_world.ask(words=SECRET)
    desk.write(desk_world.sam, pk, text=f"About {SECRET}")
    with acting_as(desk_world.sam):
        rows = list(CaseMessage.objects.all())

    assert len(rows) == 2
    for row in rows:
        assert SECRET.encode() not in bytes(row.text_sealed)
        assert row.patient_id == desk_world.cast.alice_id
    other = rows[0]
    other.text_sealed = rows[1].text_sealed
    with pytest.raises(keys.Unopenable):
        keys.unseal(desk_world.cast.alice_id, keys.Purpose.BODY, f"rights_casemessage/{other.pk}/text",
                    bytes(other.text_sealed))  # fmt: skip
    page = cases.case(desk_world.cast.alice, reference)
    assert [(one.by_desk, one.text) for one in page.letters] == [
        (False, SECRET), (True, f"About {SECRET}"),
    ]  # fmt: skip


def test_somebody_without_a_record_has_rights_too(desk_world: Desk) -> None:
    reference = cases.open_case(
        desk_world.cast.bob, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="My licence"
    )
    pk = desk_world.requests(reference)[0].pk

    assert desk.read(desk_world.sam, pk).letters[0].text == "My licence"
    assert cases.case(desk_world.cast.bob, reference).letters[0].text == "My licence"
    assert desk_world.row(pk).patient_id is None


def test_only_she_and_the_desk_find_it(desk_world: Desk) -> None:
    reference, pk = desk_world.ask()
    for other in (desk_world.cast.bob, desk_world.cast.carol, desk_world.sam, Actor()):
        with pytest.raises(Http404):
            cases.case(other, reference)
        with pytest.raises(Http404):
            cases.withdraw(other, reference)
        with pytest.raises(Http404):
            cases.write_message(other, reference, text="x")
    for staff in (desk_world.cast.alice, desk_world.cast.carol, PURGER, Actor()):
        with pytest.raises(Http404):
            desk.read(staff, pk)
        for act in DO.values():
            with pytest.raises(Http404):
                act(staff, pk)
    with pytest.raises(Http404):
        cases.open_case(desk_world.sam, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="x")
    for other in (desk_world.cast.bob, desk_world.cast.carol, SEALER, Actor()):
        with acting_as(other, about=desk_world.cast.carol_id):
            assert not CaseMessage.objects.exists()
    for other in (desk_world.cast.bob, desk_world.cast.carol, Actor()):
        with acting_as(other):
            for model in (Case, RightRequest, ClockEvent, CaseMessage):
                assert not model.objects.exists()


def test_nobody_can_flood_the_desk(desk_world: Desk) -> None:
    for _ in range(cases.MOST_OPEN):
        desk_world.ask()
    with pytest.raises(Refused, match="20 open requests"):
        desk_world.ask()


# --- the end -------------------------------------------------------------------------------------


def test_a_forgotten_patients_case_tells_that_it_was_and_of_nobody(desk_world: Desk) -> None:
    alice_id = desk_world.cast.alice_id
    reference, pk = desk_world.ask("erasure", words=SECRET)
    done, granted = desk_world.ask("access")
    desk.decide(desk_world.sam, granted, decision="granted", text="Yes.")
    erasures.erase_everything(desk_world.cast.alice, account=True, undo_hours=0)

    assert cases.forget_patient(PURGER, alice_id) == 2
    assert cases.forget_patient(PURGER, alice_id) == 0

    row = desk_world.row(pk)
    assert (row.case.reference, row.right, row.state) == (reference, "erasure", "withdrawn")
    assert desk_world.row(granted).case.reference == done
    assert desk_world.row(granted).decision == "granted"
    open_walls()
    for model in (Case, RightRequest, ClockEvent):
        with as_owner():
            kept = list(model.objects.values())
        assert kept
        assert not [one for one in kept if one.get("patient_id") or one.get("user_id")]
    with as_owner():
        assert not CaseMessage.objects.exists()
    page = desk.read(desk_world.sam, pk)
    assert page.letters == []
    assert cases.cases(desk_world.cast.alice) == []


def test_who_deletes_the_record_alone_keeps_her_cases(desk_world: Desk) -> None:
    alice = desk_world.cast.alice
    reference, pk = desk_world.ask("complaint", words=SECRET)
    rested, resting = desk_world.ask("restriction")
    desk.decide(desk_world.sam, resting, decision="granted", text="Yes.")
    deletion = erasures.erase_everything(alice, account=False, undo_hours=0)
    with acting_as(PURGER):
        erasure = Erasure.objects.get(reference=deletion)
    saga.carry_on(PURGER, erasure.pk)
    with acting_as(PURGER):
        erasure.refresh_from_db()
    assert erasure.purged_at, erasure.steps

    assert cases.case(alice, reference).letters[0].text == SECRET
    assert desk_world.row(pk).state == State.RECEIVED
    cases.write_message(alice, reference, text="Still here.")
    assert desk.read(desk_world.sam, pk).letters[-1].text == "Still here."
    assert "Your record rests" not in text(
        sign_in("alice@example.org").get(f"/rights/cases/{rested}/")
    )
    desk.close(desk_world.sam, resting)
    with pytest.raises(Http404):
        cases.case(desk_world.cast.bob, reference)
    with acting_as(PURGER, about=desk_world.cast.alice_id):
        assert not CaseMessage.objects.filter(patient_id=desk_world.cast.alice_id).exists()


def test_forgetting_is_for_jobs_alone_and_touches_no_neighbour(desk_world: Desk) -> None:
    other = cases.open_case(
        desk_world.cast.carol, right=Right.ACCESS, jurisdiction=Jurisdiction.UK, words="Me too"
    )
    for actor in (desk_world.sam, desk_world.cast.alice):
        with pytest.raises(Http404):
            cases.forget_patient(actor, desk_world.cast.carol_id)
    cases.forget_patient(PURGER, desk_world.cast.alice_id)

    assert cases.case(desk_world.cast.carol, other).letters[0].text == "Me too"


def test_an_erased_account_without_a_record_is_forgotten_too() -> None:
    dan = Actor.session(join("dan@example.org").pk)
    cases.open_case(dan, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words=SECRET)

    assert dan.user_id is not None
    assert cases.forget_user(PURGER, dan.user_id) == 1
    assert cases.cases(dan) == []


def test_an_erased_member_of_staff_leaves_a_number_that_means_nobody(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    desk.decide(desk_world.sam, pk, decision="refused", ground="unfounded", text="No.")
    desk.confirm(desk_world.tom, pk)

    for actor in (desk_world.sam, desk_world.tom):
        assert actor.user_id is not None
        cases.forget_user(PURGER, actor.user_id)

    row = desk_world.row(pk)
    assert not {row.proposed_by, row.decided_by} & {desk_world.sam.user_id, desk_world.tom.user_id}
    assert row.proposed_by != row.decided_by


def test_an_erasure_goes_to_its_end_whoever_asked_or_decided(desk_world: Desk) -> None:
    alice, bob = desk_world.cast.alice, desk_world.cast.bob
    tom = Actor.session(desk_world.tom.user_id or desk_world.cast.alice_id)
    _, pk = desk_world.ask(words=SECRET)
    cases.open_case(bob, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words=SECRET)
    desk.decide(desk_world.tom, pk, decision="refused", ground="unfounded", text="No.")
    desk.confirm(desk_world.sam, pk)
    User.objects.filter(pk=str(tom.user_id)).update(is_staff=False)

    for actor in (alice, bob, tom):
        reference = erasures.erase_everything(actor, account=True, undo_hours=0)
        with acting_as(PURGER):
            erasure = Erasure.objects.get(reference=reference)
        saga.carry_on(PURGER, erasure.pk)
        with acting_as(PURGER):
            erasure.refresh_from_db()
        assert erasure.finished_at, erasure.steps

    page = desk.read(desk_world.sam, pk)
    assert page.letters == []
    assert (page.asked[0].row.decision, page.asked[0].row.ground) == ("refused", "unfounded")


def test_messages_are_unreadable_once_the_key_is_gone(desk_world: Desk) -> None:
    reference, _ = desk_world.ask(words=SECRET)
    keys.destroy_patient_key(desk_world.cast.alice_id)

    page = cases.case(desk_world.cast.alice, reference)

    assert [one.text for one in page.letters] == ["This message can no longer be read."]
