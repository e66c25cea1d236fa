"""Drop-boxes: a link that a patient hands to a clinic, to send files in once without an account."""

import time
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor, Denied
from accounts.requests import actor_of, dangerous, quiet
from phr import agreements
from phr.forms.drop_boxes import DropBoxForm
from phr.forms.links import EnterForm
from phr.receiving import DeliveringUploadHandler
from phr.services import deliveries
from phr.views.deliveries import receive
from phr.views.linked import HOUR, tries
from sharing import qr
from sharing.policy import Action
from sharing.services import links
from sharing.services.granting import Refused

OPEN = "drops"


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose what may come in, check what that gives, then make the link and show it."""
    form = DropBoxForm(request.POST or None)
    valid = request.method == "POST" and form.is_valid()
    if valid and "change" not in request.POST:
        return _agreed(request, form)
    links.mine(actor_of(request))  # 404 for who keeps no record
    return render(request, "phr/drop_box_new.html", {"form": form})


def _agreed(request: HttpRequest, form: DropBoxForm) -> HttpResponse:
    """The check, until it was said yes to in the words that stand now."""
    scope, who = form.scope(), f"whoever has the link that I made for {form.named}"
    words, digest = agreements.words(scope, who, ()), agreements.digest(scope, who, ())
    said_yes, same = "confirmed" in request.POST, request.POST.get("words", digest) == digest
    if said_yes and same:
        return _make(request, form, words)
    links.mine(actor_of(request))
    context = {
        "form": form,
        "scope": scope,
        "who": form.named,
        "agreement": words,
        "digest": digest,
        "other_words": said_yes,
        "further": form.further_rows,
    }
    return render(request, "phr/share_check.html", context)


def _make(request: HttpRequest, form: DropBoxForm, words: str) -> HttpResponse:
    actor, scope = actor_of(request), form.scope()
    try:
        made = links.make_drop_box(
            actor, form.named, scope=scope, agreement=words, passcode=form.with_passcode
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return render(request, "phr/drop_box_new.html", {"form": form})
    found = links.one(actor, made.grant_id)
    picture = qr.svg(found.url, label="The QR code of this link")
    context = {"link": found, "picture": picture, "passcode": made.passcode}
    return render(request, "phr/link.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, secret: str) -> HttpResponse:
    """Say who you are, give the passcode, and come in to send files."""
    actor, action = actor_of(request), Action.CONTRIBUTE
    try:
        needed = links.needs_passcode(actor, secret, action=action)
        form = EnterForm(request.POST or None, passcode=needed)
        if request.method == "POST" and form.is_valid():
            visitor = links.opened(actor, secret, **form.cleaned_data, action=action)
            return _come_in(request, visitor, form.cleaned_data["recipient"])
    except links.WrongPasscode as wrong:
        form.add_error("passcode", tries(wrong.left))
    except Denied:
        return quiet(render(request, "phr/link_gone.html", status=404))
    return quiet(render(request, "phr/drop_enter.html", {"form": form}))


def _come_in(request: HttpRequest, visitor: Actor, name: str) -> HttpResponse:
    now = int(time.time())
    kept = {pk: told for pk, told in request.session.get(OPEN, {}).items() if told[0] > now}
    if not request.user.is_authenticated:
        request.session.cycle_key()
    request.session[OPEN] = kept | {str(visitor.grant_id): [now + HOUR, name]}
    return quiet(redirect("phr:dropping", visitor.grant_id))


@csrf_exempt  # the files' handler must be set before the form is read; `receive` checks the token
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Send the files in; for who came in by the link, once and within the hour."""
    until, name = request.session.get(OPEN, {}).get(str(grant_id), (0, ""))
    if until <= time.time():
        raise Denied(Action.CONTRIBUTE.value)
    visitor = Actor.link(grant_id, request_id=actor_of(request).request_id)
    patient_id = links.about(visitor)[0]
    whose = deliveries.patient_name(visitor, patient_id)
    if request.method == "POST":
        handler = DeliveringUploadHandler(request, visitor, patient_id, named=name)
        problem = receive(request, handler)
        if not problem:
            request.session[OPEN] = {
                pk: told for pk, told in request.session[OPEN].items() if pk != str(grant_id)
            }
            return quiet(render(request, "phr/dropped.html"))
        messages.error(request, problem)
        return quiet(redirect("phr:dropping", grant_id))
    most = settings.PHR_UPLOAD_MOST_BYTES // 1_000_000
    context = {"patient_name": whose, "most_megabytes": most, "dropping": True}
    return quiet(render(request, "phr/deliver.html", context))
