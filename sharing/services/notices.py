"""Telling people what happened: written down in the act itself, mailed later to who chose that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import mail
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, Door
from accounts.models import Patient, User
from sharing import policy
from sharing.models import (
    INVITED,
    Grant,
    Notice,
    NoticeChoice,
    NoticeKind,
    Path,
)  # fmt: skip
from sharing.opening import recipient_of
from sharing.serving import serving

MOST_SHOWN = 200
# What is in the account alone until somebody chooses otherwise.
QUIET = frozenset({NoticeKind.PAUSED, NoticeKind.RESUMED})


TELL = """
    INSERT INTO sharing_notice
        (id, recipient_id, patient_id, kind, grant_id, organization_id, person_id)
    SELECT gen_random_uuid(), reader, %s, %s, %s, %s, %s FROM unnest(%s::uuid[]) AS reader
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as its reader sees it; `about_me` where it is about her own record.

    `link` is for whom the link was made that it is about, told to nobody but her.
    """

    notice: Notice
    kind: NoticeKind
    about_me: bool
    who: str = ""
    facility: str = ""
    link: str = ""


def tell(
    actor: Actor,
    kind: NoticeKind,
    *,
    patient_id: UUID | None = None,
    to: Iterable[UUID] | None = None,
    grant_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> None:
    """Write down that something happened, within the open act that does it.

    `to` are the ids of the users who are told; without it the patient herself is. Who did it is the
    actor, where she came in through a session. What is told once only is not told again.
    """
    person = actor.user_id if actor.door is Door.SESSION else None
    readers = [None] if to is None else sorted(set(to))
    about = [patient_id, kind.value, grant_id, organization_id, person]
    if readers:
        # One statement: a row of Python for each of ten thousand takes seconds.
        with connection.cursor() as cursor:
            cursor.execute(TELL, [*about, readers])


def mine(actor: Actor) -> list[Told]:
    """What the actor was told, newest first."""
    with acting_as(actor):
        rows = list(_mine(actor).order_by("-made_at", "-id")[:MOST_SHOWN])
        people = accounts.people({row.person_id for row in rows if row.person_id})
        return [
            Told(
                row,
                NoticeKind(row.kind),
                row.recipient_id is None,
                people[row.person_id].name if row.person_id in people else "",
                row.organization.name if row.organization else "",
                _link(row),
            )
            for row in rows
        ]


def _link(row: Notice) -> str:
    ours = row.recipient_id is None and row.grant is not None and row.grant.path == Path.LINK
    return recipient_of(row.grant.link) if ours and row.grant else ""


def mark_seen(actor: Actor) -> int:
    """Mark everything the actor was told as read. Returns how many."""
    with acting_as(actor):
        return _mine(actor).filter(seen_at=None).update(seen_at=Now())


def _mine(actor: Actor) -> QuerySet[Notice]:
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("read")
    hers = Q(recipient=actor.user_id) | Q(recipient=None, patient__user=actor.user_id)
    if actor.acting_for:
        hers = Q(recipient=None, patient=actor.acting_for)
    return Notice.objects.filter(hers).select_related("organization", "grant__link")


def quiet(actor: Actor) -> frozenset[NoticeKind]:
    """The kinds that the actor wants in her account only."""
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        return quiet_of(actor.user_id)


def quiet_of(user_id: UUID) -> frozenset[NoticeKind]:
    """The same of any user, within the open act."""
    row = NoticeChoice.objects.filter(pk=user_id).first()
    if row is None:
        return QUIET
    return frozenset(NoticeKind(kind) for kind in row.quiet if kind in NoticeKind.values)


def choose(actor: Actor, *, by_mail: Iterable[NoticeKind]) -> None:
    """Keep which kinds the actor wants by mail; all others are in her account only."""
    kept = sorted(set(NoticeKind) - set(by_mail))
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("choose")
        NoticeChoice.objects.update_or_create(user_id=actor.user_id, defaults={"quiet": kept})


def mail_due(actor: Actor, *, most: int = 100) -> int:
    """Mail what is due to who wants it, all that waits for one reader in one mail.

    Each reader in one transaction with the mail's own row, so that a notice is never lost and never
    mailed twice. Returns how many readers are done with.
    """
    done = 0
    while done < most and _mail_one(actor):
        done += 1
    return done


def _mail_one(actor: Actor) -> bool:
    with acting_as(actor):
        due = Notice.objects.select_for_update(skip_locked=True, of=("self",))
        first = due.filter(due_at__lte=Now()).order_by("due_at").first()
        if first is None:
            return False
        same = Q(recipient=first.recipient_id)
        if first.recipient_id is None:
            same = Q(recipient=None, patient=first.patient_id)
        rows = list(due.filter(same, due_at__lte=Now()))
        wanted = _wanted(first, rows)
        ids = [row.pk for row in rows]
        Notice.objects.filter(pk__in=ids).update(due_at=None)
        Notice.objects.filter(pk__in=[row.pk for row in wanted]).update(mailed_at=Now())
        return True


def _wanted(first: Notice, rows: list[Notice]) -> list[Notice]:
    """Which of these went out by mail just now."""
    reader = _reader(first)
    if reader is None:
        return []
    silent = quiet_of(reader.pk)
    wanted = [row for row in rows if row.seen_at is None and row.kind not in silent]
    if wanted:
        said = sorted({NoticeKind(row.kind).label for row in wanted})
        link = settings.PHR_ORIGIN + reverse("sharing:notices")
        mail.send(reader.email, "sharing/notices", said=said, link=link)
    return wanted


def _reader(row: Notice) -> User | None:
    """Who is told, if she still uses the portal."""
    if row.recipient_id:
        return User.objects.filter(pk=row.recipient_id, is_active=True).first()
    return reader_of(row.patient_id) if row.patient_id else None


def reader_of(patient_id: UUID) -> User | None:
    """Who is told what is about a patient: herself, or who decides for a dependent now."""
    patient = Patient.objects.filter(pk=patient_id, erasing_at=None).first()
    if patient and patient.opened_by_id:
        return policy.decider(patient.pk).first()
    return User.objects.filter(pk=patient.user_id, is_active=True).first() if patient else None


def forget_old(actor: Actor) -> int:
    """Delete notices that are older than they are kept. Returns how many."""
    with acting_as(actor):
        before = timezone.now() - timedelta(days=settings.PHR_NOTICE_DAYS)
        gone, _ = Notice.objects.filter(made_at__lt=before).delete()
        return gone


def tell_holders(actor: Actor, kind: NoticeKind, rows: Iterable[Grant]) -> None:
    """Tell who holds these permissions: a person, or the administrators of a facility.

    Within the open act. Each is told once, and of a single permission which it was.
    """
    kept = [row for row in rows if row.accepted_at]
    one = kept[0] if len(kept) == 1 else None
    which = {"patient_id": one.patient_id, "grant_id": one.pk} if one else {}
    ruled = [row.organization_id for row in kept if row.path == Path.FACILITY]
    for organization_id in {one for one in ruled if one}:
        readers = [one.user_id for one in serving([organization_id]) if one.administers]
        tell(actor, kind, to=readers, organization_id=organization_id, **which)
    people = {row.grantee_id for row in kept if row.grantee_id and row.path in INVITED}
    tell(actor, kind, to=people, **which)
