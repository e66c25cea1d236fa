"""News about the portal: by e-mail, to those who agreed, stopped by one press (RFC 2369, RFC 8058)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import consents, keys, mail
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import OutgoingMail, User
from accounts.purposes import Purpose
from accounts.wake import wake

_PLACE = "stop-news"


def send_news(actor: Actor, *, subject: str, text: str, most: int = 500) -> int:
    """Queue the next `most` mails of this issue, one for each reader who has none of it yet.

    Subject and text are the issue: the same once more goes on where it was left. Returns how many
    were queued, 0 when everybody has hers. Raises `Denied` for anybody but a job.
    """
    if actor.door is not Door.SYSTEM:
        raise Denied("news")
    issue = sha256(f"{subject}\n\n{text}".encode()).hexdigest()
    has = OutgoingMail.objects.filter(issue=issue, reader_id=OuterRef("pk"))
    with acting_as(actor):
        readers = consents.readers().filter(~Exists(has)).order_by("pk")[:most]
        rows = [
            mail.sealed(_letter(reader, subject, text), issue=issue, reader_id=reader.pk)
            for reader in readers
        ]
        if rows:
            OutgoingMail.objects.bulk_create(rows, ignore_conflicts=True)
            note("news", subject=f"News/{issue[:32]}")
            wake("accounts.tasks.send_mail")
    return len(rows)


def _letter(reader: User, subject: str, text: str) -> EmailMessage:
    link = settings.PHR_ORIGIN + reverse("accounts:stop_news", args=[stop_token(reader.pk)])
    headers = {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    body = text.rstrip() + "\n\n" + render_to_string("email/accounts/news.txt", {"link": link})
    return EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [reader.email], headers=headers)


def stop_token(user_id: UUID) -> str:
    """What the link in a mail carries: the user's id under a key of the portal, 60 characters.

    Nobody can read it or make one; it does not run out.
    """
    return urlsafe_b64encode(keys.seal_portal(_PLACE, user_id.bytes)).decode()


def stop(actor: Actor, token: str) -> None:
    """End the consent to news of whom the token was mailed to; any other token does nothing."""
    try:
        user_id = UUID(bytes=keys.unseal_portal(_PLACE, urlsafe_b64decode(token.encode("ascii"))))
    except (ValueError, keys.Unopenable):
        return
    consents.withdraw(Actor.mail(user_id, request_id=actor.request_id), Purpose.NEWS)
