"""The queue of requests on the staff desk: by the day they are due, worked through services alone."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.acting import acting_as
from accounts.models import AuditEvent
from rights.admin.cases import ACTS
from rights.forms.cases import DeskForm
from rights.models import RightRequest
from rights.services import cases, desk
from rights.transitions import State, Step
from tests.doors import give_second_factor, sign_in, text
from tests.worlds.cases import Desk

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
LIST = "/admin/rights/rightrequest/"


@pytest.fixture
def desk_world() -> Desk:
    return Desk.enter()


def staff(name: str) -> Client:
    email = f"{name}@example.org"
    return sign_in(email, secret=give_second_factor(email))


def due_on(desk_world: Desk, request_id: UUID, day: date) -> None:
    """As if the day had been reckoned to be this one."""
    with acting_as(desk_world.sam):
        rows = RightRequest.objects.filter(pk=request_id)
        rows.update(legal_on=day, safe_on=day - timedelta(days=1))


def test_the_queue_goes_by_the_day_and_flags_what_is_late(desk_world: Desk) -> None:
    later, later_id = desk_world.ask("erasure")
    sooner, sooner_id = desk_world.ask("access")
    over, over_id = desk_world.ask("objection")
    today = timezone.now().date()
    due_on(desk_world, later_id, today + timedelta(days=1))
    due_on(desk_world, sooner_id, today - timedelta(days=3))
    due_on(desk_world, over_id, today - timedelta(days=9))
    desk.decide(desk_world.sam, over_id, decision="granted", text="Yes.")
    due_on(desk_world, over_id, today - timedelta(days=9))
    sam = staff("sam")

    page = text(sam.get(LIST))

    assert page.index(sooner) < page.index(later) < page.index(over)
    assert page.count(">OVERDUE<") == 1
    late = text(sam.get(f"{LIST}?state=overdue"))
    assert (sooner in late, later in late, over in late) == (True, False, False)
    assert later in text(sam.get(f"{LIST}?right__exact=erasure"))
    assert later not in text(sam.get(f"{LIST}?right__exact=access"))
    assert "alice" not in page


def test_a_request_is_read_answered_and_written_down(desk_world: Desk) -> None:
    reference, pk = desk_world.ask(words="Where is my X-ray?")
    sam, path = staff("sam"), f"{LIST}{pk}/change/"

    page = text(sam.get(path))
    assert "Where is my X-ray?" in page
    assert "Received " in page
    assert "Alice Archer" not in page
    answer = sam.post(path, {"act": "write", "text": "We look for it."}, follow=True)
    assert "Done: write." in text(answer)

    assert cases.case(desk_world.cast.alice, reference).letters[-1].text == "We look for it."
    with acting_as(desk_world.cast.alice):
        acts = list(
            AuditEvent.objects.filter(actor_id=desk_world.sam.user_id).values_list(
                "action", flat=True
            )
        )
    assert acts.count("case-write") == 1
    assert acts.count("case-read") >= 2
    log = text(sign_in("alice@example.org").get("/sharing/log/"))
    assert "Our staff" in log
    assert "sam@example.org" not in log


def test_an_act_needs_its_words_and_its_ground(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    sam, path = staff("sam"), f"{LIST}{pk}/change/"

    for given, complaint in (
        ({"act": "write"}, "Write to the person"),
        ({"act": "propose", "decision": "refused", "text": "No."}, "Choose a ground"),
        ({"act": "confirm"}, "not one of the available choices"),
        ({"act": "propose", "ground": "legal-claims", "text": "No."}, "not one of the available"),
        ({"act": "propose", "ground": "others", "text": "No."}, "Choose what to propose"),
        ({"text": "Hello."}, "This field is required"),
    ):
        assert complaint in text(sam.post(path, given))
    assert desk_world.row(pk).state == State.RECEIVED


def test_every_step_of_staff_has_its_act_and_its_words_on_the_page() -> None:
    assert set(ACTS) == set(DeskForm.LABELS) == {step.value for step in Step} - {Step.WITHDRAW}
    assert set(ACTS) > DeskForm.WORDLESS


def test_a_refusal_goes_through_two_browsers(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    path = f"{LIST}{pk}/change/"
    sam, tom = staff("sam"), staff("tom")
    given = {"act": "propose", "decision": "partly", "ground": "others", "text": "Not all."}
    sam.post(path, given)

    assert "not one of the available choices" in text(sam.post(path, {"act": "confirm"}))
    assert "Done: confirm." in text(tom.post(path, {"act": "confirm"}, follow=True))

    row = desk_world.row(pk)
    assert (row.state, row.decision, row.ground) == (State.DECIDED, "partly", "others")
    assert (row.proposed_by, row.decided_by) == (desk_world.sam.user_id, desk_world.tom.user_id)


def test_what_was_done_meanwhile_is_told(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    sam = staff("sam")
    desk.decide(desk_world.tom, pk, decision="granted", text="Yes.")

    answer = sam.post(f"{LIST}{pk}/change/", {"act": "grant", "text": "Yes."})

    assert "not one of the available choices" in text(answer)
    assert sam.get(f"{LIST}nothing/change/").status_code == 404
    assert sam.get(f"{LIST}{desk_world.cast.alice_id}/change/").status_code == 404
