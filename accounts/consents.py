"""Consents (GDPR Art. 7): given and withdrawn one by one, provable, and never brought back."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import ledger, purposes
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import Consent, OutgoingMail, Patient, User
from accounts.purposes import Purpose, Text, Use

OFF, ON = "off", "on"
# In `withdrawn_by`, beside the doors: the record was erased, the ledger said so after a restore,
# newer words were agreed to instead.
ERASURE, LEDGER, NEWER = "erasure", "ledger", "newer"


class Changed(Exception):
    """The words are other ones now than those the person saw."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One purpose as its person sees it: what it is, what she agreed to, what she would agree to."""

    use: Use
    purpose: Purpose
    text: Text
    consent: Consent | None
    agreed: Text | None

    @property
    def is_newer(self) -> bool:
        """Whether the words have changed since she agreed."""
        return self.agreed is not None and self.agreed != self.text


def choices(actor: Actor) -> list[Choice]:
    """Every purpose there is, and where the signed-in person stands with it."""
    with acting_as(actor):
        live = {row.purpose: row for row in _live(actor)}
    return [_choice(purpose, live.get(purpose.value)) for purpose in Purpose]


def _choice(purpose: Purpose, row: Consent | None) -> Choice:
    agreed = purposes.shown(row.sha256) if row else None
    return Choice(purposes.use(purpose), purpose, purposes.current(purpose), row, agreed)


def history(actor: Actor) -> list[Consent]:
    """Everything the person ever agreed to, newest first."""
    with acting_as(actor):
        return list(_mine(actor).order_by("-given_at"))


def consent(actor: Actor, consent_id: UUID) -> Consent:
    """One consent of the actor's own. Raises `Denied`."""
    with acting_as(actor):
        row = _mine(actor).filter(pk=consent_id).first()
        if row is None:
            raise Denied("consent", subject=f"Consent/{consent_id}")
        return row


def give(actor: Actor, purpose: Purpose, *, sha256: str) -> UUID:
    """The signed-in person agrees to today's words, whose SHA-256 she saw. Returns the Consent's id.

    Agreeing again to the same words changes nothing; agreeing to newer ones ends the older consent.
    Raises `Denied` for anybody who is not signed in, and for keeping a record where there is none;
    `Changed` when other words were shown.
    """
    text = purposes.current(purpose)
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("agree")
    if text.sha256 != sha256:
        raise Changed
    with acting_as(actor):
        # Two presses of the button wait for each other here.
        User.objects.select_for_update(no_key=True).get(pk=actor.user_id)
        if purpose is Purpose.KEEP and not Patient.objects.filter(user_id=actor.user_id).exists():
            raise Denied("agree")
        row = _live(actor).filter(purpose=purpose).first()
        if row and row.sha256 == sha256:
            return row.pk
        if row:
            _end(row, NEWER)
        return _add(actor.user_id, text)


def _add(user_id: UUID, text: Text) -> UUID:
    row = Consent(
        id=uuid4(),
        user_id=user_id,
        purpose=text.purpose,
        version=text.version,
        locale=text.locale,
        sha256=text.sha256,
        given_at=timezone.now(),
    )
    row.save(force_insert=True)
    note("agree", subject=f"Consent/{row.pk}")
    if text.purpose is Purpose.NEWS:
        # Not before the commit: a ledger that says "on" too early could revive what was withdrawn.
        remember = partial(ledger.remember, Kind.NEWS, str(user_id), state=ON)
        transaction.on_commit(remember, robust=True)
    return row.pk


def withdraw(actor: Actor, purpose: Purpose) -> bool:
    """End a consent at once (GDPR Art. 7(3)). Returns whether there was one.

    Raises `Denied` for keeping the record: that one ends by deleting the record, at the rights desk.
    """
    if actor.door not in {Door.SESSION, Door.MAIL} or purpose is Purpose.KEEP:
        raise Denied("withdraw")
    with acting_as(actor):
        row = _live(actor).filter(purpose=purpose).select_for_update().first()
        if row is None:
            return False
        ledger.remember(Kind.NEWS, str(actor.user_id), state=OFF)
        _end(row, actor.door.value)
        note("withdraw", subject=f"Consent/{row.pk}")
        return True


def _mine(actor: Actor) -> QuerySet[Consent]:
    if actor.user_id is None:
        return Consent.objects.none()
    return Consent.objects.filter(user_id=actor.user_id)


def _live(actor: Actor) -> QuerySet[Consent]:
    return _mine(actor).filter(withdrawn_at=None)


def _end(row: Consent, by: str) -> None:
    row.withdrawn_at, row.withdrawn_by = timezone.now(), by
    row.save(update_fields=["withdrawn_at", "withdrawn_by"])


def readers() -> QuerySet[User]:
    """Who wants news now and has proved to own the address, for a job that asks within its act."""
    live = Consent.objects.filter(user_id=OuterRef("pk"), purpose=Purpose.NEWS, withdrawn_at=None)
    proved = EmailAddress.objects.filter(
        user_id=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True
    )
    leaving = Patient.objects.filter(user_id=OuterRef("pk"), erasing_at__isnull=False)
    return User.objects.filter(Exists(live), Exists(proved), ~Exists(leaving), is_active=True)


def replay(actor: Actor, *, since: datetime | None = None) -> int:
    """After a restore: end what was withdrawn after the backup. Returns how many were ended.

    The newest entry decides, and "off" ends whatever was given before it, however old: an entry is
    written just before its act, and a backup may fall between the two. News that the backup took
    for unsent may have been sent since and is not sent again. `since` is when the backup was made.
    """
    newest = {bytes(row.token or b""): row for row in ledger.entries(Kind.NEWS)}
    off = {token: row.made_at for token, row in newest.items() if row.state == OFF}
    with acting_as(actor):
        waiting = OutgoingMail.objects.exclude(issue="").filter(sent_at=None)
        if since:
            waiting = waiting.filter(created_at__lt=since)
        waiting.update(sent_at=timezone.now(), message_sealed=None)
        live = Consent.objects.filter(purpose=Purpose.NEWS, withdrawn_at=None)
        ended = [row for row in live.iterator() if _was_ended(row, off)]
        for row in ended:
            _end(row, LEDGER)
            note("withdraw", subject=f"Consent/{row.pk}", basis=LEDGER)
    return len(ended)


def _was_ended(row: Consent, off: dict[bytes, datetime]) -> bool:
    at = off.get(ledger.token(Kind.NEWS, str(row.user_id)))
    return at is not None and row.given_at <= at


def end_keeping(actor: Actor, patient_id: UUID) -> None:
    """The record is gone and the account stays: with the record ends the consent to keep it.

    For the job that purges, in the act that takes the patient out.
    """
    with acting_as(actor):
        owner = Patient.objects.filter(pk=patient_id).values("user_id")
        rows = Consent.objects.filter(user_id__in=owner, purpose=Purpose.KEEP, withdrawn_at=None)
        rows.update(withdrawn_at=timezone.now(), withdrawn_by=ERASURE)


def forget_user(actor: Actor, user_id: UUID) -> int:
    """Destroy what a person agreed to and the news for her. Returns how many rows went.

    For a job only; the walls let nobody else delete.
    """
    with acting_as(actor):
        mails, _ = OutgoingMail.objects.filter(reader_id=user_id).delete()
        rows, _ = Consent.objects.filter(user_id=user_id).delete()
        return mails + rows
