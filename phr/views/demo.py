"""The demo's mailbox: what would have been sent. Exists only where `PHR_DEMO` is on."""

from email import message_from_bytes, policy
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from phr.demo import people

MOST = 30


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """The latest mails, newest first, with their links alive."""
    if not settings.PHR_DEMO:
        raise Http404
    files = sorted(Path(settings.EMAIL_FILE_PATH).glob("*.log"), reverse=True)[:MOST]
    letters = [_letter(path) for path in files]
    context = {"letters": letters, "codes": people.codes()}
    return render(request, "phr/demo_mail.html", context)


def _letter(path: Path) -> dict[str, str]:
    raw = path.read_bytes().rsplit(b"\n-----", 1)[0]
    letter = message_from_bytes(raw, policy=policy.default)
    body = letter.get_body(("plain",))
    return {
        "to": str(letter["To"]),
        "subject": str(letter["Subject"]),
        "text": body.get_content() if body else "",
    }
