"""Notes and requests for correction that who holds a permission writes beside it.

They are read while the permission stands, by who holds it and by the patient, and destroyed
afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts import keys
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.due import each
from phr.deliveries import Remark
from phr.models import Record
from phr.services.records import titles_of
from sharing import policy
from sharing.holding import hold
from sharing.models import Grant, NoticeKind, Path
from sharing.policy import Action, Grounds
from sharing.services import notices
from sharing.services.recipients import Refused

LONGEST = 4000
MOST = 200
_OVER = (
    Q(grant__revoked_at__isnull=False)
    | Q(grant__ends_at__isnull=False, grant__ends_at__lte=Now())
    | Q(grant__via__isnull=False, grant__via__revoked_at__isnull=False)
)


@dataclass(frozen=True, slots=True)
class Written:
    """One remark as its reader sees it; `title` is the item it is about, "" for none."""

    remark: Remark
    text: str
    person: accounts.Person
    title: str = ""

    @property
    def is_note(self) -> bool:
        return self.remark.kind == Remark.Kind.NOTE


def write_note(actor: Actor, patient_id: UUID, *, text: str) -> UUID:
    """Leave a note beside what the patient shares with the actor. Raises `Denied`.

    Raises `Refused` for too many in a day.
    """
    with acting_as(actor, about=patient_id):
        hold(patient_id)
        why = _held(actor, patient_id)
        row = Remark(kind=Remark.Kind.NOTE)
        _keep(actor, row, why.grants[0], text)
        _noted("note", row)
        return row.pk


def ask_correction(actor: Actor, patient_id: UUID, record_id: UUID, *, text: str) -> UUID:
    """Ask the patient to correct an item that the actor may see. Raises `Denied`.

    Raises `Refused` for too many in a day.
    """
    with acting_as(actor, about=patient_id):
        hold(patient_id)
        why = _held(actor, patient_id)
        records = Record.objects.all()
        item = policy.require(actor, Action.READ, records, patient_id, record_id, known=why)
        grant = next(grant for grant in why.grants if policy.covers(grant, item))
        row = Remark(kind=Remark.Kind.CORRECTION, record=item.pk)
        _keep(actor, row, grant, text)
        notices.tell(
            actor, NoticeKind.CORRECTION, patient_id=patient_id, grant_id=grant.pk,
            organization_id=grant.organization_id,
        )  # fmt: skip
        _noted("ask-correction", row)
        return row.pk


def _held(actor: Actor, patient_id: UUID) -> Grounds:
    """By which permissions somebody who is signed in sees something, not being its owner.

    What is opened in an emergency is for looking alone.
    """
    found = policy.grounds(actor, Action.READ, patient_id)
    lasting = (grant for grant in found.grants if grant.path != Path.EMERGENCY)
    why = replace(found, grants=tuple(lasting))
    if actor.door is not Door.SESSION or not why.grants:
        raise Denied("note", patient_id=patient_id, subject=f"Patient/{patient_id}")
    return why


def _keep(actor: Actor, row: Remark, grant: Grant, text: str) -> None:
    row.patient_id, row.grant_id = grant.patient_id, grant.pk
    if actor.user_id is None:
        raise Denied("note", patient_id=grant.patient_id)
    row.by_id = actor.user_id
    _refuse_many(row)
    plain = text[:LONGEST].encode()
    row.text_sealed = keys.seal(row.patient_id, keys.Purpose.BODY, _place(row), plain)
    row.save(force_insert=True)


def _refuse_many(row: Remark) -> None:
    day_ago = timezone.now() - timedelta(days=1)
    hers = Remark.objects.filter(patient=row.patient_id, by=row.by_id, made_at__gt=day_ago)
    if hers.count() >= settings.PHR_REMARKS_A_DAY:
        raise Refused("You have written a lot today. Try again tomorrow.")


def _place(row: Remark) -> str:
    return f"phr_remark/{row.pk}/text"


def _noted(action: str, row: Remark) -> None:
    items = [row.record] if row.record else []
    subject, basis = f"Remark/{row.pk}", f"grant:{row.grant_id}"
    note(action, patient_id=row.patient_id, records=items, subject=subject, basis=basis)


def beside(actor: Actor, patient_id: UUID) -> list[Written]:
    """What stands beside the permissions by which the actor sees this patient's record."""
    with acting_as(actor, about=patient_id):
        grants = [grant.pk for grant in _held(actor, patient_id).grants]
        rows = Remark.objects.filter(patient_id=patient_id, grant__in=grants)
        return _read(actor, patient_id, rows.order_by("-made_at")[:MOST])


def about_me(actor: Actor) -> list[Written]:
    """What others wrote beside what the actor shares, what waits for her answer first."""
    with acting_as(actor):
        patient = policy.require_own(actor)
    with acting_as(actor, about=patient.pk):
        waits = Case(When(kind=Remark.Kind.CORRECTION, answer="", then=0), default=1)
        rows = Remark.objects.filter(~_OVER, patient=patient).order_by(waits, "-made_at")
        return _read(actor, patient.pk, rows[:MOST])


def _read(actor: Actor, patient_id: UUID, rows: Iterable[Remark]) -> list[Written]:
    kept = list(rows)
    people = accounts.people({row.by_id for row in kept})
    titles = titles_of(actor, patient_id, [row.record for row in kept if row.record])
    return [
        Written(
            row,
            text_of(row),
            people.get(row.by_id) or accounts.Person("Somebody"),
            titles.get(row.record, "") if row.record else "",
        )
        for row in kept
    ]


def text_of(row: Remark) -> str:
    """What was written. Within an act of its patient, of who holds the permission, or of a job."""
    sealed = bytes(row.text_sealed)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, _place(row), sealed).decode()


def answer(actor: Actor, remark_id: UUID, *, said: Remark.Answer | None) -> None:
    """Say that an item was corrected, or that it stays; once. Raises `Denied`; None says nothing."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        open_ = Remark.objects.filter(pk=remark_id, patient=patient, kind=Remark.Kind.CORRECTION)
        if not open_.exists():
            raise Denied("answer", patient_id=patient.pk, subject=f"Remark/{remark_id}")
        if said and open_.filter(answer="").update(answer=said, answered_at=Now()):
            subject = f"Remark/{remark_id}"
            note("answer-correction", patient_id=patient.pk, subject=subject, basis="owner")


def forget_ended(actor: Actor) -> int:
    """Destroy what was written beside permissions that are over. For a job; returns how many."""
    with acting_as(actor):
        found = dict(Remark.objects.filter(_OVER).values_list("pk", "patient_id")[:MOST])
    return each(list(found), lambda pk: _forget(actor, pk, found[pk]))


def _forget(actor: Actor, remark_id: UUID, patient_id: UUID) -> bool:
    with acting_as(actor, about=patient_id):
        gone, _ = Remark.objects.filter(pk=remark_id).delete()
        return bool(gone)
