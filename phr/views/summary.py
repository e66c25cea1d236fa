"""What matters first, on pages of their own: summary, medicines, vaccinations, values over time."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.requests import actor_of
from phr.printing.pdf import CannotPrint
from phr.services import charts, summary_document, summary_paper
from phr.services import records as records_services
from phr.services import summary as services

SANDBOX = "sandbox; default-src 'none'"


@login_required
@require_safe
def summary(request: HttpRequest, patient_id: UUID | None = None) -> HttpResponse:
    opened = services.summary(actor_of(request), patient_id or _own(request))
    return render(request, "phr/summary.html", {"summary": opened})


@login_required
@require_safe
def medicines(request: HttpRequest, patient_id: UUID | None = None) -> HttpResponse:
    """Medicines taken now and in the past, with their periods."""
    opened = services.medicines(actor_of(request), patient_id or _own(request))
    return render(request, "phr/medicines.html", {"summary": opened})


@login_required
@require_safe
def immunizations(request: HttpRequest, patient_id: UUID | None = None) -> HttpResponse:
    """The immunisation card."""
    opened = services.immunizations(actor_of(request), patient_id or _own(request))
    return render(request, "phr/immunizations.html", {"summary": opened})


@login_required
@require_safe
def chart(request: HttpRequest, record_id: UUID, patient_id: UUID | None = None) -> HttpResponse:
    """All values of one measurement over time."""
    opened = charts.chart(actor_of(request), patient_id or _own(request), record_id)
    return render(request, "phr/chart.html", {"chart": opened})


@login_required
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """One's own International Patient Summary as a FHIR document, to keep."""
    made = summary_document.summary_document(actor_of(request))
    response = HttpResponse(made, content_type="application/fhir+json")
    response.headers["Content-Disposition"] = 'attachment; filename="patient-summary.json"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@login_required
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The same on paper, as a doctor reads it."""
    try:
        made = summary_paper.summary_pdf(actor_of(request))
    except CannotPrint as problem:
        messages.error(request, str(problem))
        return redirect("phr:summary")
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="patient-summary.pdf"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _own(request: HttpRequest) -> UUID:
    """The signed-in patient's own id; a nil id, which is nobody's, for who is none."""
    return records_services.own_patient_id(actor_of(request)) or UUID(int=0)
