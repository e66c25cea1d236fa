"""Signing the lists of ended permissions ahead, so that whoever asks for one costs nothing."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from sharing import statuses
from sharing.models import Grant, StatusList


@dataclass(frozen=True, slots=True)
class Status:
    """Where the status of one permission is told (section 6.2 of the draft): `uri` and `idx`."""

    uri: str
    index: int

    @classmethod
    def of(cls, serial: int) -> "Status":
        """That of the permission with this serial."""
        number, index = statuses.place(serial)
        return cls(statuses.address(number), index)


def sign_due(actor: Actor) -> int:
    """Sign every list whose token is older than half the time it may be kept. For a job.

    Returns how many were signed.
    """
    with acting_as(actor):
        highest = Grant.objects.aggregate(highest=Max("serial"))["highest"] or 0
        known = dict(StatusList.objects.values_list("number", "made_at"))
    last = max([highest // statuses.PERMISSIONS, *known])
    young = timezone.now() - timedelta(seconds=settings.PHR_STATUS_SECONDS / 2)
    due = [one for one in range(last + 1) if one not in known or known[one] < young]
    for number in due:
        _sign(actor, number)
    return len(due)


def _sign(actor: Actor, number: int, *, whole: bool = False) -> None:
    """Sign one list; `whole` says that all of its indices were given away."""
    first = number * statuses.PERMISSIONS
    with acting_as(actor):
        now = timezone.now()
        row = StatusList.objects.select_for_update().filter(pk=number).first()
        mine = Grant.objects.filter(serial__gte=first, serial__lt=first + statuses.PERMISSIONS)
        highest = mine.aggregate(highest=Max("serial"))["highest"]
        made_up_to = max(first if highest is None else highest + 1, row.made_up_to if row else 0)
        if whole:
            made_up_to = first + statuses.PERMISSIONS
        going_on = mine.filter(Q(ends_at=None) | Q(ends_at__gt=now), revoked_at=None)
        alive = set(going_on.values_list("serial", flat=True))
        token = statuses.signed(number, statuses.bits(number, alive, made_up_to, now), now)
        told = {
            "token": token, "made_at": now, "made_up_to": made_up_to,
            "etag": sha256(token.encode()).hexdigest(),
        }  # fmt: skip
        StatusList.objects.update_or_create(number=number, defaults=told)


def leave_gap(actor: Actor, fresh: int) -> None:
    """After a restore: every permission before the serial `fresh`, kept or lost, has its index used.

    What was given after the backup is gone, and its indices say so for ever: no other permission
    gets them. For a job; `fresh` begins a list.
    """
    for number in range(fresh // statuses.PERMISSIONS):
        _sign(actor, number, whole=True)


def published(actor: Actor, number: int) -> StatusList:
    """A list as it was signed last, for anybody; `Denied` where there is none."""
    with acting_as(actor):
        row = StatusList.objects.filter(pk=number).first()
        if row is None:
            raise Denied("read")
        return row


def status(actor: Actor, grant_id: UUID) -> Status:
    """Where the status of a permission that the actor gave or holds is told, else `Denied`."""
    with acting_as(actor):
        serial = Grant.objects.filter(pk=grant_id).values_list("serial", flat=True).first()
        if serial is None:
            raise Denied("read", subject=f"Grant/{grant_id}")
    return Status.of(serial)
