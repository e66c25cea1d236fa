"""Pages about one's rights: what they are, asking for one, and following what became of it."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from rights.authorities import AUTHORITIES
from rights.casework import Refused
from rights.forms import cases as forms
from rights.regimes import Jurisdiction, Right
from rights.services import cases as services


@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """Every right in plain words; for anybody to read."""
    context = {"places": AUTHORITIES.items(), "contact": settings.PHR_CONTACT_EMAIL}
    return render(request, "rights/rights.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """One question a page, then a page to check everything; nothing is kept before it is sent."""
    # A link may choose the right; words never stand in an address.
    chosen = {"right": request.GET["right"]} if "right" in request.GET else {}
    given = request.POST if request.method == "POST" else chosen
    form = forms.page_of(given, change=request.POST.get("change", ""))
    answers = forms.answers(given)
    if form is not None:
        asking = next(iter(form.fields))
        before = {name: value for name, value in answers.items() if name != asking}
        context = {"form": form, "before": before}
        if "right" in before:
            context["wanted"] = Right(before["right"]).label
        return render(request, "rights/ask.html", context)
    if "confirmed" in request.POST:
        return _send(request, answers)
    return render(request, "rights/ask_check.html", {"before": answers, **_named(answers)})


def _named(answers: dict[str, str]) -> dict[str, object]:
    return {
        "right": Right(answers["right"]),
        "jurisdiction": Jurisdiction(answers["jurisdiction"]),
        "words": answers["words"],
    }


def _send(request: HttpRequest, answers: dict[str, str]) -> HttpResponse:
    try:
        reference = services.open_case(
            actor_of(request),
            right=Right(answers["right"]),
            jurisdiction=Jurisdiction(answers["jurisdiction"]),
            words=answers["words"],
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("rights:cases")
    messages.success(request, "Sent. We have it, and the clock is running.")
    return redirect("rights:case", reference)


@login_required
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    return render(request, "rights/cases.html", {"cases": services.cases(actor_of(request))})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, case_reference: str) -> HttpResponse:
    """One request: when it is due and why, what was said, how it ended; and a line to write."""
    actor = actor_of(request)
    form = forms.MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.write_message(actor, case_reference, **form.cleaned_data)
            messages.success(request, "Your message is sent.")
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("rights:case", case_reference)
    page = services.case(actor, case_reference)
    return render(request, "rights/case.html", {"page": page, "form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, case_reference: str) -> HttpResponse:
    """Ask once more, then take the request back."""
    actor = actor_of(request)
    if request.method != "POST":
        page = services.case(actor, case_reference)
        return render(request, "rights/withdraw.html", {"page": page})
    try:
        services.withdraw(actor, case_reference)
        messages.success(request, "You took your request back.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("rights:case", case_reference)
