"""One's own record on paper (`/records/print/`): a page made for printing, and the same as PDF."""

from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.loader import get_template, render_to_string
from django.views.decorators.http import require_safe

from accounts.requests import actor_of, while_signed_in
from phr.forms.records import PrintForm
from phr.printing.document import SOURCES
from phr.printing.pdf import CannotPrint
from phr.services import printing as services
from sharing.categories import Category

SANDBOX = "sandbox; default-src 'none'"
ITEMS = "<!-- items -->"


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponseBase:
    """The record as one page; it flows, so that a long one needs no memory."""
    opened = services.open_print(actor_of(request), chosen=PrintForm(request.GET).chosen())
    context = {"print": opened, "categories": list(Category)}
    around = render_to_string("phr/print.html", context, request)
    return StreamingHttpResponse(while_signed_in(request, _flow(around, opened)))


@login_required
@require_safe
def pdf(request: HttpRequest) -> HttpResponse:
    """The same as a file; a long record in parts."""
    form = PrintForm(request.GET)
    part = form.part_chosen()
    try:
        made = services.print_pdf(actor_of(request), chosen=form.chosen(), part=part)
    except CannotPrint as problem:
        messages.error(request, str(problem))
        return redirect("phr:print")
    name = f"health-record-{part}.pdf" if part > 1 else "health-record.pdf"
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _flow(around: str, opened: services.Print) -> Iterator[str]:
    above, below = around.split(ITEMS)
    section = get_template("phr/_print_section.html")
    yield above
    for items in opened.sections():
        yield section.render({"section": items})
    yield render_to_string(
        "phr/_print_sources.html", {"sources": opened.sources(), "heading": SOURCES}
    )
    yield below
