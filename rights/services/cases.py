"""Cases from the side of the person who asks: opening one, writing, taking it back, reading it."""

from uuid import UUID, uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Patient
from rights import casework, letters, transitions
from rights.casework import CasePage, Refused
from rights.models import Case, CaseMessage, ClockEvent, Erasure, RightRequest
from rights.models.erasures import Scope
from rights.regimes import Jurisdiction, Right
from rights.transitions import OPEN, Party, State, Step

MOST_OPEN = 20


def open_case(actor: Actor, *, right: Right, jurisdiction: Jurisdiction, words: str) -> str:
    """Ask for a right: one request for each law that may apply. Returns the case's reference.

    Raises `Denied` for anybody who is not signed in, `Refused` for too many open cases.
    """
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("case-open")
    with acting_as(actor):
        if _own(actor).filter(closed_at=None).count() >= MOST_OPEN:
            raise Refused(f"You have {MOST_OPEN} open requests. Wait until some are answered.")
        patient = Patient.objects.filter(user_id=actor.user_id).first()
        case = Case(user_id=actor.user_id, jurisdiction=jurisdiction, received_at=timezone.now())
        case.patient_id = patient.pk if patient else None
        case.save()
        casework.begin(case, right)
        letters.write(case, words, by_desk=False)
        _note("open", case)
        casework.tell(case)
        return case.reference


def write_message(actor: Actor, reference: str, *, text: str) -> None:
    """Write to the desk. An answer that was waited for sets the clock going again.

    Raises `Refused` once the case is over.
    """
    with acting_as(actor):
        case = _own_case(actor, reference)
        steps = _steps(case, Step.WRITE)
        if not steps:
            raise Refused("This request is closed. You can send a new one.")
        letters.write(case, text, by_desk=False)
        for row, state in steps:
            casework.move(row, state, answered=True)
        _note("write", case)


def withdraw(actor: Actor, reference: str) -> None:
    """Take back what is not answered yet. Raises `Refused` when nothing is."""
    with acting_as(actor):
        case = _own_case(actor, reference)
        steps = _steps(case, Step.WITHDRAW)
        if not steps:
            raise Refused("There is nothing left to take back.")
        for row, state in steps:
            casework.move(row, state)
        casework.settle(case)
        _note("withdraw", case)


def cases(actor: Actor) -> list[CasePage]:
    """The actor's own cases, newest first, without their messages. Raises `Denied` for nobody."""
    with acting_as(actor):
        rows = list(_own(actor).order_by("-received_at", "-id"))
        return [casework.page(case, []) for case in rows]


def case(actor: Actor, reference: str) -> CasePage:
    """One of the actor's own cases, or `Denied`."""
    with acting_as(actor):
        found = _own_case(actor, reference)
        return casework.page(found, letters.read(found))


def forget_patient(actor: Actor, patient_id: UUID) -> int:
    """Take a patient's cases off her record, before it is erased. Returns how many cases.

    Whoever keeps her account keeps her cases, as somebody without a record. Where the account goes
    too, they are emptied of who asked and what was written: what stays is the reference, which
    rights under which laws, the days and the outcome. Doing it again changes nothing. Raises
    `Denied` for anybody but a job.
    """
    with acting_as(actor, about=patient_id):
        leaving = Erasure.objects.filter(scope=Scope.ACCOUNT, undone_at=None)
        leaving = leaving.exclude(user_id=None)
        cases = Case.objects.filter(patient_id=patient_id)
        of_leavers = cases.filter(Q(user_id=None) | Q(user_id__in=leaving.values("user_id")))
        return _forget(actor, of_leavers) + _keep(cases)


def forget_user(actor: Actor, user_id: UUID) -> int:
    """The same for somebody's cases without a record, when the account is erased.

    Where she decided as staff, a number that means nobody takes the place of hers.
    """
    with acting_as(actor):
        count = _forget(actor, Case.objects.filter(patient_id=None, user_id=user_id))
        for name in ("proposed_by", "decided_by"):
            RightRequest.objects.filter(**{name: user_id}).update(**{name: uuid4()})
        return count


def _forget(actor: Actor, cases: QuerySet[Case]) -> int:
    if actor.door is not Door.SYSTEM:
        raise Denied("case-forget")
    ids = list(cases.values_list("pk", flat=True))
    CaseMessage.objects.filter(case_id__in=ids).delete()
    requests = RightRequest.objects.filter(case_id__in=ids)
    ClockEvent.objects.filter(request__in=requests).update(patient_id=None)
    requests.filter(state__in=OPEN).update(state=State.WITHDRAWN, waiting_since=None)
    requests.update(patient_id=None)
    Case.objects.filter(pk__in=ids, closed_at=None).update(closed_at=timezone.now())
    Case.objects.filter(pk__in=ids).update(patient_id=None, user_id=None)
    return len(ids)


def _keep(cases: QuerySet[Case]) -> int:
    ids = list(cases.values_list("pk", flat=True))
    for message in CaseMessage.objects.filter(case_id__in=ids, patient_id__isnull=False):
        letters.take_off_record(message)
    requests = RightRequest.objects.filter(case_id__in=ids)
    ClockEvent.objects.filter(request__in=requests).update(patient_id=None)
    requests.update(patient_id=None)
    return Case.objects.filter(pk__in=ids).update(patient_id=None)


def _own(actor: Actor) -> QuerySet[Case]:
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("case-read")
    return Case.objects.filter(user_id=actor.user_id)


def _own_case(actor: Actor, reference: str) -> Case:
    found = _own(actor).filter(reference=reference).first()
    if found is None:
        raise Denied("case-read")
    return found


def _steps(case: Case, step: Step) -> list[tuple[RightRequest, State]]:
    """The requests of a case, locked, to which the person may do this, and what follows."""
    rows = case.requests.select_for_update(of=("self",)).order_by("id")
    after = [(row, transitions.after(State(row.state), Party.PERSON, step)) for row in rows]
    return [(row, state) for row, state in after if state is not None]


def _note(act: str, case: Case) -> None:
    note(f"case-{act}", patient_id=case.patient_id, subject=f"Case/{case.pk}", basis="owner")
