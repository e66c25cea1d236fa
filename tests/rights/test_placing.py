"""Who may place, release and open a legal hold: two members of staff, neither about herself."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.audit import DENIED
from accounts.models import AuditEvent, User
from rights import saga
from rights.models import Erasure, Hold
from rights.regimes import Jurisdiction, Right
from rights.services import cases, erasures, placing
from tests.cast import PURGER, Cast
from tests.raw import as_role, every
from tests.worlds.held import HOLDER, ask, hold, in_days, in_force, item, release, una
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
CLAIMS = Hold.Ground.LEGAL_CLAIMS
Act = Callable[[Actor, UUID], None]


@pytest.fixture
def colleague() -> Actor:
    return una()


def state(cast: Cast, hold_id: UUID) -> str:
    with acting_as(cast.sam):
        return Hold.objects.get(pk=hold_id).state


def count(cast: Cast) -> int:
    with acting_as(cast.sam):
        return Hold.objects.count()


# --- two people ----------------------------------------------------------------------------------


def test_it_counts_from_the_confirmation_to_the_release(cast: Cast, colleague: Actor) -> None:
    row = item(cast)
    hold_id = ask(cast, row)
    assert in_force(cast) == set()

    placing.confirm_hold(colleague, hold_id)
    assert in_force(cast) == {row.pk}

    placing.ask_release(cast.sam, hold_id)
    assert in_force(cast) == {row.pk}

    placing.confirm_release(colleague, hold_id)
    assert in_force(cast) == set()


# Each act that needs a second person, and what brings a hold to where it can be done by sam.
SECOND: list[tuple[Act, Act | None, str]] = [
    (placing.confirm_hold, None, "waiting"),
    (placing.confirm_release, placing.ask_release, "release asked"),
    (placing.allow_opening, placing.ask_opening, "in force"),
]


@pytest.mark.parametrize(("act", "before", "there"), SECOND)
def test_nobody_is_her_own_second_person(
    cast: Cast, colleague: Actor, act: Act, before: Act | None, there: str
) -> None:
    hold_id = ask(cast, item(cast))
    if before:
        placing.confirm_hold(colleague, hold_id)
        before(cast.sam, hold_id)

    with pytest.raises(Denied):
        act(cast.sam, hold_id)

    assert state(cast, hold_id) == there
    act(colleague, hold_id)


@pytest.mark.parametrize("asks", ["sam", "una"])
@pytest.mark.parametrize("releases", ["sam", "una"])
def test_whoever_placed_it_may_take_either_part_in_the_release(
    cast: Cast, colleague: Actor, asks: str, releases: str
) -> None:
    people = {"sam": cast.sam, "una": colleague}
    hold_id = hold(cast, colleague, item(cast))
    placing.ask_release(people[asks], hold_id)

    if asks == releases:
        with pytest.raises(Denied):
            placing.confirm_release(people[releases], hold_id)
    else:
        placing.confirm_release(people[releases], hold_id)

    assert state(cast, hold_id) == ("release asked" if asks == releases else "released")


EVERY: list[Act] = [
    placing.confirm_hold, placing.decline_hold, placing.review_hold, placing.ask_release,
    placing.decline_release, placing.confirm_release, placing.ask_opening, placing.allow_opening,
]  # fmt: skip


def staged(cast: Cast, colleague: Actor, owner: Actor | None = None) -> list[UUID]:
    """A hold in each state, so that every act finds one that it could be done to."""
    patient_id = cast.alice_id if owner is None else accounts.begin_record(owner, name="Una")
    stages: list[list[tuple[Actor, Act]]] = [
        [],
        [(colleague, placing.confirm_hold)],
        [(colleague, placing.confirm_hold), (cast.sam, placing.ask_release)],
        [(colleague, placing.confirm_hold), (cast.sam, placing.ask_opening)],
        [(colleague, placing.decline_hold)],
    ]
    found = []
    for stage in stages:
        hold_id = ask(cast, keep(patient_id))
        for actor, act in stage:
            act(actor, hold_id)
        found.append(hold_id)
    return found


def test_only_staff_on_the_desk_do_anything(cast: Cast, colleague: Actor) -> None:
    others = [
        cast.alice, cast.bob, cast.carol, HOLDER, PURGER, Actor(),
        Actor.session(cast.sam.user_id or uuid4()),
    ]  # fmt: skip
    row = keep(cast.alice_id)
    stages = staged(cast, colleague)
    before = [state(cast, hold_id) for hold_id in stages]
    for actor in others:
        with pytest.raises(Denied):
            placing.ask_hold(actor, cast.alice_id, row.pk, ground=CLAIMS, review_on=in_days(9))
        for hold_id in stages:
            for act in EVERY:
                with pytest.raises(Denied):
                    act(actor, hold_id)
    assert [state(cast, hold_id) for hold_id in stages] == before


def test_nobody_decides_about_her_own_record(cast: Cast, colleague: Actor) -> None:
    third = Actor.staff(User.objects.create_user("vera@example.org", is_staff=True).pk)
    own = Actor.session(colleague.user_id or uuid4())
    for hold_id in staged(cast, third, own):
        before = state(cast, hold_id)
        for act in EVERY:
            with pytest.raises(Denied):
                act(colleague, hold_id)
        assert state(cast, hold_id) == before
    patient_id = accounts.begin_record(own, name="Una")
    with pytest.raises(Denied):
        placing.ask_hold(
            colleague, patient_id, keep(patient_id).pk, ground=CLAIMS, review_on=in_days(9)
        )


def test_an_act_fits_only_the_state_it_is_for(cast: Cast, colleague: Actor) -> None:
    """Every state and every act, done by somebody who took no part so far."""
    third = Actor.staff(User.objects.create_user("vera@example.org", is_staff=True).pk)
    allowed = [
        {placing.confirm_hold, placing.decline_hold},
        {placing.review_hold, placing.ask_release, placing.ask_opening},
        {placing.decline_release, placing.confirm_release, placing.ask_opening},
        {placing.review_hold, placing.ask_release, placing.ask_opening, placing.allow_opening},
        set(),
    ]
    for hold_id, right in zip(staged(cast, colleague), allowed, strict=True):
        done = set()
        for act in EVERY:
            with transaction.atomic():
                try:
                    act(third, hold_id)
                    done.add(act)
                except Denied:
                    pass
                transaction.set_rollback(True)
        assert done == right


def test_what_was_declined_never_counts(cast: Cast, colleague: Actor) -> None:
    hold_id = ask(cast, item(cast))
    placing.decline_hold(cast.sam, hold_id)

    with pytest.raises(Denied):
        placing.confirm_hold(colleague, hold_id)
    assert in_force(cast) == set()


def test_a_release_that_is_declined_can_be_asked_for_again(cast: Cast, colleague: Actor) -> None:
    hold_id = hold(cast, colleague, item(cast))
    placing.ask_release(cast.sam, hold_id)
    placing.decline_release(colleague, hold_id)
    assert state(cast, hold_id) == "in force"

    release(cast, colleague, hold_id)

    assert state(cast, hold_id) == "released"


# --- which items, and until when -----------------------------------------------------------------


def test_an_item_that_is_not_there_or_is_anothers_is_not_held(cast: Cast) -> None:
    for patient_id, record_id in (
        (cast.alice_id, uuid4()),
        (cast.carol_id, keep(cast.alice_id).pk),
        (uuid4(), uuid4()),
    ):
        with pytest.raises(Denied):
            placing.ask_hold(cast.sam, patient_id, record_id, ground=CLAIMS, review_on=in_days(30))
    assert count(cast) == 0


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_the_ground_is_looked_at_again_within_a_year(cast: Cast, days: int) -> None:
    row = item(cast)
    with pytest.raises(ValueError, match="within a year"):
        placing.ask_hold(cast.sam, cast.alice_id, row.pk, ground=CLAIMS, review_on=in_days(days))
    assert count(cast) == 0


def test_a_review_moves_the_day(cast: Cast, colleague: Actor) -> None:
    hold_id = hold(cast, colleague, item(cast))
    with acting_as(cast.sam):
        Hold.objects.update(review_on=in_days(-10))

    placing.review_hold(cast.sam, hold_id)

    with acting_as(cast.sam):
        assert Hold.objects.get(pk=hold_id).review_on == in_days(180)


def test_one_item_is_held_once_on_each_ground(cast: Cast) -> None:
    row = item(cast)
    ask(cast, row)
    ask(cast, row, ground=Hold.Ground.LEGAL_OBLIGATION)

    with pytest.raises(Denied):
        ask(cast, row)
    assert count(cast) == 2


# --- before and after a request to delete --------------------------------------------------------


def flagged(cast: Cast, hold_id: UUID) -> bool:
    with acting_as(cast.sam):
        return Hold.objects.get(pk=hold_id).placed_after_request


@pytest.mark.parametrize(
    "asked",
    ["never", "first", "before the confirmation", "another item", "at the desk", "taken back"],
)
def test_a_hold_placed_after_a_request_to_delete_is_flagged(
    cast: Cast, colleague: Actor, asked: str
) -> None:
    row, other = item(cast), keep(cast.alice_id)
    if asked == "first":
        erasures.erase_record(cast.alice, row.pk)
    if asked == "another item":
        erasures.erase_record(cast.alice, other.pk)
    if asked in {"at the desk", "taken back"}:
        words, where = "Please delete this.", Jurisdiction.EU
        case = cases.open_case(cast.alice, right=Right.ERASURE, jurisdiction=where, words=words)
        if asked == "taken back":
            cases.withdraw(cast.alice, case)
    hold_id = ask(cast, row)
    if asked == "before the confirmation":
        erasures.erase_everything(cast.alice, account=False, undo_hours=72)
    placing.confirm_hold(colleague, hold_id)

    assert flagged(cast, hold_id) is (asked in {"first", "before the confirmation", "at the desk"})


def test_what_is_purged_is_not_held_any_more(cast: Cast, colleague: Actor) -> None:
    row = item(cast)
    hold_id = ask(cast, row)
    erasures.erase_record(cast.alice, row.pk)
    saga.carry_on_due(PURGER)

    for act in (lambda: ask(cast, row), lambda: placing.confirm_hold(colleague, hold_id)):
        with pytest.raises(Denied):
            act()
    assert state(cast, hold_id) == "declined"


def test_nothing_is_held_once_a_worker_has_begun_to_destroy(cast: Cast, colleague: Actor) -> None:
    row = item(cast)
    hold_id = ask(cast, row)
    erasure_id = erasures.erase_record(cast.alice, row.pk)
    with acting_as(PURGER):
        assert Erasure.objects.filter(pk=erasure_id).update(attempts=1)

    with pytest.raises(Denied):
        placing.confirm_hold(colleague, hold_id)


# --- the second wall -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "confirmed_by = asked_by, confirmed_at = now()",
        "confirmed_by = %(me)s, confirmed_at = now()",
        "confirmed_by = %(other)s, confirmed_at = now()",
        "declined_by = %(other)s, declined_at = now()",
        "released_by = %(me)s, released_at = now()",
        "rehomed_at = now()",
        "record_id = gen_random_uuid()",
        "ground = 'legal-obligation'",
        "asked_by = %(other)s",
        "review_on = now() + interval '400 days'",
    ],
)
def test_the_database_refuses_to_sign_for_another_or_for_oneself(
    cast: Cast, colleague: Actor, change: str
) -> None:
    """sam asked, and his hands are on the database itself."""
    ask(cast, item(cast))
    names = {"me": cast.sam.user_id, "other": colleague.user_id}
    with (
        pytest.raises((IntegrityError, ProgrammingError)) as refused,
        acting_as(cast.sam),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE rights_hold SET {change}", names)  # noqa: S608
    text = str(refused.value)
    assert "violates check" in text or "permission denied" in text or "own name" in text


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_the_database_lets_only_staff_place_a_hold(cast: Cast, name: str) -> None:
    row = item(cast)
    actor = getattr(cast, name)
    insert = (
        "INSERT INTO rights_hold (id, patient_id, record_id, ground, review_on, asked_by,"
        " placed_after_request) VALUES (gen_random_uuid(), %s, %s, 'legal-claims', now(), %s, false)"
    )
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        acting_as(actor),
        connection.cursor() as cursor,
    ):
        cursor.execute(insert, [row.patient_id, row.pk, actor.user_id])


def test_no_page_can_reach_what_is_kept() -> None:
    for table in ("rights_helditem", "rights_heldfile"):
        with as_role("phr_web") as opened, pytest.raises(InsufficientPrivilege):
            opened.execute(every(table))


# --- the trail -----------------------------------------------------------------------------------


def test_every_decision_is_written_down_and_so_is_every_refusal(
    cast: Cast, colleague: Actor
) -> None:
    row = item(cast)
    hold_id = ask(cast, row)
    with pytest.raises(Denied):
        placing.confirm_hold(cast.sam, hold_id)
    placing.confirm_hold(colleague, hold_id)
    release(cast, colleague, hold_id)

    with acting_as(cast.sam):
        events = AuditEvent.objects.filter(subject=f"Hold/{hold_id}").order_by("at")
        told = [(one.action, one.actor_id, one.outcome == DENIED) for one in events]
    sam, other = cast.sam.user_id, colleague.user_id
    assert told == [
        ("hold-ask", sam, False),
        ("hold", sam, True),
        ("hold", other, False),
        ("hold-release-ask", other, False),
        ("hold-release", sam, False),
    ]
