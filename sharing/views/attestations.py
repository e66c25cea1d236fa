"""Copies that patients ask to be destroyed: the list, and the answer."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from sharing.forms.attestations import AnswerForm
from sharing.models import Answer, Reason
from sharing.services import attestations


@login_required
@require_safe
def copies(request: HttpRequest) -> HttpResponse:
    """Every permission that was taken back and under which the actor's side had copied something."""
    context = {"asked": attestations.asked_of_me(actor_of(request))}
    return render(request, "sharing/copies.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def attest(request: HttpRequest, attestation_id: UUID) -> HttpResponse:
    """Answer what became of the copies, once."""
    actor = actor_of(request)
    asked = attestations.one_of_mine(actor, attestation_id)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        reason = Reason(said["reason"]) if said["reason"] else None
        attestations.attest(
            actor, attestation_id, answer=Answer(said["answer"]), reason=reason, words=said["words"]
        )
        messages.success(request, "Thank you. The patient reads your answer.")
        return redirect("sharing:copies")
    return render(request, "sharing/attest.html", {"form": form, "asked": asked})
