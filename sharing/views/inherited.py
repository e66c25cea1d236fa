"""Asking the new owner of a record about what was shared before it was hers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import actor_of
from sharing.forms.inherited import KEEP, DecisionForm
from sharing.services import granting, inherited

SAID = {True: "Kept. They can go on looking.", False: "Ended. They can open nothing more with it."}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def taken_over(request: HttpRequest) -> HttpResponse:
    """Each of them with two buttons, until none is left; nothing is chosen for her."""
    actor = actor_of(request)
    if request.method == "POST":
        return _decide(request)
    asked = inherited.asked(actor)
    if not asked.count:
        return redirect("phr:records")
    return render(request, "sharing/taken_over.html", {"asked": asked})


def _decide(request: HttpRequest) -> HttpResponse:
    actor, form = actor_of(request), DecisionForm(request.POST)
    if form.is_valid():
        kept = form.cleaned_data["decision"] == KEEP
        (inherited.keep if kept else granting.revoke)(actor, form.cleaned_data["grant"])
        messages.success(request, SAID[kept])
    left = inherited.count(actor)
    return redirect("sharing:taken_over" if left else "sharing:sharing")
