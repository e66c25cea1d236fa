"""Mail: every e-mail becomes a due row first and is handed over by a worker. No health data in any."""

from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as Letter

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import OutgoingMail
from accounts.wake import wake

MOST_ATTEMPTS = 12


class OutboxBackend(BaseEmailBackend):
    """Django's `EMAIL_BACKEND`: keeps the message as a due row, sealed."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            row = OutgoingMail()
            row.message_sealed = keys.seal_portal(_place(row), message.message().as_bytes())
            row.save()
            wake("accounts.tasks.send_mail")
        return len(email_messages)


def _place(row: OutgoingMail) -> str:
    return f"accounts_outgoingmail/{row.pk}/message"


def send(to: str, template: str, **context: object) -> None:
    """Queue `templates/email/<template>.subject` and `.txt` to one address."""
    subject = render_to_string(f"email/{template}.subject", context).strip()
    text = render_to_string(f"email/{template}.txt", context)
    EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [to]).send()


def send_due(actor: Actor, *, most: int = 50) -> int:
    """Hand due mails over, one transaction each; a failed one is tried again later. Returns how many."""
    sent = 0
    for _ in range(most):
        went = _send_one(actor)
        if went is None:
            break
        sent += went
    return sent


def _send_one(actor: Actor) -> bool | None:
    """Try the mail that is due first: whether it went, or None when none is due."""
    with acting_as(actor):
        row = (
            OutgoingMail.objects.select_for_update(skip_locked=True)
            .filter(sent_at=None, due_at__lte=timezone.now(), attempts__lt=MOST_ATTEMPTS)
            .order_by("due_at")
            .first()
        )
        if row is None or row.message_sealed is None:
            return None
        row.attempts += 1
        row.due_at = timezone.now() + timedelta(seconds=15 * 2**row.attempts)
        if _hand_over(row):
            row.sent_at, row.message_sealed = timezone.now(), None
        row.save()
        return row.sent_at is not None


def _hand_over(row: OutgoingMail) -> bool:
    """Whether the mail server took it. One that cannot be opened or built counts as a failed try."""
    try:
        sealed = bytes(row.message_sealed or b"")
        return bool(_letter(keys.unseal_portal(_place(row), sealed)).send())
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
    )
