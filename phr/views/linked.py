"""What a link opens, without an account: pages for people, manifest and files for apps.

Who gave the passcode is remembered in the session for an hour; what she may see is decided anew with
every request. Source: SMART Health Links Protocol, version 1.
"""

import json
import time
from hashlib import sha256
from uuid import UUID

from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor, Denied
from accounts.requests import actor_of, quiet
from phr.forms.links import EnterForm, ManifestForm
from phr.forms.records import SearchForm
from phr.sending import Sent, send, told
from phr.services import files, link_documents
from phr.services import records as services
from sharing.policy import Action
from sharing.services import links

HOUR = 3600
OPEN = "links"
JOSE = "application/jose"


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, secret: str) -> HttpResponse:
    """Say who you are, give the passcode, and come in."""
    actor = actor_of(request)
    try:
        form = EnterForm(request.POST or None, passcode=links.needs_passcode(actor, secret))
        if request.method == "POST" and form.is_valid() and _not_too_often(request, form, secret):
            visitor = links.opened(actor, secret, **form.cleaned_data)
            return _come_in(request, visitor)
    except links.WrongPasscode as wrong:
        form.add_error("passcode", tries(wrong.left))
    except Denied:
        return quiet(render(request, "phr/link_gone.html", status=404))
    return quiet(render(request, "phr/link_enter.html", {"form": form}))


def _may_open(request: HttpRequest, secret: str) -> bool:
    """Each opening is told to the patient: nobody makes her as many notices as they like."""
    key = sha256(secret.encode()).hexdigest()
    return bool(ratelimit.consume(request, action="open_link", key=key))


def _not_too_often(request: HttpRequest, form: EnterForm, secret: str) -> bool:
    if _may_open(request, secret):
        return True
    form.add_error(None, "This link was opened too often. Try again in an hour.")
    return False


def tries(left: int) -> str:
    if not left:
        return "This passcode is wrong. The link has ended: ask for another one."
    return f"This passcode is wrong. You can try {left} more time{'s' if left > 1 else ''}."


def _come_in(request: HttpRequest, visitor: Actor) -> HttpResponse:
    now = int(time.time())
    kept = {pk: until for pk, until in request.session.get(OPEN, {}).items() if until > now}
    if not request.user.is_authenticated:
        request.session.cycle_key()
    request.session[OPEN] = kept | {str(visitor.grant_id): now + HOUR}
    return quiet(redirect("phr:linked_records", visitor.grant_id))


def _visitor(request: HttpRequest, grant_id: UUID) -> tuple[Actor, UUID]:
    """Who looks, and at whose record; 404 for who did not come in here, or longer ago."""
    if request.session.get(OPEN, {}).get(str(grant_id), 0) <= time.time():
        raise Denied(Action.READ.value)
    visitor = Actor.link(grant_id, request_id=actor_of(request).request_id)
    return visitor, links.about(visitor)[0]


def _silent(response: HttpResponse) -> HttpResponse:
    response.headers["Referrer-Policy"] = "no-referrer"
    return quiet(response)


@require_safe
def records(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """What the link shows, newest first."""
    visitor, patient_id = _visitor(request, grant_id)
    narrowing = SearchForm.of(request.GET, request.POST).narrowing()
    timeline = services.timeline(visitor, patient_id, **narrowing)
    context = {"timeline": timeline, "grant_id": grant_id, **narrowing}
    return _silent(render(request, "phr/linked_records.html", context))


@require_safe
def record(request: HttpRequest, grant_id: UUID, record_id: UUID) -> HttpResponse:
    visitor, patient_id = _visitor(request, grant_id)
    opened = services.open_record(visitor, patient_id, record_id)
    context = {"opened": opened, "grant_id": grant_id}
    return _silent(render(request, "phr/linked_record.html", context))


@require_safe
def picture(
    request: HttpRequest, grant_id: UUID, record_id: UUID, binary_id: UUID
) -> HttpResponseBase:
    """A picture made for looking, shown in the page."""
    return _file(request, grant_id, record_id, binary_id, copy=False)


@require_safe
def download(
    request: HttpRequest, grant_id: UUID, record_id: UUID, binary_id: UUID
) -> HttpResponseBase:
    """The file as it was uploaded, to keep."""
    return _file(request, grant_id, record_id, binary_id, copy=True)


def _file(
    request: HttpRequest, grant_id: UUID, record_id: UUID, binary_id: UUID, *, copy: bool
) -> HttpResponseBase:
    visitor, patient_id = _visitor(request, grant_id)
    again = told(request)
    opened = files.open_file(visitor, patient_id, record_id, binary_id, copy=copy, told=again)
    kind, disposition = opened.binary.content_type, "inline"
    if copy:
        kind, disposition = "application/octet-stream", f'attachment; filename="{opened.file_name}"'
    binary = opened.binary
    return send(request, Sent(binary.size, binary.pk.hex, opened.part, kind, disposition))


@require_safe
def watch(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Whether the page that asks may still be shown; 404 once the link has ended."""
    services.still_open(*_visitor(request, grant_id))
    return HttpResponse(status=204)


# --- for apps --------------------------------------------------------------------------------------


def _for_apps(response: HttpResponse) -> HttpResponse:
    """Readable from pages of other sites, which an app may be: no cookie is asked for or needed."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return quiet(response)


@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def manifest(request: HttpRequest, secret: str) -> HttpResponse:
    """The manifest request: JSON in, the list of files out; 401 with the tries left, or 404."""
    if request.method == "OPTIONS":
        return _for_apps(HttpResponse(status=204))
    form = ManifestForm(_asked(request))
    if not form.is_valid():
        wrong = f"{', '.join(form.errors)} is missing or wrong"
        return _for_apps(JsonResponse({"error": wrong}, status=400))
    if not _may_open(request, secret):
        again = {"Retry-After": "3600"}
        return _for_apps(JsonResponse({"error": "too often"}, status=429, headers=again))
    try:
        said = form.cleaned_data
        visitor = links.opened(
            actor_of(request),
            secret,
            recipient=said["recipient"],
            passcode=said["passcode"],
            action=Action.COPY,
        )
        found = link_documents.manifest(visitor, most=said["embeddedLengthMax"])
        return _for_apps(JsonResponse(found.said))
    except links.WrongPasscode as wrong:
        return _for_apps(JsonResponse({"remainingAttempts": wrong.left}, status=401))
    except Http404:
        return _for_apps(JsonResponse({"error": "not found"}, status=404))


def _asked(request: HttpRequest) -> dict[str, object]:
    try:
        said = json.loads(request.body)
        # Half a character (RFC 8259, section 8.2) is no text, and cannot be kept.
        json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    members = said.items() if isinstance(said, dict) else ()
    return {name: one for name, one in members if not isinstance(one, list | dict)}


@require_http_methods(["GET", "HEAD", "OPTIONS"])
def file(request: HttpRequest, ticket: str) -> HttpResponse:
    """One file of a manifest as compact JWE, as long as its address works."""
    if request.method == "OPTIONS":
        return _for_apps(HttpResponse(status=204))
    try:
        visitor, one = link_documents.ticket_of(ticket, request_id=actor_of(request).request_id)
        sealed = link_documents.encrypted(visitor, one)
    except Http404:
        return _for_apps(JsonResponse({"error": "not found"}, status=404))
    return _for_apps(HttpResponse(sealed, content_type=JOSE))
