"""Sharing pages that need to know what is kept: the form, the check, the receipt, the log."""

import csv
from collections.abc import Iterator
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of, dangerous
from phr.forms.records import LogForm
from phr.forms.sharing import ShareForm
from phr.services import looks, records
from sharing import services
from sharing.policy import Action


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest) -> HttpResponse:
    """Choose, check what they will see, then share."""
    actor = actor_of(request)
    form = ShareForm(request.POST or None)
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        records.own_or_denied(actor, Action.SHARE)
        return render(request, "phr/share.html", {"form": form})
    if "confirmed" in request.POST:
        return _grant(request, form)
    scope = form.scope()
    count = records.would_see(actor, categories=scope.categories, labels=scope.labels)
    return render(request, "phr/share_check.html", {"form": form, "scope": scope, "count": count})


def _grant(request: HttpRequest, form: ShareForm) -> HttpResponse:
    try:
        services.grant(actor_of(request), form.cleaned_data["email"], scope=form.scope())
    except services.Refused as refused:
        form.add_error("email", str(refused))
        return render(request, "phr/share.html", {"form": form})
    messages.success(request, "Shared. We have sent them an email with an invitation.")
    return redirect("sharing:sharing")


@login_required
@require_safe
def receipt(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """What somebody saw and copied under one permission."""
    context = {"receipt": looks.receipt(actor_of(request), grant_id)}
    return render(request, "phr/receipt.html", context)


@login_required
@require_safe
def log(request: HttpRequest) -> HttpResponseBase:
    """Who has looked, in plain words; as a page or as a CSV file."""
    form = LogForm(request.GET)
    actor = actor_of(request)
    if request.GET.get("format") == "csv":
        rows = looks.all_lines(actor, **form.narrowing())
        response = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="who-has-looked.csv"'
        return response
    page = looks.log(actor, **form.narrowing())
    return render(request, "phr/log.html", {"page": page, "form": form})


class _Echo:
    def write(self, value: str) -> str:
        return value


def _csv(lines: Iterator[looks.Line]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["When (UTC)", "Who", "What", "Allowed", "Items"])
    for line in lines:
        who = f"{line.who} ({line.role})" if line.role else line.who
        cells = [line.at.isoformat(timespec="seconds"), who, line.what,
                 "no" if line.denied else "yes", "; ".join(line.titles)]  # fmt: skip
        yield writer.writerow([formula_safe(cell) for cell in cells])


def formula_safe(cell: str) -> str:
    """A cell that no spreadsheet runs (OWASP ASVS 5.0, 1.2.10)."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r\n" and cell else cell
