"""Asking for access and answering; passing on."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor, Denied
from accounts.requests import actor_of, dangerous
from phr import agreements
from phr.forms.requests import AskForm, PassOnForm
from phr.forms.sharing import ScopeForm, told
from phr.services import marks
from phr.views.sharing import agreed
from sharing.services import directory, passing_on, requests
from sharing.services.directory import Chosen
from sharing.services.recipients import Refused


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask a patient to share; the answer is the same whether there is one."""
    actor = actor_of(request)
    if not requests.may_ask(actor):
        raise Denied("ask")
    form = AskForm(request.POST or None, facilities=requests.facilities(actor))
    if request.method == "POST" and form.is_valid():
        try:
            email, chosen = form.cleaned_data["email"], form.organization_id()
            requests.ask(actor, email, wish=form.wish(), organization_id=chosen)
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(
                request, "If somebody here has this address, they see your request and decide."
            )
            return redirect("phr:shared")
    return render(request, "phr/ask.html", {"form": form})


@login_required
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """Who asks for access to the actor's own record."""
    return render(request, "phr/requests.html", {"requests": requests.waiting(actor_of(request))})


@login_required
@require_safe
def one(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """One request: who, why, for what."""
    return render(
        request, "phr/request.html", {"asked": requests.one(actor_of(request), request_id)}
    )


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def grant(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Grant it as it was asked for, or narrower, after the same check as any sharing.

    `?to=facility` lets in those who see patients there, and not who asked for herself.
    """
    actor = actor_of(request)
    asked, words = requests.one(actor, request_id), marks.own_tags(actor)
    facility = request.GET.get("to") == "facility"
    chosen = _answered(actor, asked, facility=facility)
    form = ScopeForm(request.POST or None, initial=told(asked.scope, words), tags=words)
    page = agreed(request, form, "phr/share.html", chosen=chosen)
    if page is not None:
        return page
    said = agreements.words(form.scope(), chosen.name, form.shown_tags, chosen)
    try:
        requests.grant(actor, request_id, scope=form.scope(), agreement=said, facility=facility)
    except Refused as refused:
        form.add_error(None, str(refused))
        return render(request, "phr/share.html", {"form": form, "chosen": chosen})
    messages.success(request, f"Shared with {chosen.name}.")
    return redirect("sharing:sharing")


def _answered(actor: Actor, asked: requests.Asked, *, facility: bool) -> Chosen:
    to = asked.recipient(facility=facility)
    if to.organization_id:
        return directory.chosen(actor, to)
    of, person = asked.request.organization, asked.person
    return Chosen(to, person.name, person.role, of=of, checked=person.verified)


@login_required
@require_http_methods(["POST"])
def refuse(request: HttpRequest, request_id: UUID) -> HttpResponse:
    requests.refuse(actor_of(request), request_id)
    messages.success(request, "Refused. They are not told.")
    return redirect("phr:access_requests")


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def pass_on(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Give one other person the same."""
    actor = actor_of(request)
    name = passing_on.patient_name(actor, grant_id)
    form = PassOnForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, ends_at = form.cleaned_data["email"], form.ends_at()
        try:
            passing_on.pass_on(actor, grant_id, email=email, ends_at=ends_at)
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, "Passed on. The patient is told, and can end it.")
            return redirect("phr:shared")
    return render(request, "phr/pass_on.html", {"form": form, "patient_name": name})
