"""Pages about permissions that need nothing of what is kept."""

from uuid import UUID

from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from sharing.forms.pages import PageForm
from sharing.services import granting, inherited, listing, paths

DONE = """<!DOCTYPE html>
<html lang="en-gb"><head><meta charset="utf-8"><title>Everything has stopped</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Everything has stopped</h1>
<p>{count} ended. Nobody but you can open anything of your record.</p>
<p><a href="{back}">Back to sharing</a></p></main></body></html>
"""


@login_required
@require_safe
def sharing(request: HttpRequest) -> HttpResponse:
    """The one list of every way into the record, some on each page."""
    form = PageForm(request.GET)
    actor = actor_of(request)
    found = paths.page(actor, after=form.begins("after"), over=form.begins("over"))
    context = {"ways": found, "undecided": inherited.count(actor)}
    return render(request, "sharing/sharing.html", context)


@login_required
@require_http_methods(["POST"])
def revoke(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    granting.revoke(actor_of(request), grant_id)
    messages.success(request, "Sharing has ended. They can open nothing more with it.")
    return redirect("phr:receipt", grant_id)


@login_required
@require_http_methods(["POST"])
def pause(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    granting.pause(actor_of(request), grant_id)
    messages.success(request, "Paused. They can open nothing with it until you go on.")
    return redirect("sharing:sharing")


@login_required
@require_http_methods(["POST"])
def resume(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    granting.resume(actor_of(request), grant_id)
    messages.success(request, "Sharing goes on.")
    return redirect("sharing:sharing")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """Stop everything at once: what is given to others, and on demand her own other devices too.

    The answer to the press is made without a template, so that it works when those do not.
    """
    actor = actor_of(request)
    if request.method != "POST":
        return render(request, "sharing/end.html", {"still": paths.listed(paths.ways(actor))})
    count = granting.revoke_all(actor)
    if "alone" in request.POST and request.user.is_authenticated:
        end_other_sessions(request, request.user)
    return HttpResponse(DONE.format(count=count, back=reverse("sharing:sharing")))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """See an invitation, and accept it."""
    actor = actor_of(request)
    held = listing.invitation(actor, grant_id)
    if request.method != "POST":
        return render(request, "sharing/invitation.html", {"held": held})
    patient_id = granting.accept(actor, grant_id)
    if listing.may_look(actor, patient_id):
        return redirect("phr:shared_records", patient_id)
    day = f"{held.grant.starts_at:%-d %B %Y}"
    later = f"It begins on {day}, and is listed here then." if held.begins_later else ""
    messages.success(request, f"Accepted. {later or 'You can send records, and look at nothing.'}")
    return redirect("phr:shared")
