"""A care provider's own pages: who shares, what was sent, notes, corrections; and their answers."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from phr.forms.remarks import AnswerForm, CorrectionForm, RemarkForm
from phr.services import deliveries, records, remarks
from phr.services import workspace as services
from sharing.forms.pages import PageForm
from sharing.services import passing_on, requests
from sharing.services.recipients import Refused


@login_required
@require_safe
def shared(request: HttpRequest) -> HttpResponse:
    """Patients who share with the person signed in, or with her facility."""
    form = PageForm(request.GET)
    shared = services.workspace(actor_of(request), after=form.begins("after"))
    return render(request, "phr/shared.html", {"shared": shared})


@login_required
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """What the actor sent in, whom she asked, and to whom she passed on."""
    actor = actor_of(request)
    context = {
        "sent": deliveries.sent(actor),
        "requests": requests.mine(actor),
        "passed_on": passing_on.mine(actor),
    }
    return render(request, "phr/sent.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Notes beside what one patient shares, and one more."""
    actor, form = actor_of(request), RemarkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            remarks.write_note(actor, patient_id, text=form.cleaned_data["text"])
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            return redirect("phr:notes", patient_id)
    context = {"written": remarks.beside(actor, patient_id), "form": form, "patient_id": patient_id}
    return render(request, "phr/notes.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def correction(request: HttpRequest, patient_id: UUID, record_id: UUID) -> HttpResponse:
    """Ask the patient to correct one item."""
    actor, form = actor_of(request), CorrectionForm(request.POST or None)
    remarks.beside(actor, patient_id)  # 404 for who holds no permission
    opened = records.open_record(actor, patient_id, record_id)
    if request.method == "POST" and form.is_valid():
        try:
            remarks.ask_correction(actor, patient_id, record_id, text=form.cleaned_data["text"])
        except Refused as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(
                request, "Sent. The patient decides, and you see the answer in the notes."
            )
            return redirect("phr:notes", patient_id)
    return render(request, "phr/correction.html", {"opened": opened, "form": form})


@login_required
@require_safe
def written(request: HttpRequest) -> HttpResponse:
    """What others wrote beside what the actor shares."""
    return render(request, "phr/remarks.html", {"written": remarks.about_me(actor_of(request))})


@login_required
@require_http_methods(["POST"])
def answer(request: HttpRequest, remark_id: UUID) -> HttpResponse:
    """Her answer to a request for correction."""
    said = AnswerForm(request.POST).said()
    remarks.answer(actor_of(request), remark_id, said=said)
    if said:
        messages.success(request, "Answered.")
    return redirect("phr:remarks")
