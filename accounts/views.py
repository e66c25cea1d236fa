"""Pages about oneself; sign-in, mail addresses and second factors are allauth's."""

from allauth.account.internal import flows
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.forms import PatientForm, PractitionerForm
from accounts.requests import actor_of


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
    form = PatientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.begin_record(actor_of(request), **form.cleaned_data)
        return redirect("phr:records")
    return render(request, "accounts/begin.html", {"form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    form = PractitionerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.register_practitioner(actor_of(request), **form.cleaned_data)
        return redirect("sharing:shared")
    return render(request, "accounts/register.html", {"form": form})


@login_required
@require_http_methods(["POST"])
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the person signed in, this one too."""
    end_other_sessions(request, request.user)
    flows.logout.logout(request)
    return redirect("phr:front")
