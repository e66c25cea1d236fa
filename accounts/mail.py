"""Mail: every e-mail becomes a due row first and is handed over by a worker. No health data in any."""

from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as Letter
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import consents, keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import OutgoingMail
from accounts.wake import wake

MOST_ATTEMPTS = 12
# Headers of a queued message that go out with it, beside subject, sender and address (RFC 8058).
CARRIED = ("List-Unsubscribe", "List-Unsubscribe-Post")


class OutboxBackend(BaseEmailBackend):
    """Django's `EMAIL_BACKEND`: keeps the message as a due row, sealed."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            # What stands where an address is not: nobody reads there (RFC 2606).
            if message.to[0].endswith(".invalid"):
                continue
            sealed(message).save()
            wake("accounts.tasks.send_mail")
        return len(email_messages)


def sealed(
    message: EmailMessage, *, issue: str = "", reader_id: UUID | None = None
) -> OutgoingMail:
    """The message as a due row, not saved yet; news names its issue and its reader."""
    row = OutgoingMail(issue=issue, reader_id=reader_id)
    row.message_sealed = keys.seal_portal(_place(row), message.message().as_bytes())
    return row


def _place(row: OutgoingMail) -> str:
    return f"accounts_outgoingmail/{row.pk}/message"


def send(to: str, template: str, **context: object) -> None:
    """Queue `templates/email/<template>.subject` and `.txt` to one address."""
    subject = render_to_string(f"email/{template}.subject", context).strip()
    text = render_to_string(f"email/{template}.txt", context)
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [to]).send()


def send_due(actor: Actor, *, most: int = 50) -> int:
    """Hand due mails over, one transaction each; a failed one is tried again later.

    News for somebody who no longer wants any is dropped. Returns how many are done with.
    """
    done = 0
    for _ in range(most):
        went = _send_one(actor)
        if went is None:
            break
        done += went
    return done


def _send_one(actor: Actor) -> bool | None:
    """Try the mail that is due first: whether it is done with, or None when none is due."""
    with acting_as(actor):
        row = (
            OutgoingMail.objects.select_for_update(skip_locked=True)
            .filter(sent_at=None, due_at__lte=timezone.now(), attempts__lt=MOST_ATTEMPTS)
            .order_by("issue", "due_at")
            .first()
        )
        if row is None or row.message_sealed is None:
            return None
        row.attempts += 1
        row.due_at = timezone.now() + timedelta(seconds=15 * 2**row.attempts)
        if row.reader_id is None:
            return _send_letter(row)
        if not consents.readers().filter(pk=row.reader_id).exists():
            row.delete()
            return True
        kept = bytes(row.message_sealed)
        _empty(row)
        row.save()
    return _send_news(actor, row, kept)


def _send_letter(row: OutgoingMail) -> bool:
    """Killed in here, it is sent again: better twice than never."""
    if _hand_over(row, bytes(row.message_sealed or b"")):
        _empty(row)
    row.save()
    return row.sent_at is not None


def _send_news(actor: Actor, row: OutgoingMail, kept: bytes) -> bool:
    """Already down as sent: killed in here, it is lost. Better never than twice."""
    if _hand_over(row, kept):
        return True
    with acting_as(actor):
        # By its id: erased meanwhile, it must not come back.
        OutgoingMail.objects.filter(pk=row.pk).update(sent_at=None, message_sealed=kept)
    return False


def _empty(row: OutgoingMail) -> None:
    row.sent_at, row.message_sealed = timezone.now(), None


def _hand_over(row: OutgoingMail, message: bytes) -> bool:
    """Whether the mail server took it. One that cannot be opened or built counts as a failed try."""
    try:
        return bool(_letter(keys.unseal_portal(_place(row), message)).send())
    except (OSError, ValueError, keys.Unopenable):
        return False


def _letter(raw: bytes) -> EmailMessage:
    letter = message_from_bytes(raw, _class=Letter, policy=policy.SMTPUTF8)
    body = letter.get_body(("plain",))
    return EmailMessage(
        str(letter["Subject"]),
        body.get_content() if body else "",
        str(letter["From"]),
        [str(letter["To"])],
        connection=get_connection(settings.PHR_MAIL_BACKEND),
        headers={name: str(letter[name]).strip() for name in CARRIED if name in letter},
    )


def forget_address(actor: Actor, address: str) -> int:
    """Drop the mails to this address that have not gone yet. Returns how many.

    For a job only. News is not looked at: `consents.forget_user` drops it by its reader.
    """
    with acting_as(actor):
        found = [row.pk for row in _waiting().select_for_update() if _is_to(row, address)]
        dropped, _ = OutgoingMail.objects.filter(pk__in=found).delete()
        return dropped


def forget_waiting(actor: Actor) -> int:
    """Drop every mail that has not gone yet: after a restore it may have, and may be unwanted now."""
    with acting_as(actor):
        dropped, _ = OutgoingMail.objects.filter(sent_at=None).delete()
        return dropped


def waits_for(actor: Actor, address: str) -> bool:
    """Whether a mail to this address has still to go; one that was given up does not count."""
    with acting_as(actor):
        rows = _waiting().filter(attempts__lt=MOST_ATTEMPTS)
        return any(_is_to(row, address) for row in rows.iterator())


def _waiting() -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(sent_at=None, issue="")


def _is_to(row: OutgoingMail, address: str) -> bool:
    try:
        raw = keys.unseal_portal(_place(row), bytes(row.message_sealed or b""))
    except keys.Unopenable:
        return False
    letter = BytesHeaderParser(policy=policy.SMTPUTF8).parsebytes(raw)
    return parseaddr(str(letter["To"]))[1].lower() == address.lower()
