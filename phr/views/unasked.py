"""Files that nobody asked for: her choice, and how they are sent."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.actors import Denied
from accounts.requests import actor_of
from phr.forms.unasked import OfferForm, UnaskedForm
from phr.receiving import OfferedUploadHandler
from phr.views.deliveries import receive
from sharing.models import Unasked
from sharing.services import offers, requests
from sharing.services.recipients import Refused

SENT = "Sent. If somebody here has this address and takes such files, they find it."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Refuse what nobody asked for, or keep it apart until its patient looks."""
    actor = actor_of(request)
    form = UnaskedForm(request.POST or None, initial={"unasked": offers.choice(actor)})
    if request.method == "POST" and form.is_valid():
        offers.choose(actor, Unasked(form.cleaned_data["unasked"]))
        messages.success(request, "Kept. We follow it from now on.")
        return redirect("phr:unasked")
    return render(request, "phr/unasked.html", {"form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest) -> HttpResponse:
    """Say to which address; the answer is the same whether there is anybody."""
    actor = actor_of(request)
    if not requests.may_ask(actor):
        raise Denied("offer")
    form = OfferForm(request.POST or None, facilities=requests.facilities(actor))
    if request.method == "POST" and form.is_valid():
        email, chosen = form.cleaned_data["email"], form.organization_id()
        try:
            return redirect("phr:offered", offers.offer(actor, email, organization_id=chosen))
        except Refused as refused:
            form.add_error("email", str(refused))
    return render(request, "phr/offer.html", {"form": form})


@csrf_exempt  # the files' handler must be set before the form is read; `receive` checks the token
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    """Send the files, once."""
    actor = actor_of(request)
    to = offers.one(actor, offer_id).email
    if request.method == "POST":
        problem = receive(request, OfferedUploadHandler(request, actor, offer_id))
        if not problem:
            offers.finish(actor, offer_id)
            messages.success(request, SENT)
            return redirect("phr:shared")
        messages.error(request, problem)
        return redirect("phr:offered", offer_id)
    most = settings.PHR_UNASKED_MOST_BYTES // 1_000_000
    context = {"patient_name": to, "most_megabytes": most, "offered": True}
    return render(request, "phr/deliver.html", context)
