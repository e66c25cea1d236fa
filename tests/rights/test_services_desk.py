"""What staff do to a request: every step of the table, refusals by two, clocks, and the trail."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.http import Http404
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent, Patient
from rights.casework import Refused
from rights.models import CaseMessage, RightRequest
from rights.regimes import Jurisdiction, Right
from rights.services import cases, desk, erasures
from rights.transitions import Party, State, Step, after, steps
from tests.worlds.cases import DO, Desk, received_on

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
SECRET = "Quillfeather"
# How a fresh request gets into each state, by which steps of sam.
PATHS = {
    State.RECEIVED: [],
    State.ACKNOWLEDGED: [Step.ACKNOWLEDGE],
    State.WAITING: [Step.ASK],
    State.PROPOSED: [Step.PROPOSE],
    State.DECIDED: [Step.GRANT],
    State.CLOSED: [Step.GRANT, Step.CLOSE],
}


@pytest.fixture
def desk_world() -> Desk:
    return Desk.enter()


def events(actor: Actor) -> list[str]:
    with acting_as(actor):
        rows = AuditEvent.objects.filter(action__startswith="case-").order_by("at")
        return [row.action for row in rows]


# --- the table, tried on rows --------------------------------------------------------------------


def test_the_desk_can_do_what_the_table_says_and_nothing_else(desk_world: Desk) -> None:
    for state, path in PATHS.items():
        _, pk = desk_world.ask("restriction")
        for step in path:
            DO[Step.LIFT if step is Step.CLOSE else step](desk_world.sam, pk)
        assert desk_world.row(pk).state == state
        try_every_step(desk_world, desk_world.sam, state, pk)
        if state is State.PROPOSED:
            try_every_step(desk_world, desk_world.tom, state, pk)


def try_every_step(desk_world: Desk, actor: Actor, state: State, pk: UUID) -> None:
    other = state is State.PROPOSED and actor is desk_world.tom
    # A restriction that is in force is lifted, not closed.
    listed = set(steps(state, Party.COLLEAGUE if other else Party.STAFF)) - {Step.CLOSE}
    assert set(desk.may(actor, pk)) == listed
    for step, act in DO.items():
        with transaction.atomic():
            if step in listed:
                act(actor, pk)
                follows = after(state, Party.COLLEAGUE if other else Party.STAFF, step)
                assert desk_world.row(pk).state == follows
            else:
                with pytest.raises(Refused):
                    act(actor, pk)
                assert desk_world.row(pk).state == state
            transaction.set_rollback(True)


def test_she_can_do_what_the_table_says_and_nothing_else(desk_world: Desk) -> None:
    alice = desk_world.cast.alice
    for state in State:
        reference, pk = desk_world.ask()
        for step in PATHS.get(state, []):
            DO[step](desk_world.sam, pk)
        if state is State.WITHDRAWN:
            cases.withdraw(alice, reference)
        page = cases.case(alice, reference)
        follows = after(state, Party.PERSON, Step.WRITE), after(state, Party.PERSON, Step.WITHDRAW)
        assert (page.may_write, page.may_withdraw) == tuple(one is not None for one in follows)
        for step, to in zip((Step.WRITE, Step.WITHDRAW), follows, strict=True):
            with transaction.atomic():
                if to:
                    act_as_she(alice, reference, step)
                else:
                    with pytest.raises(Refused):
                        act_as_she(alice, reference, step)
                assert desk_world.row(pk).state == (to or state)
                transaction.set_rollback(True)


def act_as_she(alice: Actor, reference: str, step: Step) -> None:
    if step is Step.WRITE:
        cases.write_message(alice, reference, text="Well.")
    else:
        cases.withdraw(alice, reference)


def test_every_act_of_the_desk_is_written_down_and_told_without_a_word_of_it(
    desk_world: Desk,
) -> None:
    reference, pk = desk_world.ask(words=SECRET)
    for step in (Step.ACKNOWLEDGE, Step.WRITE, Step.ASK, Step.RESUME, Step.EXTEND, Step.GRANT):
        DO[step](desk_world.sam, pk)
    desk.read(desk_world.sam, pk)
    desk.close(desk_world.tom, pk)

    assert events(desk_world.cast.alice) == [
        "case-open", "case-acknowledge", "case-write", "case-ask", "case-resume", "case-extend",
        "case-grant", "case-read", "case-close",
    ]  # fmt: skip
    letters = [letter for letter in mail.outbox if "rights desk" in letter.subject]
    assert len(letters) == 8
    for letter in letters:
        assert letter.to == ["alice@example.org"]
        assert f"/rights/cases/{reference}/" in letter.body
        assert not any(word in letter.body for word in (SECRET, "access", "Who?", "long", "Yes"))


def test_nobody_works_on_a_request_of_her_own(desk_world: Desk) -> None:
    sam = Actor.session(desk_world.sam.user_id or desk_world.cast.alice_id)
    reference = cases.open_case(sam, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="Mine")
    pk = desk_world.requests(reference)[0].pk

    with pytest.raises(Http404):
        desk.read(desk_world.sam, pk)
    assert desk.read(desk_world.tom, pk).letters


@pytest.mark.parametrize("account", [True, False], ids=["account", "record"])
def test_of_who_is_hidden_the_desk_reads_and_writes_no_word(
    desk_world: Desk, account: bool
) -> None:
    alice, (_, pk) = desk_world.cast.alice, desk_world.ask(words=SECRET)
    deletion = erasures.erase_everything(alice, account=account, undo_hours=72)

    for act in (desk.read, desk.may, *DO.values()):
        with pytest.raises(Http404):
            act(desk_world.sam, pk)
    with acting_as(desk_world.sam):
        assert not CaseMessage.objects.exists()
        # Its days run on, and the desk sees them.
        assert RightRequest.objects.get(pk=pk).state == State.RECEIVED

    erasures.undo(alice, deletion)
    assert SECRET in str(desk.read(desk_world.sam, pk).letters)


# --- refusing ------------------------------------------------------------------------------------


def test_a_refusal_takes_two_and_she_reads_nothing_of_it_before(desk_world: Desk) -> None:
    alice, (reference, pk) = desk_world.cast.alice, desk_world.ask("erasure")
    sent = len(mail.outbox)
    desk.decide(desk_world.sam, pk, decision="refused", ground="legal-claims", text=SECRET)

    before = cases.case(alice, reference)
    assert len(mail.outbox) == sent
    assert SECRET not in str(before.letters)
    assert before.asked[0].state.label == State.ACKNOWLEDGED.label
    with acting_as(alice):
        assert CaseMessage.objects.count() == 1
    assert SECRET in str(desk.read(desk_world.tom, pk).letters)
    with pytest.raises(Refused):
        desk.confirm(desk_world.sam, pk)

    desk.confirm(desk_world.tom, pk)

    told = cases.case(alice, reference)
    assert told.letters[-1].text == SECRET
    assert told.asked[0].ground is not None
    assert told.asked[0].ground.cite.startswith("GDPR Art. 17(3)(e)")
    assert len(mail.outbox) == sent + 1


def test_a_ground_must_fit_the_right(desk_world: Desk) -> None:
    _, pk = desk_world.ask("access")
    for ground in ("legal-claims", "no such ground", ""):
        with pytest.raises(Refused, match="ground that fits"):
            desk.decide(desk_world.sam, pk, decision="partly", ground=ground, text="No.")


def test_the_database_too_wants_two_names_for_a_refusal(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    desk.decide(desk_world.sam, pk, decision="refused", ground="unfounded", text="No.")
    with acting_as(desk_world.sam), pytest.raises(IntegrityError), transaction.atomic():
        RightRequest.objects.filter(pk=pk).update(
            state="decided", decided_by=desk_world.sam.user_id
        )


def test_staff_cannot_slip_in_a_request_that_is_decided_already(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    given = {"decision": "refused", "ground": "excessive", "proposed_by": uuid4()}
    for forged in ({"state": "decided", "decided_by": desk_world.sam.user_id} | given, given):
        row = desk_world.row(pk)
        row.pk, row.right = uuid4(), "erasure"
        for name, value in forged.items():
            setattr(row, name, value)
        with (
            acting_as(desk_world.sam),
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
        ):
            row.save(force_insert=True)


# --- the clock -----------------------------------------------------------------------------------


def test_a_question_stops_the_clock_where_the_law_says_so(desk_world: Desk) -> None:
    for place, waits in (("eu", True), ("uk", True), ("other-us", False)):
        reference, pk = desk_world.ask(place=place)
        DO[Step.ASK](desk_world.sam, pk)
        assert (desk_world.row(pk).waiting_since is not None) is waits
        assert cases.case(desk_world.cast.alice, reference).asked[0].state is State.WAITING

        cases.write_message(desk_world.cast.alice, reference, text="It is me.")

        row = desk_world.row(pk)
        assert (row.state, row.waiting_since) == (State.ACKNOWLEDGED, None)
        with acting_as(desk_world.sam):
            kinds = [one.kind for one in row.clock.order_by("at")]
        assert kinds == ["started", "paused", "resumed"]


@pytest.mark.parametrize("act", [Step.PROPOSE, Step.WITHDRAW, Step.RESUME])
def test_only_an_answer_moves_the_last_day(desk_world: Desk, act: Step) -> None:
    alice, (reference, pk) = desk_world.cast.alice, desk_world.ask(place="uk")
    today = timezone.localdate()
    received_on(pk, today - timedelta(days=20))
    DO[Step.ASK](desk_world.sam, pk)

    if act is Step.WITHDRAW:
        cases.withdraw(alice, reference)
    else:
        DO[act](desk_world.sam, pk)

    due = cases.case(alice, reference).asked[0].due
    answered = act is Step.RESUME
    assert due.paused_since is None
    assert (due.legal > today + timedelta(days=20)) is answered
    assert ("you answered" in str(due.derivation)) is answered
    assert ("went on without an answer" in str(due.derivation)) is not answered


def test_more_time_is_taken_once_and_before_the_first_limit(desk_world: Desk) -> None:
    _, pk = desk_world.ask()
    before = desk_world.row(pk).legal_on
    DO[Step.EXTEND](desk_world.sam, pk)

    assert desk_world.row(pk).legal_on > before + timedelta(days=50)
    with pytest.raises(Refused, match="no more time"):
        DO[Step.EXTEND](desk_world.sam, pk)
    _, late = desk_world.ask()
    received_on(late, date(2026, 1, 31))
    with pytest.raises(Refused, match="by 2 March 2026"):
        DO[Step.EXTEND](desk_world.sam, late)
    _, without = desk_world.ask("complaint", "eu")
    with pytest.raises(Refused):
        DO[Step.EXTEND](desk_world.sam, without)


def test_what_happened_to_a_clock_can_only_be_added_to(desk_world: Desk) -> None:
    desk_world.ask()
    for statement in ("UPDATE rights_clockevent SET kind = ''", "DELETE FROM rights_clockevent"):
        with (
            acting_as(desk_world.sam),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_late_request_is_told_to_be_late(desk_world: Desk) -> None:
    reference, pk = desk_world.ask()
    assert not cases.case(desk_world.cast.alice, reference).asked[0].is_late
    received_on(pk, date(2026, 1, 31))
    assert cases.case(desk_world.cast.alice, reference).asked[0].is_late


# --- what a decision does ------------------------------------------------------------------------


def test_a_granted_restriction_lets_the_record_rest_until_it_is_lifted(desk_world: Desk) -> None:
    reference, pk = desk_world.ask("restriction")
    desk.decide(desk_world.sam, pk, decision="granted", text="Yes.")
    with acting_as(desk_world.cast.alice):
        assert Patient.objects.get(pk=desk_world.cast.alice_id).restricted_at
    # She can still ask and write while her record rests.
    cases.write_message(desk_world.cast.alice, reference, text="Thank you.")
    desk_world.ask("complaint")

    desk.lift(desk_world.tom, pk, text="It ends today.")

    with acting_as(desk_world.cast.alice):
        assert Patient.objects.get(pk=desk_world.cast.alice_id).restricted_at is None
    assert desk_world.row(pk).state == State.CLOSED


def test_without_a_record_nothing_can_rest(desk_world: Desk) -> None:
    reference = cases.open_case(
        desk_world.cast.bob, right=Right.RESTRICTION, jurisdiction=Jurisdiction.EU, words="Stop"
    )
    with pytest.raises(Refused, match="keeps no record"):
        desk.decide(
            desk_world.sam, desk_world.requests(reference)[0].pk, decision="granted", text="Yes."
        )
