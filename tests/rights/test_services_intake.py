"""A letter or an e-mail is a request too: written down by staff, kept for the person alone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import ProgrammingError, transaction
from django.http import Http404

from accounts.acting import acting_as
from accounts.actors import Actor
from rights.casework import Refused
from rights.models import CaseMessage, RightRequest
from rights.regimes import Jurisdiction, Right
from rights.services import cases, desk, intake
from tests.cast import PURGER
from tests.doors import give_second_factor, sign_in, text
from tests.worlds.cases import Desk

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture
def desk_world() -> Desk:
    return Desk.enter()


def take_in(actor: Actor, email: str = "Alice@example.org", *, days_ago: int = 3) -> str:
    return intake.take_in(
        actor,
        email,
        right=Right.ACCESS,
        jurisdiction=Jurisdiction.EU,
        received_on=datetime.now(UTC).date() - timedelta(days=days_ago),
        words="I want a copy.",
    )


def test_the_clock_starts_on_the_day_it_came_and_she_finds_it_in_her_list(desk_world: Desk) -> None:
    reference = take_in(desk_world.sam)

    page = cases.case(desk_world.cast.alice, reference)
    came = datetime.now(UTC).date() - timedelta(days=3)
    assert f"Received {came.day} {came:%B %Y}." in page.asked[0].due.derivation
    assert [(one.by_desk, one.about, one.text) for one in page.letters] == [
        (True, "taken in", "I want a copy.")
    ]
    assert mail.outbox[-1].to == ["alice@example.org"]
    assert "copy" not in mail.outbox[-1].body
    with acting_as(desk_world.cast.alice):
        assert CaseMessage.objects.get().patient_id == desk_world.cast.alice_id
    for other in (desk_world.cast.bob, desk_world.cast.carol):
        with pytest.raises(Http404):
            cases.case(other, reference)
    assert cases.forget_patient(PURGER, desk_world.cast.alice_id) == 1


def test_it_is_written_down_for_somebody_who_keeps_no_record_too(desk_world: Desk) -> None:
    reference = take_in(desk_world.sam, "bob@example.org")

    assert cases.case(desk_world.cast.bob, reference).letters[0].text == "I want a copy."


def test_only_staff_write_down_and_never_for_themselves(desk_world: Desk) -> None:
    for actor in (desk_world.cast.alice, desk_world.cast.bob, PURGER, Actor()):
        with pytest.raises(Http404):
            take_in(actor)
    with pytest.raises(Http404):
        take_in(desk_world.sam, "sam@example.org")
    for days_ago in (-1, 91):
        with pytest.raises(Refused, match="within the last 90 days"):
            take_in(desk_world.sam, days_ago=days_ago)
    with pytest.raises(Refused, match="Nobody signs in"):
        take_in(desk_world.sam, "nobody@example.org")


def test_the_page_on_the_desk(desk_world: Desk) -> None:
    sam = sign_in("sam@example.org", secret=give_second_factor("sam@example.org"))
    path = "/admin/rights/rightrequest/add/"
    given = {"email": "alice@example.org", "right": "erasure", "jurisdiction": "uk",
             "received_on": datetime.now(UTC).date().isoformat(), "words": "Delete it."}  # fmt: skip

    assert "This field is required" in text(sam.post(path, {"right": "erasure"}))
    assert "Nobody signs in" in text(sam.post(path, given | {"email": "x@example.org"}))
    assert "Written down as" in text(sam.post(path, given, follow=True))

    page = cases.cases(desk_world.cast.alice)[0]
    shown = sign_in("alice@example.org").get(f"/rights/cases/{page.case.reference}/")
    assert "Written down from your mail" in text(shown)


# --- the second wall -----------------------------------------------------------------------------


def test_in_the_database_too_a_decision_is_made_in_ones_own_name(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    desk.decide(desk_world.sam, pk, decision="refused", ground="unfounded", text="No.")
    alice, tom = desk_world.cast.alice, desk_world.tom
    forged: list[tuple[Actor, dict[str, object]]] = [
        (alice, {"decision": "granted", "state": "decided"}),
        (alice, {"decided_by": alice.user_id}),
        (tom, {"proposed_by": desk_world.cast.alice_id}),
        (desk_world.sam, {"state": "decided", "decided_by": tom.user_id}),
    ]
    for actor, change in forged:
        with (
            acting_as(actor),
            pytest.raises(ProgrammingError, match="in one's own name"),
            transaction.atomic(),
        ):
            RightRequest.objects.filter(pk=pk).update(**change)
    with acting_as(desk_world.sam):
        assert RightRequest.objects.get(pk=pk).state == "proposed"


def test_nobody_speaks_for_the_other_side(desk_world: Desk) -> None:
    desk_world.ask()
    with acting_as(desk_world.sam):
        message = CaseMessage.objects.get()
    for actor, by_desk in ((desk_world.cast.alice, True), (desk_world.sam, False)):
        forged = CaseMessage(case_id=message.case_id, patient_id=message.patient_id)
        forged.by_desk, forged.text_sealed = by_desk, b"x"
        with acting_as(actor), pytest.raises(ProgrammingError), transaction.atomic():
            forged.save()
