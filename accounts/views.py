"""Pages about oneself; sign-in, mail addresses and second factors are allauth's."""

from uuid import UUID

from allauth.account.internal import flows
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts import consents, directory, leaving, news, purposes, services
from accounts.forms import BornForm, ConsentForm, ListingForm, PatientForm, PractitionerForm
from accounts.purposes import Purpose
from accounts.requests import actor_of

PLAIN = "text/plain; charset=utf-8"


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/account.html")


@login_required
@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """The one question after the first sign-in: for yourself, or as a professional?"""
    return render(request, "accounts/welcome.html", {"sides": services.sides(actor_of(request))})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    if leaving.is_patient_leaving(actor_of(request)):
        return render(request, "accounts/leaving.html")
    form = PatientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.begin_record(actor_of(request), name=form.cleaned_data["name"])
        return redirect("phr:records")
    context = {"form": form, "agreement": purposes.current(Purpose.KEEP)}
    return render(request, "accounts/begin.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    form = PractitionerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.register_practitioner(actor_of(request), **form.cleaned_data)
        return redirect("phr:shared")
    return render(request, "accounts/register.html", {"form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """A professional's own entry in the directory."""
    entry = directory.own_entry(actor_of(request))
    known = {"place": entry.place, "listed": entry.listed}
    form = ListingForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        directory.keep_entry(actor_of(request), **form.cleaned_data)
        messages.success(request, "Your entry was saved.")
        return redirect("accounts:listing")
    return render(request, "accounts/listing.html", {"form": form, "entry": entry})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def born(request: HttpRequest) -> HttpResponse:
    """Where a patient may tell her birth date, by which files about somebody else are noticed."""
    told = services.own_born(actor_of(request))
    form = BornForm(request.POST or None, initial={"born": told})
    if request.method == "POST" and form.is_valid():
        services.set_born(actor_of(request), **form.cleaned_data)
        messages.success(request, "Your date of birth was saved.")
        return redirect("accounts:account")
    return render(request, "accounts/born.html", {"form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def agreed(request: HttpRequest) -> HttpResponse:
    """What data are used for, what the person agreed to, and a button to change it."""
    form = ConsentForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            _choose(request, **form.cleaned_data)
        return redirect("accounts:consents")
    actor = actor_of(request)
    context = {
        "choices": consents.choices(actor),
        "history": consents.history(actor),
        "uses": [one for one in purposes.uses() if not one.purpose],
        "contact": settings.PHR_CONTACT_EMAIL,
    }
    return render(request, "accounts/consents.html", context)


def _choose(request: HttpRequest, *, purpose: Purpose, agree: str, sha256: str) -> None:
    title = purposes.use(purpose).title
    if agree == "no":
        consents.withdraw(actor_of(request), purpose)
        messages.success(request, f"{title}: you do not agree any more.")
        return
    try:
        consents.give(actor_of(request), purpose, sha256=sha256)
    except consents.Changed:
        messages.warning(request, "The words are new. Please read them, and press again.")
    else:
        messages.success(request, f"{title}: you agree. You can take it back here at any time.")


@login_required
@require_safe
def consent_receipt(request: HttpRequest, consent_id: UUID) -> HttpResponse:
    """What was agreed to, when and in which words, as a text to keep."""
    row = consents.consent(actor_of(request), consent_id)
    text = purposes.shown(row.sha256)
    context = {"row": row, "text": text, "use": purposes.use(text.purpose)}
    response = render(request, "accounts/receipt.txt", context, content_type=PLAIN)
    name = f"consent-{row.purpose}-{row.given_at:%Y-%m-%d}.txt"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@csrf_exempt  # mail programs press this button without cookies (RFC 8058 section 3.1)
@require_http_methods(["GET", "HEAD", "POST"])
def stop_news(request: HttpRequest, token: str) -> HttpResponse:
    """One button; opening the page does nothing, because programs open links in mails to test them."""
    if request.method == "POST":
        news.stop(actor_of(request), token)
        return render(request, "accounts/news_stopped.html")
    return render(request, "accounts/stop_news.html")


@login_required
@require_http_methods(["POST"])
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the person signed in, this one too."""
    end_other_sessions(request, request.user)
    flows.logout.logout(request)
    return redirect("phr:front")
