"""Adding something by hand, one kind a page, and correcting what is there."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from phr.formats.parsed import Refused
from phr.forms.entries import KINDS, SEVERAL, form_for
from phr.forms.entries.correcting import correcting
from phr.forms.entries.entry import EntryForm
from phr.forms.entries.several import SeveralForm
from phr.services import entries as services
from phr.services import records
from sharing.policy import Action


@login_required
@require_safe
def new(request: HttpRequest) -> HttpResponse:
    """Choose what to add."""
    records.own_or_denied(actor_of(request), Action.CREATE)
    return render(request, "phr/entries.html", {"kinds": KINDS.items()})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_entry(request: HttpRequest, kind: str) -> HttpResponse:
    """Write one thing down."""
    records.own_or_denied(actor_of(request), Action.CREATE)
    if kind == SEVERAL:
        return _several(request)
    if kind not in KINDS:
        raise Http404
    form = KINDS[kind](request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        record_id = _entered(request, form)
        if record_id and "another" in request.POST:
            return redirect("phr:new_entry", kind)
        if record_id:
            return redirect("phr:record", record_id)
    return render(request, "phr/entry.html", {"form": form})


def _several(request: HttpRequest) -> HttpResponse:
    form = SeveralForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            added = services.enter_all(actor_of(request), form.entries)
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _told(added, len(form.entries) - added))
            return redirect("phr:records")
    return render(request, "phr/entry_several.html", {"form": form})


def _told(added: int, known: int) -> str:
    saved = f"Saved {added} {'value' if added == 1 else 'values'}, marked as entered by you."
    return f"{saved} You already had {known} of them." if known else saved


def _entered(request: HttpRequest, form: EntryForm) -> UUID | None:
    try:
        record_id = services.enter(actor_of(request), form.resource())
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return None
    messages.success(request, "Saved. It is marked as entered by you.")
    return record_id


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Correct one item, as far as its form can say all that it says."""
    entry = services.entry(actor_of(request), record_id)
    kind = form_for(entry.resource)
    if kind is None:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = correcting(kind, entry.resource, entry.version, data)
    if request.method == "POST" and form.is_valid() and _corrected(request, record_id, form):
        return redirect("phr:record", record_id)
    return render(request, "phr/entry_correct.html", {"form": form, "entry": entry})


def _corrected(request: HttpRequest, record_id: UUID, form: EntryForm) -> bool:
    told = form.cleaned_data
    try:
        services.correct(
            actor_of(request),
            record_id,
            form.changes(),
            reason=told["why"],
            version=told["version"],
        )
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return False
    messages.success(request, "Corrected. What it said before is under “Earlier versions”.")
    return True
