"""Asking to be let in: a care provider asks, whoever owns the address grants, narrows or refuses.

The answer to the asker is the same whether somebody has the address or not, and stays so: only what
is granted ever shows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Max, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import keys
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Patient, Practitioner
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import AccessRequest, NoticeKind, Organization
from sharing.policy import Action
from sharing.scopes import Scope
from sharing.services import granting, notices
from sharing.services.recipients import Recipient, Refused
from sharing.serving import serving


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and why."""

    reason: str
    categories: tuple[Category, ...]
    sensitive: tuple[Sensitivity, ...] = ()
    may_copy: bool = False
    inward: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as its reader sees it."""

    request: AccessRequest
    wish: Wish
    person: accounts.Person
    facility: str = ""

    @property
    def scope(self) -> Scope:
        """The wish as a scope to begin from; what is sensitive is left for her to tick by name."""
        return Scope(
            self.wish.categories,
            (Sensitivity.N,) if self.wish.categories else (),
            self.wish.may_copy,
            None,
            inward_categories=self.wish.inward,
            inward_labels=(Sensitivity.N,) if self.wish.inward else (),
        )

    def recipient(self, *, facility: bool) -> Recipient:
        """To whom it is granted: who asked, or the facility as one of which she asked."""
        return _recipient(self.request, facility=facility)

    @property
    def state(self) -> str:
        """For who asked, one of: granted, over, open. That it was refused is not told."""
        if self.request.granted_at:
            return "granted"
        return "open" if self.request.expires_at > timezone.now() else "over"


def may_ask(actor: Actor) -> bool:
    """Whether she is a verified professional, or one of a verified facility."""
    with acting_as(actor):
        return _may_ask(actor)


def _may_ask(actor: Actor) -> bool:
    if actor.door is not Door.SESSION or actor.user_id is None or actor.acting_for:
        return False
    verified = Practitioner.objects.filter(user=actor.user_id, verified_at__isnull=False)
    return verified.exists() or policy.workplaces(actor).exists()


def facilities(actor: Actor) -> list[Organization]:
    """For which facilities the actor can ask."""
    with acting_as(actor):
        return list(policy.workplaces(actor))


def ask(actor: Actor, email: str, *, wish: Wish, organization_id: UUID | None = None) -> None:
    """Ask whoever owns this address to share, for a facility where the actor sees what is shared.

    Raises `Denied` for who is no verified professional and for a facility that is not hers, and
    `Refused` for too many in a day, and where she has several facilities and names none. A request
    to the same address is not made again before it is granted or its time is over: that she was
    refused shows by nothing, and for `PHR_REFUSED_DAYS` the patient is not asked by her again.
    """
    with acting_as(actor):
        asker, facility = speaking_for(actor, organization_id)
        mine = AccessRequest.objects.filter(asker=asker)
        recent = mine.filter(made_at__gt=timezone.now() - timedelta(days=1))
        if recent.count() >= settings.PHR_REQUESTS_A_DAY:
            raise Refused("You have asked many people today. Try again tomorrow.")
        same = mine.filter(email=email.lower())
        if same.filter(expires_at__gt=Now(), granted_at=None).exists():
            return
        lately = timezone.now() - timedelta(days=settings.PHR_REFUSED_DAYS)
        refused = same.filter(refused_at__gt=lately).aggregate(last=Max("refused_at"))["last"]
        row = AccessRequest(asker_id=asker, email=email.lower(), organization=facility)
        row.refused_at = refused
        _keep(actor, row, wish)


def speaking_for(actor: Actor, chosen: UUID | None) -> tuple[UUID, Organization | None]:
    """Who speaks to a patient, and for which facility; None for nobody's, a verified professional.

    Within an act. Raises `Denied` for who is neither, and `Refused` where she has to choose one.
    """
    if actor.user_id is None or not _may_ask(actor):
        raise Denied("ask")
    hers = list(policy.workplaces(actor))
    if chosen is None and len(hers) > 1:
        raise Refused("Choose for which facility you ask.")
    found = [one for one in hers if chosen in {None, one.pk}]
    if chosen and not found:
        raise Denied("ask", subject=f"Organization/{chosen}")
    return actor.user_id, found[0] if found else None


def _keep(actor: Actor, row: AccessRequest, wish: Wish) -> None:
    row.expires_at = timezone.now() + timedelta(days=settings.PHR_REQUEST_DAYS)
    row.asked_sealed = keys.seal_portal(_place(row), orjson.dumps(wish))
    row.save(force_insert=True)
    if row.refused_at:
        return
    owners = EmailAddress.objects.filter(email__iexact=row.email, verified=True)
    notices.tell(
        actor, NoticeKind.REQUEST, to=owners.values_list("user_id", flat=True),
        organization_id=row.organization_id,
    )  # fmt: skip
    note("ask", subject=f"AccessRequest/{row.pk}")


def _place(row: AccessRequest) -> str:
    return f"sharing_accessrequest/{row.pk}/asked"


def mine(actor: Actor, *, most: int = 50) -> list[Asked]:
    """What the actor asked for, newest first."""
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        # What was refused is kept longer, and must not show by that.
        rows = AccessRequest.objects.filter(asker=actor.user_id, expires_at__gt=_long_ago())
        return _shown(list(rows.order_by("-made_at")[:most]))


def waiting(actor: Actor) -> list[Asked]:
    """Who asks the actor, who keeps a record, to share."""
    with acting_as(actor):
        return _shown(list(_mine_to_answer(actor).order_by("-made_at")))


def _mine_to_answer(actor: Actor) -> QuerySet[AccessRequest]:
    patient = policy.require_own(actor)
    rows = _addressed(patient).filter(pk__in=AccessRequest.objects.open(), asker__is_active=True)
    return rows.exclude(asker=patient.user_id).select_related("organization")


def _addressed(patient: Patient) -> QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(email__in=accounts.verified_addresses(patient.user_id))


def one(actor: Actor, request_id: UUID) -> Asked:
    """One request for the actor to answer, or `Denied`."""
    with acting_as(actor):
        return _shown([_one(actor, request_id)])[0]


def _one(actor: Actor, request_id: UUID) -> AccessRequest:
    row = _mine_to_answer(actor).filter(pk=request_id).first()
    if row is None:
        raise Denied("read", subject=f"AccessRequest/{request_id}")
    return row


def _held(patient: Patient, request_id: UUID) -> AccessRequest:
    """One request to this patient, answered or not, held until the end of the act."""
    row = _addressed(patient).select_for_update().filter(pk=request_id).first()
    if row is None:
        raise Denied("read", patient_id=patient.pk, subject=f"AccessRequest/{request_id}")
    return row


def _shown(rows: list[AccessRequest]) -> list[Asked]:
    people = accounts.people({row.asker_id for row in rows})
    return [
        Asked(
            row,
            _wish(row),
            people[row.asker_id],
            row.organization.name if row.organization else "",
        )
        for row in rows
    ]


def _wish(row: AccessRequest) -> Wish:
    said = orjson.loads(keys.unseal_portal(_place(row), bytes(row.asked_sealed)))
    return Wish(
        said["reason"],
        tuple(Category(one) for one in said["categories"]),
        tuple(Sensitivity(one) for one in said["sensitive"]),
        said["may_copy"],
        tuple(Category(one) for one in said["inward"]),
    )


def grant(
    actor: Actor, request_id: UUID, *, scope: Scope, agreement: str = "", facility: bool = False
) -> UUID:
    """Let in who asked, at once, for she is known; or the facility as one of which she asked.

    Returns the Grant's id. Granting it twice gives one permission. Raises `Denied` for what is not
    the actor's to answer, `Refused` where she is no longer what she asked as, and what
    `granting.grant` raises.
    """
    with acting_as(actor):
        patient = granting.lock(actor, Action.SHARE)
        if given := _held(patient, request_id).given:
            return given
        row = _one(actor, request_id)
        _refuse_changed(row)
        to = _recipient(row, facility=facility)
        grant_id = granting.grant(actor, to, scope=scope, agreement=agreement)
        AccessRequest.objects.filter(pk=row.pk).update(granted_at=Now(), given=grant_id)
        return grant_id


def _recipient(row: AccessRequest, *, facility: bool) -> Recipient:
    if facility and row.organization_id:
        return Recipient(organization_id=row.organization_id)
    return Recipient(user_id=row.asker_id)


def _refuse_changed(row: AccessRequest) -> None:
    """Who asks is judged again at the answer: as one of the facility that is shown, or by herself.

    Who is on call there, but not at this hour, has not left.
    """
    if row.organization_id:
        open_now = Organization.objects.open().filter(pk=row.organization_id).exists()
        there = serving([row.organization_id]) if open_now else []
        if not any(one.user_id == row.asker_id and not one.administers for one in there):
            raise Refused("They no longer work at the facility for which they asked.")
        return
    verified = Practitioner.objects.filter(user=row.asker_id, verified_at__isnull=False)
    if not verified.exists():
        raise Refused("We can no longer say that they are a care professional.")


def refuse(actor: Actor, request_id: UUID) -> None:
    """Say no; who asked is not told. What was answered meanwhile stays as it was answered."""
    with acting_as(actor):
        patient = granting.lock(actor, Action.READ)
        row = _held(patient, request_id)
        if row.granted_at or row.refused_at:
            return
        row = _one(actor, request_id)
        AccessRequest.objects.filter(pk=row.pk).update(refused_at=Now())
        note("ask-refuse", patient_id=patient.pk, subject=f"AccessRequest/{row.pk}", basis="owner")


def forget_expired(actor: Actor) -> int:
    """Delete requests some time after their end, refused ones once they may be made again.

    Returns how many.
    """
    lately = timezone.now() - timedelta(days=settings.PHR_REFUSED_DAYS)
    with acting_as(actor):
        over = AccessRequest.objects.filter(expires_at__lte=_long_ago())
        gone, _ = over.exclude(refused_at__gt=lately).delete()
        return gone


def _long_ago() -> datetime:
    return timezone.now() - timedelta(days=settings.PHR_REQUEST_DAYS)
