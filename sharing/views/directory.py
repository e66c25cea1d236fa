"""With whom to share: by address, or from the directory."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from sharing.forms.facilities import SearchForm
from sharing.services import agreements, directory, facilities


@login_required
@require_safe
def whom(request: HttpRequest) -> HttpResponse:
    """The one question before sharing. What the page before was narrowed to goes along."""
    return render(request, "sharing/whom.html", {"along": request.GET.urlencode()})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Words, and whom they find."""
    form = SearchForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        found = directory.search(actor_of(request), form.cleaned_data["words"])
    context = {"form": form, "found": found, "along": request.GET.urlencode()}
    return render(request, "sharing/directory.html", context)


@login_required
@require_safe
def facility(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """A facility as a patient sees it before she shares with it."""
    card = facilities.card(actor_of(request), organization_id)
    context = {"card": card, "along": request.GET.urlencode()}
    return render(request, "sharing/facility.html", context)


@login_required
@require_safe
def agreement(request: HttpRequest, organization_id: UUID, agreement_id: UUID) -> HttpResponse:
    """The document of an agreement."""
    found = agreements.document(actor_of(request), organization_id, agreement_id)
    response = HttpResponse(found, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="agreement.pdf"'
    return response
