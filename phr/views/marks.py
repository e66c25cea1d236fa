"""Tags, favourites and what is never shared: each button is a form of its own."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.requests import actor_of
from phr.forms.marks import TagForm
from phr.services import marks


@login_required
@require_http_methods(["POST"])
def tag(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Sort an item under a word."""
    try:
        marks.tag(actor_of(request), record_id, name=TagForm(request.POST).typed())
    except marks.Refused as refused:
        messages.error(request, str(refused))
    return redirect("phr:record", record_id)


@login_required
@require_http_methods(["POST"])
def untag(request: HttpRequest, record_id: UUID, tag_id: UUID) -> HttpResponse:
    marks.untag(actor_of(request), record_id, tag_id=tag_id)
    return redirect("phr:record", record_id)


@login_required
@require_http_methods(["POST"])
def favourite(request: HttpRequest, record_id: UUID) -> HttpResponse:
    marks.favour(actor_of(request), record_id, favourite="yes" in request.POST)
    return redirect("phr:record", record_id)


@login_required
@require_http_methods(["POST"])
def never_shared(request: HttpRequest, record_id: UUID) -> HttpResponse:
    chosen = "yes" in request.POST
    marks.keep_back(actor_of(request), record_id, never_shared=chosen)
    words = "Nobody you share with can see this item." if chosen else "This item is shared again."
    messages.success(request, words)
    return redirect("phr:record", record_id)
