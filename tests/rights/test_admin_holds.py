"""The desk's page of legal holds: asking by number, deciding by two, and no content anywhere."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.acting import acting_as
from accounts.audit import DENIED
from accounts.models import AuditEvent
from phr.models import Record
from rights.models import Hold
from rights.services import erasures
from tests.cast import Cast
from tests.doors import give_second_factor, sign_in, text
from tests.worlds.held import hold, in_days, item, una

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
LIST, ADD = "/admin/rights/hold/", "/admin/rights/hold/add/"


@pytest.fixture
def row(cast: Cast) -> Record:
    return item(cast)


def desk(name: str) -> Client:
    email = f"{name}@example.org"
    return sign_in(email, secret=give_second_factor(email))


def filled(row: Record, **changed: object) -> dict[str, Any]:
    fields = {
        "patient_id": row.patient_id, "record_id": row.pk, "ground": "legal-obligation",
        "review_on": in_days(60),
    }  # fmt: skip
    return {name: str(value) for name, value in (fields | changed).items()}


def do(client: Client, action: str, hold_id: UUID) -> str:
    chosen = {"action": action, "_selected_action": [str(hold_id)]}
    return text(client.post(LIST, chosen, follow=True))


def only(cast: Cast) -> Hold:
    with acting_as(cast.sam):
        return Hold.objects.get()


def test_one_asks_by_number_and_another_confirms(cast: Cast, row: Record) -> None:
    una()
    sam, other = desk("sam"), desk("una")

    page = text(sam.post(ADD, filled(row), follow=True))
    assert "A colleague must confirm it before it counts" in page
    assert "waiting for a second person (1)" in page
    hold_id = only(cast).pk

    assert "Left as they are: 1" in do(sam, "confirm", hold_id)
    assert only(cast).state == "waiting"
    assert "Done: 1" in do(other, "confirm", hold_id)
    assert only(cast).state == "in force"
    with acting_as(cast.sam):
        refused = AuditEvent.objects.get(action="hold", outcome=DENIED)
    assert (refused.actor_id, refused.subject) == (cast.sam.user_id, f"Hold/{hold_id}")


def test_two_release(cast: Cast, row: Record) -> None:
    hold_id = hold(cast, una(), row)
    sam, other = desk("sam"), desk("una")

    do(sam, "ask_release", hold_id)
    assert "Left as they are: 1" in do(sam, "confirm_release", hold_id)
    do(other, "decline_release", hold_id)
    do(other, "ask_release", hold_id)
    assert "Done: 1" in do(sam, "confirm_release", hold_id)

    assert only(cast).state == "released"


def test_the_queue_shows_what_needs_somebody(cast: Cast, row: Record) -> None:
    erasures.erase_record(cast.alice, row.pk)
    hold(cast, una(), row)
    with acting_as(cast.sam):
        Hold.objects.update(review_on=in_days(-1))
    sam = desk("sam")

    page = text(sam.get(LIST))
    overdue = text(sam.get(f"{LIST}?state=review+is+overdue"))

    for count in ("review is overdue (1)", "placed after a request to delete (1)", "in force (1)"):
        assert count in page
    assert "1 hold" in overdue
    assert "0 holds" in text(sam.get(f"{LIST}?state=waiting+for+a+second+person"))


def test_the_desk_shows_numbers_and_never_what_an_item_says(cast: Cast, row: Record) -> None:
    hold_id = hold(cast, una(), row)
    sam = desk("sam")

    for path in (LIST, f"{LIST}{hold_id}/change/", ADD):
        page = text(sam.get(path))
        assert "Kidney" not in page
        assert "Alice" not in page
    assert sam.post(f"{LIST}{hold_id}/change/", {"ground": "legal-claims"}).status_code == 403
    assert sam.get(f"{LIST}{hold_id}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"record_id": uuid4()}, "There is no such item"),
        ({"patient_id": uuid4()}, "There is no such item"),
        ({"record_id": "a letter"}, "Enter a valid UUID"),
        ({"review_on": in_days(500)}, "within a year"),
        ({"review_on": in_days(-1)}, "within a year"),
        ({"review_on": ""}, "This field is required"),
        ({"ground": "because"}, "not one of the available choices"),
    ],
)
def test_the_form_says_what_is_wrong(
    cast: Cast, row: Record, changed: dict[str, object], told: str
) -> None:
    page = text(desk("sam").post(ADD, filled(row, **changed)))

    assert told in page
    with acting_as(cast.sam):
        assert not Hold.objects.exists()


def test_the_same_ground_twice_is_said(cast: Cast, row: Record) -> None:
    sam = desk("sam")
    sam.post(ADD, filled(row))

    assert "errorlist" in text(sam.post(ADD, filled(row)))
    assert only(cast).state == "waiting"
