"""What a care provider sends in for a patient."""

from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.actors import Denied
from accounts.requests import actor_of
from phr.receiving import DeliveringUploadHandler, EncryptingUploadHandler
from phr.services import deliveries


@csrf_exempt  # the files' handler must be set before the form is read; `_complete` checks the token
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Send files in for a patient who lets one; they wait until she accepts them."""
    actor = actor_of(request)
    name = deliveries.patient_name(actor, patient_id)
    if request.method == "POST":
        handler = DeliveringUploadHandler(request, actor, patient_id)
        problem = receive(request, handler)
        if not problem:
            messages.success(request, "Sent. It waits until the patient accepts it.")
            return redirect("phr:shared")
        messages.error(request, problem)
        return redirect("phr:deliver", patient_id)
    most = settings.PHR_UPLOAD_MOST_BYTES // 1_000_000
    context = {"patient_id": patient_id, "patient_name": name, "most_megabytes": most}
    return render(request, "phr/deliver.html", context)


def receive(request: HttpRequest, handler: EncryptingUploadHandler) -> str:
    """Take the files of a request in. Returns what went wrong, in a sentence, or ""."""
    request.upload_handlers = [handler]
    try:
        answer = _complete(request, handler)
    except TooManyFilesSent:
        handler.give_up(f"Choose at most {settings.PHR_UPLOAD_MOST_FILES} files at a time.")
        return handler.problem
    except Denied:
        handler.give_up("")
        raise
    if answer.status_code == HTTPStatus.FORBIDDEN:
        handler.give_up("The form was open for too long. Please send the files again.")
    elif not handler.problem and not handler.received:
        return "Choose at least one file."
    return handler.problem


@csrf_protect
def _complete(request: HttpRequest, handler: EncryptingUploadHandler) -> HttpResponse:
    # Reading the form is what receives the files.
    bool(request.FILES)
    handler.complete()
    return HttpResponse()
