"""Acting for a patient: who does, for whom, and since when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from sharing import policy
from sharing.models import Authority, Grant, Path
from sharing.policy import Action


@dataclass(frozen=True, slots=True)
class Ward:
    """A patient whom somebody may act for, and what that lets her do."""

    patient_id: UUID
    name: str
    authority: Authority
    may_manage: bool
    decides: bool = False
    until: datetime | None = None


def wards(actor: Actor) -> list[Ward]:
    """The patients whom the actor, as herself, may act for or look after now."""
    with acting_as(actor):
        rows = policy.reached(actor, Action.READ).filter(path=Path.PROXY)
        return [_ward(row) for row in rows.select_related("patient").order_by("created_at", "id")]


def ward(actor: Actor, patient_id: UUID) -> Ward:
    """One of them that the actor may act for, or `Denied`."""
    for found in wards(actor):
        if found.patient_id == patient_id and found.may_manage:
            return found
    raise Denied("act-for", patient_id=patient_id, subject=f"Patient/{patient_id}")


def _ward(row: Grant) -> Ward:
    name, authority = accounts.name_of(row.patient), Authority(row.authority)
    decides = row.may_decide and row.patient.opened_by_id == row.grantee_id
    return Ward(row.patient_id, name, authority, row.may_manage, decides, row.ends_at)


def decides(actor: Actor) -> bool:
    """Whether the actor decides about the record that her pages are about: her own, or a dependent's."""
    if actor.acting_for is None:
        return True
    with acting_as(actor):
        return policy.deciding(actor).exists()


def act_for(actor: Actor, patient_id: UUID) -> Actor:
    """Begin to act for a patient: the actor that she is from now on. `Denied` for who may not."""
    if actor.user_id is None:
        raise Denied("act-for", patient_id=patient_id, subject=f"Patient/{patient_id}")
    acting = Actor.session(actor.user_id, request_id=actor.request_id, acting_for=patient_id)
    with acting_as(acting):
        row = policy.reached(acting, Action.READ).order_by("created_at", "id").first()
        if row is None:
            raise Denied("act-for", patient_id=patient_id, subject=f"Patient/{patient_id}")
        note("act-for", patient_id=patient_id, subject=f"Grant/{row.pk}", basis=f"grant:{row.pk}")
    return acting
