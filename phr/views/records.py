"""A record's pages, for its patient (`/records/`) and for those she shares with (`/shared/<id>/`)."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from phr import ways
from phr.formats.parsed import Refused
from phr.forms.entries import form_for
from phr.forms.marks import TagForm
from phr.forms.records import LabelsForm, SearchForm, SettleForm, sorted_with
from phr.sending import Sent, send, told
from phr.services import files, settling, versions
from phr.services import records as services
from sharing.labels import Sensitivity

KEPT = "What you wrote stays. We will not ask again about this file."
TAKEN = "The item now says what the file says. What you wrote is under “Earlier versions”."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def records(request: HttpRequest, patient_id: UUID | None = None) -> HttpResponse:
    """The timeline. Typed words come by POST: an address bar must not hold them."""
    actor = actor_of(request)
    about = patient_id or services.own_patient_id(actor)
    if about is None:
        return redirect("phr:home")
    narrowing = SearchForm.of(request.GET, request.POST).narrowing()
    timeline = services.timeline(actor, about, **narrowing)
    asked = narrowing["asked"]
    context = {
        "timeline": timeline,
        "chosen": ways.chosen(asked, timeline),
        "groups": ways.groups(asked, timeline),
        "orders": ways.orders(asked),
        "to_share": ways.to_share(asked),
        "undated": asked.but(since=None, until=None, year=None),
        **narrowing,
    }
    return render(request, "phr/records.html", context)


@login_required
@require_safe
def record(request: HttpRequest, record_id: UUID, patient_id: UUID | None = None) -> HttpResponse:
    actor = actor_of(request)
    opened = services.open_record(actor, patient_id or _own(request), record_id)
    form = LabelsForm(initial={"labels": [label.value for label in opened.labels]})
    may_correct = opened.own and form_for(opened.resource) is not None
    context = {"opened": opened, "form": form, "may_correct": may_correct, "tag_form": TagForm()}
    return render(request, "phr/record.html", context)


def _own(request: HttpRequest) -> UUID:
    """The signed-in patient's own id; a nil id, which is nobody's, for who is none."""
    return services.own_patient_id(actor_of(request)) or UUID(int=0)


@login_required
@require_safe
def version(request: HttpRequest, record_id: UUID, number: int) -> HttpResponse:
    """An earlier version beside the one that took its place."""
    compared = versions.compare(actor_of(request), record_id, number)
    return render(request, "phr/version.html", {"compared": compared})


@login_required
@require_http_methods(["POST"])
def settle(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Of what she wrote and what a file says, let one stand."""
    mine, version = SettleForm(request.POST).told()
    act = settling.keep_mine if mine else settling.take_theirs
    try:
        act(actor_of(request), record_id, version=version)
        messages.success(request, KEPT if mine else TAKEN)
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("phr:record", record_id)


@login_required
@require_http_methods(["POST"])
def labels(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Say how sensitive a record is."""
    form = LabelsForm(request.POST)
    if form.is_valid():
        chosen = [Sensitivity(value) for value in form.cleaned_data["labels"]]
        others = services.classify(actor_of(request), record_id, labels=chosen)
        messages.success(request, sorted_with(others))
    return redirect("phr:record", record_id)


@login_required
@require_safe
def picture(
    request: HttpRequest, record_id: UUID, binary_id: UUID, patient_id: UUID | None = None
) -> HttpResponseBase:
    """A picture made for looking, shown in the page."""
    about, again = patient_id or _own(request), told(request)
    opened = files.open_file(actor_of(request), about, record_id, binary_id, copy=False, told=again)
    return _send(request, opened, opened.binary.content_type, "inline")


@login_required
@require_safe
def download(
    request: HttpRequest, record_id: UUID, binary_id: UUID, patient_id: UUID | None = None
) -> HttpResponseBase:
    """The file as it was uploaded, to keep."""
    about, again = patient_id or _own(request), told(request)
    opened = files.open_file(actor_of(request), about, record_id, binary_id, copy=True, told=again)
    disposition = f'attachment; filename="{opened.file_name}"'
    return _send(request, opened, "application/octet-stream", disposition)


def _send(
    request: HttpRequest, opened: files.OpenFile, content_type: str, disposition: str
) -> HttpResponseBase:
    # The bytes of a Binary never change, so its number tells them from any other.
    binary = opened.binary
    sent = Sent(binary.size, binary.pk.hex, opened.part, content_type, disposition)
    return send(request, sent)


@login_required
@require_safe
def watch(request: HttpRequest, patient_id: UUID, record_id: UUID | None = None) -> HttpResponse:
    """Whether the page that asks may still be shown; 404 once access has ended."""
    services.still_open(actor_of(request), patient_id, record_id)
    return HttpResponse(status=204)
