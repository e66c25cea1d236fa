"""Links and QR codes: made by a patient, opened by whoever holds one and knows its passcode."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import audit, ledger
from accounts.acting import acting_as, note, note_denied
from accounts.actors import Actor, Denied, Door, System
from accounts.ledger import Kind
from accounts.models import AuditEvent, Patient
from sharing import health_links, opening, policy
from sharing.models import MOST_WRONG, Grant, NoticeKind, Path, ShareLink
from sharing.policy import Action
from sharing.scopes import Scope, seal_agreement
from sharing.services import notices
from sharing.services.granting import Refused, lock, move_epoch
from sharing.services.listing import Held, held, one_given
from sharing.services.recipients import refuse_beyond

PASSCODE_DIGITS = 8
OPEN = "open-link"
# Whoever guesses has no right to end anything: the portal itself does.
ENDS_GUESSED = Actor.job(System.RECONCILE)
MOST_OPENINGS = 100


class WrongPasscode(Exception):
    """The passcode is missing or wrong; `left` wrong ones are taken before the link ends for good."""

    def __init__(self, left: int) -> None:
        super().__init__("The passcode is not right.")
        self.left = left


@dataclass(frozen=True, slots=True)
class Made:
    """A link that was just made. The passcode is told here and never again; "" for none."""

    grant_id: UUID
    passcode: str


def make(
    actor: Actor,
    recipient: str,
    *,
    scope: Scope,
    agreement: str = "",
    passcode: bool = True,
    uses: int | None = None,
) -> Made:
    """Make a link to part of the actor's record, for somebody she names.

    Opened at most `uses` times; None is as often as they like. Raises `Denied` for anybody without a
    record, `Refused` for a link without an end and for too many in a day.
    """
    with acting_as(actor):
        patient = lock(actor, Action.SHARE)
        if scope.ends_at is None or not scope.categories:
            raise Refused("Choose what they may see, and the last day of access.")
        alone = replace(scope, may_reshare=False, inward_categories=(), inward_labels=())
        row = alone.drawn_up(patient)
        refuse_beyond(actor, row)
        return _give(row, recipient, agreement, uses, passcode=passcode)


def make_drop_box(
    actor: Actor, recipient: str, *, scope: Scope, agreement: str = "", passcode: bool = True
) -> Made:
    """Make a link by which somebody without an account sends files in, and sees nothing.

    It can be opened once. Raises `Denied` for anybody without a record, `Refused` for one without an
    end and for too many in a day.
    """
    with acting_as(actor):
        patient = lock(actor, Action.SHARE)
        if scope.ends_at is None or not scope.inward_categories:
            raise Refused("Choose what they may send, and the last day.")
        alone = replace(scope, categories=(), labels=(), may_copy=False, may_reshare=False)
        row = alone.drawn_up(patient)
        refuse_beyond(actor, row)
        return _give(row, recipient, agreement, 1, passcode=passcode)


def _give(row: Grant, recipient: str, agreement: str, uses: int | None, *, passcode: bool) -> Made:
    _refuse_many(row.patient)
    row.path, row.accepted_at, row.invitation_ends_at = Path.LINK, Now(), Now()
    row.agreement_sealed = seal_agreement(row, agreement)
    row.save(force_insert=True)
    code = _new_passcode() if passcode else ""
    _keep(row, recipient, code, uses)
    move_epoch(row.patient_id)
    note("share", patient_id=row.patient_id, subject=f"Grant/{row.pk}", basis="owner")
    return Made(row.pk, code)


def _refuse_many(patient: Patient) -> None:
    day_ago = timezone.now() - timedelta(days=1)
    made = patient.grants.filter(path=Path.LINK, created_at__gt=day_ago).count()
    if made >= settings.PHR_INVITATIONS_A_DAY:
        raise Refused(f"You have made {made} links in one day. Try again tomorrow.")


def _new_passcode() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(PASSCODE_DIGITS))


def _keep(row: Grant, recipient: str, passcode: str, uses: int | None) -> None:
    link = ShareLink(grant=row, patient_id=row.patient_id, uses_left=uses)
    opening.seal(link, recipient)
    link.passcode_hash = make_password(passcode) if passcode else ""
    link.save(force_insert=True)


# --- opening ---------------------------------------------------------------------------------------


def needs_passcode(actor: Actor, secret: str, *, action: Action = Action.READ) -> bool:
    """Whether the link with this secret has a passcode. `Denied` when it opens nothing now."""
    visitor = _visitor(actor, secret)
    with acting_as(visitor):
        return bool(_opening(visitor, action).passcode_hash)


def opened(
    actor: Actor, secret: str, *, recipient: str, passcode: str = "", action: Action = Action.READ
) -> Actor:
    """Open a link: who looks from now on, by the permission it stands for.

    `recipient` is what she calls herself; the patient reads it. Counts one use, or one wrong
    passcode. Raises `Denied` for what opens nothing, `WrongPasscode`, which uses no more than one of
    the tries that the link has in its whole life. The last of them ends it, also for who came in before.
    """
    visitor, left = _visitor(actor, secret), -1
    with acting_as(visitor):
        link = _opening(visitor, action)
        if _right(link, passcode):
            _count_use(visitor, link, recipient, action)
        else:
            left = _count_wrong(link, guessed=bool(passcode.strip()))
    if left == 0:
        _end_guessed(link)
    if left >= 0:
        raise WrongPasscode(left)
    return visitor


def _visitor(asker: Actor, secret: str) -> Actor:
    try:
        lookup = opening.lookup(health_links.bytes_of(secret))
    except ValueError:
        raise Denied(OPEN) from None
    with acting_as(Actor(request_id=asker.request_id)), connection.cursor() as cursor:
        cursor.execute("SELECT phr_link_of(%s)", [lookup])
        (found,) = cursor.fetchone() or (None,)
        if found is None:
            raise Denied(OPEN)
        return Actor.link(found, request_id=asker.request_id)


def _opening(visitor: Actor, action: Action) -> ShareLink:
    """The link, locked, if it opens anything now: two at once cannot use up what is left for one."""
    link = ShareLink.objects.select_for_update().filter(grant=visitor.grant_id).first()
    if link is None:
        raise Denied(OPEN)
    # Asked after the lock is held: what was decided while this waited is seen.
    stands = policy.patients(visitor, action).filter(pk=link.patient_id).exists()
    used_up = link.uses_left == 0 or link.attempts_left == 0
    if not stands or used_up or link.secret_sealed is None:
        raise Denied(OPEN, patient_id=link.patient_id, subject=f"ShareLink/{link.pk}")
    return link


def _right(link: ShareLink, passcode: str) -> bool:
    said = "".join(passcode.split())
    return not link.passcode_hash or (bool(said) and check_password(said, link.passcode_hash))


def _count_wrong(link: ShareLink, *, guessed: bool) -> int:
    """Take one of the tries away, unless nothing was tried; it stays taken though it is refused."""
    if guessed:
        link.attempts_left -= 1
        link.save(update_fields=["attempts_left"])
        note_denied(Denied(OPEN, patient_id=link.patient_id, subject=f"ShareLink/{link.pk}"))
    if not link.attempts_left:
        ledger.remember(Kind.REVOCATION, str(link.grant_id))
    return link.attempts_left


def _end_guessed(link: ShareLink) -> None:
    """End the permission too: in an act of its own, which locks from the patient downwards."""
    patient_id, grant_id = link.patient_id, link.grant_id
    with acting_as(ENDS_GUESSED, about=patient_id):
        move_epoch(patient_id)
        if Grant.objects.filter(pk=grant_id, revoked_at=None).update(revoked_at=Now()):
            note("revoke", patient_id=patient_id, subject=f"Grant/{grant_id}", basis="link")
            notices.tell(ENDS_GUESSED, NoticeKind.ENDED, patient_id=patient_id, grant_id=grant_id)


def _count_use(visitor: Actor, link: ShareLink, recipient: str, action: Action) -> None:
    if link.uses_left is not None:
        link.uses_left -= 1
        link.save(update_fields=["uses_left"])
    about, grant_id = link.patient_id, link.grant_id
    notices.tell(visitor, NoticeKind.LINK_OPENED, patient_id=about, grant_id=grant_id)
    note(
        OPEN,
        patient_id=about,
        subject=f"ShareLink/{link.pk}",
        basis=f"grant:{grant_id}",
        detail={"recipient": recipient, "app": action is Action.COPY},
    )


def about(actor: Actor) -> tuple[UUID, bytes]:
    """Whose record an opened link leads to, and the key of its files. `Denied` once it has ended."""
    with acting_as(actor):
        link = ShareLink.objects.filter(grant=actor.grant_id).first()
        both = opening.secret_and_key(link) if link else None
        if actor.door is not Door.LINK or not link or not link.attempts_left or both is None:
            raise Denied(OPEN)
        return link.patient_id, both[1]


# --- the patient's own pages ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """That somebody opened a link: when, what she called herself, and whether an app did."""

    at: datetime
    recipient: str
    app: bool


@dataclass(frozen=True, slots=True)
class Link:
    """One of the actor's own links. `url` and `uri` are "" once it has ended."""

    held: Held
    recipient: str
    passcode: bool
    wrong: int
    uses_left: int | None
    openings: list[Opening]
    url: str = ""
    uri: str = ""

    @property
    def state(self) -> str:
        """The permission's, or: locked after too many wrong passcodes, used up."""
        if self.passcode and self.wrong >= MOST_WRONG:
            return "locked"
        if self.held.state in {"active", "paused", "later"} and self.uses_left == 0:
            return "used"
        return self.held.state


