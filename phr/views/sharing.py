"""Sharing pages that need to know what is kept: the form, the check, the log."""

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.cells import formula_safe
from accounts.requests import actor_of, dangerous, while_signed_in
from phr import agreements
from phr.forms.records import LogForm
from phr.forms.sharing import ScopeForm, ShareForm, told
from phr.services import foresight, looks, marks
from sharing.forms.pages import PageForm
from sharing.services import directory, granting, listing
from sharing.services.recipients import Recipient, last_day_of


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest) -> HttpResponse:
    """Choose, check what they will see, then share."""
    words = marks.own_tags(actor_of(request))
    form = ShareForm(request.POST or None, initial=_asked(request), tags=words)
    return agreed(request, form, "phr/share.html") or _give(request, form)


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def share_chosen(
    request: HttpRequest, organization_id: UUID | None = None, practitioner_id: UUID | None = None
) -> HttpResponse:
    """The same with a facility, or a professional of the directory."""
    actor = actor_of(request)
    to = Recipient(organization_id=organization_id, practitioner_id=practitioner_id)
    chosen = directory.chosen(actor, to)
    form = ScopeForm(request.POST or None, initial=_asked(request), tags=marks.own_tags(actor))
    page = agreed(request, form, "phr/share.html", chosen=chosen)
    if page is not None:
        return page
    words = agreements.words(form.scope(), chosen.name, form.shown_tags, chosen)
    try:
        granting.grant(actor, to, scope=form.scope(), agreement=words)
    except granting.Refused as refused:
        form.add_error(None, str(refused))
        return render(request, "phr/share.html", {"form": form, "chosen": chosen})
    messages.success(request, f"Shared with {chosen.name}.")
    return redirect("sharing:sharing")


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What the page that led here was narrowed to."""
    lists, days = ("categories", "items", "tags", "types"), ("from_day", "until_day")
    found: dict[str, Any] = {
        name: request.GET.getlist(name) for name in lists if name in request.GET
    }
    found |= {name: request.GET[name] for name in days if name in request.GET}
    last = last_day_of(actor_of(request))
    return found | ({"ends_on": last} if last else {})


def agreed(
    request: HttpRequest,
    form: ScopeForm,
    page: str,
    held: listing.Held | None = None,
    chosen: directory.Chosen | None = None,
) -> HttpResponse | None:
    """The form, or the check of what was chosen; None once it was said yes to.

    The check stands again where what it says is no longer what was shown.
    """
    valid = request.method == "POST" and form.is_valid()
    if not valid or "change" in request.POST:
        return render(request, page, {"form": form, "held": held, "chosen": chosen})
    chosen = chosen or directory.Chosen.by_address(form.cleaned_data["email"])
    scope, who = form.scope(), chosen.name
    digest = agreements.digest(scope, who, form.shown_tags, chosen)
    same = request.POST.get("words", digest) == digest
    if "confirmed" in request.POST and same:
        return None
    found = foresight.would_see(actor_of(request), scope)
    listed = {item.id for item in found.items}
    context = {
        "form": form,
        "scope": scope,
        "who": who,
        "chosen": chosen,
        "foresight": found,
        "unlisted": [one for one in scope.besides if one not in listed],
        "agreement": agreements.words(scope, who, form.shown_tags, chosen),
        "digest": digest,
        "other_words": not same and "confirmed" in request.POST,
    }
    return render(request, "phr/share_check.html", context)


def _give(request: HttpRequest, form: ShareForm) -> HttpResponse:
    scope, email = form.scope(), form.cleaned_data["email"]
    words = agreements.words(scope, email, form.shown_tags, directory.Chosen.by_address(email))
    try:
        granting.grant(actor_of(request), email, scope=scope, agreement=words)
    except granting.Refused as refused:
        form.add_error("email", str(refused))
        return render(request, "phr/share.html", {"form": form})
    messages.success(request, "Shared. We have sent them an email with an invitation.")
    return redirect("sharing:sharing")


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def change_share(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Put another permission in the place of one, after the same check."""
    actor = actor_of(request)
    words = marks.own_tags(actor)
    held = listing.one_held(actor, grant_id)
    initial = told(held.scope, words)
    form = ScopeForm(request.POST or None, initial=initial, tags=words, before=held.scope)
    chosen = directory.holding(actor, held)
    page = agreed(request, form, "phr/share.html", held, chosen)
    if page is not None:
        return page
    scope = form.scope()
    said = agreements.words(scope, chosen.name, form.shown_tags, chosen)
    try:
        granting.change(actor, grant_id, scope=scope, agreement=said)
    except granting.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Changed. What you chose before has ended.")
    return redirect("sharing:sharing")


@login_required
@require_safe
def as_they_see(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """The actor's own record as one permission shows it, or showed it until it ended."""
    actor, after = actor_of(request), PageForm(request.GET).begins("after")
    found = foresight.as_they_see(actor, grant_id, after=after)
    held = listing.one_held(actor, grant_id)
    return render(request, "phr/as_they_see.html", {"theirs": found, "held": held})


@login_required
@require_safe
def log(request: HttpRequest) -> HttpResponseBase:
    """Who has looked, in plain words; as a page or as a CSV file."""
    form = LogForm(request.GET)
    actor = actor_of(request)
    if request.GET.get("format") == "csv":
        rows = looks.all_lines(actor, **form.narrowing())
        lines = while_signed_in(request, _csv(rows))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="who-has-looked.csv"'
        return response
    page = looks.log(actor, **form.narrowing())
    return render(request, "phr/log.html", {"page": page, "form": form})


class _Echo:
    def write(self, value: str) -> str:
        return value


def _csv(lines: Iterator[looks.Line]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["When (UTC)", "Who", "What", "Under", "Allowed", "Items"])
    for line in lines:
        who = f"{line.who} ({line.role})" if line.role else line.who
        under = line.under.words if line.under else ""
        cells = [line.at.isoformat(timespec="seconds"), who, line.what, under,
                 "no" if line.denied else "yes", "; ".join(line.titles)]  # fmt: skip
        yield writer.writerow([formula_safe(cell) for cell in cells])
