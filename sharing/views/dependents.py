"""Open a record for somebody without an account."""

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import actor_of, dangerous
from sharing.forms.dependents import DependentForm
from sharing.services import dependents
from sharing.services.dependents import Draft
from sharing.services.granting import Refused

TOO_OFTEN = "You have opened many records today. Try again tomorrow."


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def open_record(request: HttpRequest) -> HttpResponse:
    """Say whom it is for, check what that means, then open it."""
    form = DependentForm(request.POST or None)
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "sharing/dependent_new.html", {"form": form})
    draft = form.draft()
    try:
        dependents.check(draft)
        if "confirmed" not in request.POST:
            return render(request, "sharing/dependent_check.html", {"form": form, "draft": draft})
        _open(request, draft)
    except Refused as refused:
        form.add_error(None, str(refused))
        return render(request, "sharing/dependent_new.html", {"form": form})
    messages.success(request, "The record is open. Press “Act for …” to look after it.")
    return redirect("sharing:acting")


def _open(request: HttpRequest, draft: Draft) -> None:
    # Each has invitations of its own, which are counted no more once it is deleted.
    if not ratelimit.consume(request, action="open_dependent", user=request.user):
        raise Refused(TOO_OFTEN)
    dependents.open_record(actor_of(request), draft)
