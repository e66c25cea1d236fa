"""The receipt of a permission, and the letter that asks to destroy copies."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.requests import actor_of
from phr.forms.sharing import ReceiptForm
from phr.printing.pdf import CannotPrint
from phr.sending import SANDBOX
from phr.services import receipts


@login_required
@require_safe
def receipt(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """What a permission covered, who used it and how, and what became of the copies."""
    number = ReceiptForm(request.GET).number()
    context = {"receipt": receipts.whole(actor_of(request), grant_id, number=number)}
    return render(request, "phr/receipt.html", context)


@login_required
@require_safe
def receipt_pdf(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """The same on paper."""
    return _paper(request, grant_id, receipts.receipt_pdf, "sharing-receipt.pdf")


@login_required
@require_safe
def letter(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """A letter ready to be sent to whoever held a permission."""
    context = {"letter": receipts.letter(actor_of(request), grant_id), "grant_id": grant_id}
    return render(request, "phr/destroy_letter.html", context)


@login_required
@require_safe
def letter_pdf(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """The same on paper."""
    return _paper(request, grant_id, receipts.letter_pdf, "letter.pdf")


def _paper(
    request: HttpRequest, grant_id: UUID, make: Callable[[Actor, UUID], bytes], name: str
) -> HttpResponse:
    try:
        made = make(actor_of(request), grant_id)
    except CannotPrint as problem:
        messages.error(request, str(problem))
        return redirect("phr:receipt", grant_id)
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response