def mine(actor: Actor) -> list[Link]:
    """The actor's own links, newest first, without their addresses."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        every = ShareLink.objects.filter(patient=patient).select_related("grant")
        # What only lets somebody send in is a drop-box, and stands on a page of its own.
        rows = every.exclude(grant__categories=[])
        return [_shown(row, []) for row in rows.order_by("-created_at", "-id")]


def one(actor: Actor, grant_id: UUID) -> Link:
    """One of them, with its address and who opened it. Raises `Denied` for what is not hers."""
    with acting_as(actor):
        one_given(actor, grant_id)
        row = ShareLink.objects.filter(grant_id=grant_id).select_related("grant").first()
        if row is None:
            raise Denied("read", subject=f"Grant/{grant_id}")
        events = audit.about(row.patient_id).filter(basis=f"grant:{grant_id}", action=OPEN)
        found = _shown(row, [_opening_of(event) for event in events[:MOST_OPENINGS]])
        return _addressed(found, row)


def _opening_of(event: AuditEvent) -> Opening:
    said = audit.detail(event)
    return Opening(event.at, str(said.get("recipient", "")), bool(said.get("app")))


def _shown(row: ShareLink, openings: list[Opening]) -> Link:
    return Link(
        held(row.grant),
        opening.recipient_of(row),
        bool(row.passcode_hash),
        MOST_WRONG - row.attempts_left,
        row.uses_left,
        openings,
    )


def _addressed(found: Link, row: ShareLink) -> Link:
    both = opening.secret_and_key(row)
    if both is None:
        return found
    secret, key = health_links.said(both[0]), both[1]
    scope = found.held.scope
    page = "phr:drop" if scope.inward_categories else "phr:link"
    url = settings.PHR_ORIGIN + reverse(page, args=[secret])
    if not scope.may_copy:
        return replace(found, url=url)
    uri = health_links.link(
        settings.PHR_ORIGIN + reverse("phr:link_manifest", args=[secret]),
        key,
        ends_at=scope.ends_at,
        label=f"Health records from {settings.PHR_PORTAL_NAME}"[: health_links.LONGEST_LABEL],
        passcode=found.passcode,
        lasting=row.uses_left is None,
    )
    return replace(found, url=f"{url}#{uri}", uri=uri)
