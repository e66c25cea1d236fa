"""How a permission ended: page, paper and letter of its patient say why, and nothing that is not so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.models import User
from phr.services import receipts
from rights.services import erasures
from sharing.leaving import leave_others
from sharing.models import Grant, Organization, Outcome
from sharing.services import attestations, closing, emergencies, granting
from sharing.services.recipients import Recipient
from tests.cast import ALL, ORDINARY, PURGER, Cast, user_of
from tests.doors import sign_in, text
from tests.phr.test_receipts import said
from tests.raw import as_owner, open_walls
from tests.sharing.test_attestations import copy
from tests.sharing.test_dependents import opened as opened_for
from tests.sharing.test_emergencies import Ward
from tests.sharing.test_links import guess, made
from tests.sharing.test_passing_on import passed, rose
from tests.worlds.facilities import DIRECTORY, opened
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def taken_back(cast: Cast) -> UUID:
    pk = cast.share()
    granting.revoke(cast.alice, pk)
    return pk


def all_stopped(cast: Cast) -> UUID:
    pk = cast.share()
    granting.revoke_all(cast.alice)
    return pk


def changed(cast: Cast) -> UUID:
    pk = cast.share()
    granting.change(cast.alice, pk, scope=ORDINARY)
    return pk


def run_out(cast: Cast) -> UUID:
    pk = cast.share()
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=pk).update(ends_at=timezone.now())
    granting.revoke_all(cast.alice)
    return pk


def closed(cast: Cast) -> UUID:
    facility = opened(cast)
    pk = granting.grant(cast.alice, Recipient(organization_id=facility), scope=ALL)
    open_walls()
    with as_owner():
        Organization.objects.filter(pk=facility).update(closing_at=timezone.now())
    while closing.work(DIRECTORY):
        pass
    return pk


def guessed(cast: Cast) -> UUID:
    link, _ = made(cast)
    guess(cast, link)
    return link.grant_id


def misused(cast: Cast) -> UUID:
    keep(cast.alice_id)
    ward = Ward(cast)
    ward.open()
    pk: UUID = ward.grant().pk
    emergencies.close(cast.sam, [ward.access().pk], outcome=Outcome.MISUSE)
    return pk


def passed_on(cast: Cast) -> UUID:
    above, fresh = passed(cast, rose())
    granting.revoke(cast.alice, above)
    return fresh


def left(cast: Cast) -> UUID:
    pk = cast.share()
    leave_others(PURGER, user_of(cast.bob))
    return pk


# What ended it; what its patient reads; what the letter says.
ENDS: list[tuple[Callable[[Cast], UUID], str, str]] = [
    (taken_back, "You took it back on", "I took it back on"),
    (all_stopped, "You took it back on", "I took it back on"),
    (changed, "It was changed on", "It was changed on"),
    (run_out, "It ended by itself on", "It ended by itself on"),
    (closed, "because Riverside Clinic closed its account here", "because Riverside Clinic closed"),
    (guessed, "a wrong passcode had been typed five times", "a wrong passcode had been typed"),
    (misused, "Our staff ended it on", "The staff of the portal ended it on"),
    (passed_on, "with the permission that it was passed on from", "that it was passed on from"),
    (left, "because whoever had it closed the account", "because you closed your account"),
]


@pytest.mark.parametrize(
    ("end", "to_her", "to_them"), [pytest.param(*one, id=one[0].__name__) for one in ENDS]
)
def test_it_says_how_it_ended(
    cast: Cast, end: Callable[[Cast], UUID], to_her: str, to_them: str
) -> None:
    pk = end(cast)

    found, letter = receipts.whole(cast.alice, pk), receipts.letter(cast.alice, pk)

    assert to_her in found.how
    assert to_them in letter
    own = end in {taken_back, all_stopped}
    assert ("You took" in found.how, "I took" in letter) == (own, own)
    assert "You can answer on the portal" not in letter
    shared = end is not guessed
    assert ("Programs can see that this permission has ended" in letter) is shared


def test_of_one_that_goes_on_nothing_says_that_it_ended(cast: Cast) -> None:
    pk = cast.share()
    copy(cast, pk)

    letter = receipts.letter(cast.alice, pk)

    assert receipts.whole(cast.alice, pk).how == ""
    assert "This goes on; my letter is about copies alone." in letter
    for untrue in ("has ended", "I took", "You can answer"):
        assert untrue not in letter


def test_who_is_asked_and_can_answer_is_told_where(cast: Cast) -> None:
    pk = cast.share()
    copy(cast, pk)
    granting.revoke(cast.alice, pk)
    asks = "You can answer on the portal"
    assert asks in receipts.letter(cast.alice, pk)

    leave_others(PURGER, user_of(cast.bob))
    open_walls()
    with as_owner():
        User.objects.filter(pk=user_of(cast.bob)).update(is_active=False)
    assert asks not in receipts.letter(cast.alice, pk)


def test_page_and_paper_say_the_same(cast: Cast) -> None:
    pk = closed(cast)
    alice = sign_in("alice@example.org")
    found = receipts.whole(cast.alice, pk)
    assert found.status

    page = text(alice.get(f"/sharing/receipts/{pk}/"))
    paper = said(receipts.receipt_pdf(cast.alice, pk))

    for here in (page, paper):
        assert found.how in here
        assert f"entry {found.status.index} of" in here
        assert "aken back" not in here


def test_a_letter_to_who_had_a_link_is_addressed_to_her(cast: Cast) -> None:
    letter = receipts.letter(cast.alice, guessed(cast))

    assert "Link for" not in letter
    assert "I gave you a link to health records of mine" in letter


def test_who_acts_for_a_patient_is_told_to_her_alone(cast: Cast) -> None:
    patient_id, acting = opened_for(cast.bob)
    week = replace(ALL, ends_at=timezone.now() + timedelta(days=7))
    pk = granting.grant(acting, "carol@example.org", scope=week)
    granting.accept(cast.carol, pk)
    with acting_as(cast.carol):
        items = [keep(patient_id).pk]
        note("copy", patient_id=patient_id, records=items, basis=f"grant:{pk}")
    granting.revoke(acting, pk)

    assert "Dr Bob Brown took it back for you on" in receipts.whole(acting, pk).how
    assert "Dr Bob Brown took it back for me on" in receipts.letter(acting, pk)
    (asked,) = attestations.asked_of_me(cast.carol)
    assert asked.how.startswith("It was taken back for the patient on")
    assert asked.ended
    assert asked.ended.who == ""


def test_a_deletion_that_was_undone_is_said_to_have_ended_it(cast: Cast) -> None:
    pk = cast.share()
    reference = erasures.erase_everything(cast.alice, account=False, undo_hours=24)
    erasures.undo(cast.alice, reference)

    assert "when the deletion of this record was asked for" in receipts.whole(cast.alice, pk).how
