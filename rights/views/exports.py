"""Download all my data: asking for the archive, following it, taking it, having it destroyed."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of, authenticated_recently, dangerous
from phr.sending import Sent, goes_on, send, told
from rights.archive.parts import PARTS
from rights.forms.exports import PartForm
from rights.services import choosing
from rights.services import exports as services

BEGAN = "export_begun"
GOES_ON_SECONDS = 3600


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest) -> HttpResponse:
    """Say what is in the file and make it."""
    if request.method == "POST":
        return redirect("rights:export_state", services.request_export(actor_of(request)))
    followed = services.latest(actor_of(request))
    context = {"followed": followed, "parts": PARTS, "days": settings.PHR_EXPORT_DAYS}
    return render(request, "rights/export.html", context)


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def export_part(request: HttpRequest) -> HttpResponse:
    """Choose a part of the record, see what it brings, and have it made."""
    offered = choosing.offered(actor_of(request))
    single = request.GET.get("item")
    one = QueryDict(urlencode({"items": single})) if single else None
    given = request.POST if request.method == "POST" else one
    form = PartForm(given, tags=offered.tags, visits=offered.visits)
    if form.is_valid() and "change" not in request.POST:
        return _checked(request, form)
    return render(request, "rights/export_part.html", {"form": form})


def _checked(request: HttpRequest, form: PartForm) -> HttpResponse:
    """Everything chosen once more; single items can be left out where they are few."""
    if "confirmed" in request.POST:
        export_id = services.request_export(actor_of(request), form.choice)
        return redirect("rights:export_state", export_id)
    found = choosing.found(actor_of(request), form.choice)
    chosen = {pk for pk, _ in found.items}
    context = {"form": form, "found": found, "chosen": chosen, "days": settings.PHR_EXPORT_DAYS}
    return render(request, "rights/export_part_check.html", context)


@login_required
@require_safe
def export_state(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """How far it is, as a page or as the fragment that the page polls."""
    followed = services.export(actor_of(request), export_id)
    fragment = request.headers.get("HX-Request") == "true"
    template = "rights/_export_state.html" if fragment else "rights/export_state.html"
    return render(request, template, {"followed": followed})


@login_required
@require_http_methods(["POST"])
def end_export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    services.end_export(actor_of(request), export_id)
    messages.success(request, "The file is deleted. You can make a new one whenever you like.")
    return redirect("rights:export")


@login_required
@require_safe
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """The file. The rest of a download that this session began needs no password for an hour."""
    proved = authenticated_recently(request)
    if not proved and not _goes_on(request, export_id):
        # Back to the page: a download that answers a form leaves the form on the screen.
        page = reverse("rights:export_state", args=[export_id])
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': page})}")
    response = _send(request, export_id)
    if proved:
        request.session[BEGAN] = [str(export_id), int(time.time())]
    return response


def _goes_on(request: HttpRequest, export_id: UUID) -> bool:
    begun, at = request.session.get(BEGAN, ["", 0])
    if begun != str(export_id) or at < time.time() - GOES_ON_SECONDS:
        return False
    row = services.export(actor_of(request), export_id)
    return goes_on(request, row.export.size or 0, row.sha256)


def _send(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    actor = actor_of(request)
    found = services.download(actor, export_id, told=told(request))

    def pieces(start: int, end: int) -> Iterator[bytes]:
        return services.pieces(actor, export_id, start=start, end=end)

    name = f"my-health-record-{found.made_on}.zip"
    disposition = f'attachment; filename="{name}"'
    return send(request, Sent(found.size, found.sha256, pieces, "application/zip", disposition))
