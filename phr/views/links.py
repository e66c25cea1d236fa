"""A patient's own pages about links and QR codes."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of, dangerous
from phr import agreements
from phr.forms.links import LinkForm
from phr.services import foresight, marks
from sharing import qr
from sharing.services import links
from sharing.services.granting import Refused

PICTURE = "The QR code of this link"


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Every link, and what can be done with each."""
    return render(request, "phr/links.html", {"links": links.mine(actor_of(request))})


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose, check what they will see, then make the link."""
    form = LinkForm(request.POST or None, tags=marks.own_tags(actor_of(request)))
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "phr/link_new.html", {"form": form})
    if "confirmed" in request.POST:
        return _make(request, form)
    scope = form.scope()
    found = foresight.would_see(actor_of(request), scope)
    listed = {item.id for item in found.items}
    context = {
        "form": form,
        "scope": scope,
        "who": form.cleaned_data["recipient"],
        "foresight": found,
        "unlisted": [one for one in scope.besides if one not in listed],
        "agreement": _words(form),
        "further": form.further_rows,
    }
    return render(request, "phr/share_check.html", context)


def _words(form: LinkForm) -> str:
    who = f"whoever has the link that I made for {form.cleaned_data['recipient']}"
    return agreements.words(form.scope(), who, form.shown_tags)


def _make(request: HttpRequest, form: LinkForm) -> HttpResponse:
    """The passcode stands on this page alone: it is kept nowhere, so no other can show it."""
    actor, chosen = actor_of(request), form.cleaned_data
    try:
        made = links.make(
            actor,
            chosen["recipient"],
            scope=form.scope(),
            agreement=_words(form),
            passcode=form.with_passcode,
            uses=chosen["uses"],
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return render(request, "phr/link_new.html", {"form": form})
    return _shown(request, made.grant_id, made.passcode)


@login_required
@require_safe
def one(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """One link: its QR code, to copy and to print, and who opened it."""
    return _shown(request, grant_id)


def _shown(request: HttpRequest, grant_id: UUID, passcode: str = "") -> HttpResponse:
    found = links.one(actor_of(request), grant_id)
    picture = qr.svg(found.url, label=PICTURE) if found.url else ""
    context = {"link": found, "picture": picture, "passcode": passcode}
    return render(request, "phr/link.html", context)
