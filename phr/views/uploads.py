"""Adding files and following what becomes of them."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import TooManyFilesSent
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from phr.forms.columns import ColumnsForm
from phr.forms.entries.document import NewDocumentForm
from phr.forms.uploads import ConfirmForm
from phr.receiving import EncryptingUploadHandler
from phr.sending import Sent, send, told
from phr.services import records, reports, resumable, reviews
from phr.services import uploads as services
from sharing.policy import Action


@csrf_exempt  # the files' handler must be set before the form is read; `_complete` checks the token
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """The upload page; files arrive by POST, one or several."""
    if request.method == "POST":
        return _received(request, _complete)
    found = services.uploads(actor_of(request))
    context = {
        "uploads": found,
        "unfinished": resumable.unfinished(actor_of(request)),
        "sure": sum(one.state == "asking" and not one.owner and not one.sender for one in found),
        "most_megabytes": settings.PHR_UPLOAD_MOST_BYTES // 1_000_000,
        "most_files": settings.PHR_UPLOAD_MOST_FILES,
        "piece_bytes": settings.PHR_UPLOAD_PIECE_BYTES,
    }
    return render(request, "phr/upload.html", context)


Complete = Callable[[HttpRequest, EncryptingUploadHandler], HttpResponse]


def _received(request: HttpRequest, complete: Complete) -> HttpResponse:
    handler = EncryptingUploadHandler(request, actor_of(request))
    request.upload_handlers = [handler]
    try:
        answer = complete(request, handler)
    except TooManyFilesSent:
        handler.give_up(f"Choose at most {settings.PHR_UPLOAD_MOST_FILES} files at a time.")
        return _answer(request, handler)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        handler.give_up("")
    return answer


@csrf_protect
def _complete(request: HttpRequest, handler: EncryptingUploadHandler) -> HttpResponse:
    # Reading the form is what receives the files.
    bool(request.FILES)
    handler.complete()
    return _answer(request, handler)


def _answer(request: HttpRequest, handler: EncryptingUploadHandler) -> HttpResponse:
    problem = handler.problem
    if not problem and not handler.received:
        problem = "Choose at least one file."
    if problem:
        messages.error(request, problem)
    return redirect("phr:upload")


@csrf_exempt  # as above; `_describe` checks the token
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_document(request: HttpRequest) -> HttpResponse:
    """A document by hand: its file and what it is, on one page."""
    records.own_or_denied(actor_of(request), Action.CREATE)
    if request.method == "POST":
        return _received(request, _describe)
    return render(request, "phr/entry_document.html", {"form": NewDocumentForm()})


@csrf_protect
def _describe(request: HttpRequest, handler: EncryptingUploadHandler) -> HttpResponse:
    # Reading the form is what receives the file.
    told = request.POST
    problem = handler.problem or ("" if len(handler.received) == 1 else "Choose one file.")
    form = NewDocumentForm(told, problem=problem)
    if form.is_valid():
        handler.complete(form.described())
        if not handler.problem:
            return redirect("phr:upload_state", handler.received[0].upload_id)
        form.add_error("file", handler.problem)
    else:
        handler.give_up("")
    return render(request, "phr/entry_document.html", {"form": form})


@login_required
@require_safe
def upload_state(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """One upload, as a page or as the fragment that the upload page polls."""
    followed = services.upload(actor_of(request), upload_id)
    fragment = request.headers.get("HX-Request") == "true"
    template = "phr/_upload_state.html" if fragment else "phr/upload_state.html"
    return render(request, template, {"followed": followed})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What is in which column of a table, before it can be looked through."""
    followed = services.upload(actor_of(request), upload_id)
    table = followed.outlook.columns if followed.outlook else None
    if followed.state != "matching" or table is None:
        return redirect("phr:upload_state", upload_id)
    form = ColumnsForm(table, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reviews.match(actor_of(request), upload_id, options=form.options())
        return redirect("phr:upload_state", upload_id)
    context = {"followed": followed, "table": table, "form": form}
    return render(request, "phr/columns.html", context)


@login_required
@require_http_methods(["POST"])
def match_again(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Ask once more what is in which column."""
    reviews.match(actor_of(request), upload_id, options={})
    return redirect("phr:upload_state", upload_id)


@login_required
@require_safe
def entries(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What became of each entry of a file that was added, a page at a time."""
    after = request.GET.get("after", "")
    place = int(after) if after.isdecimal() and len(after) < 10 else 0
    page = reports.report(actor_of(request), upload_id, after=place)
    return render(request, "phr/upload_entries.html", {"page": page})


@login_required
@require_http_methods(["POST"])
def confirm(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Her yes to what one file would add; about a file that names somebody else, her word too."""
    form = ConfirmForm(request.POST)
    about_me, outside_too = form.about_me_ticked(), form.outside_ticked()
    try:
        reviews.confirm(actor_of(request), upload_id, about_me=about_me, outside_too=outside_too)
    except reviews.Unsure as unsure:
        messages.error(request, unsure.sentence)
    return redirect("phr:upload_state", upload_id)


@login_required
@require_http_methods(["POST"])
def confirm_all(request: HttpRequest) -> HttpResponse:
    reviews.confirm_all(actor_of(request))
    return redirect("phr:upload")


@login_required
@require_http_methods(["POST"])
def cancel(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    reviews.cancel(actor_of(request), upload_id)
    return redirect("phr:upload")


@login_required
@require_http_methods(["POST"])
def dismiss(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    services.dismiss(actor_of(request), upload_id)
    return redirect("phr:upload")


@login_required
@require_safe
def original(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """The uploaded file, byte for byte, for its owner."""
    found = services.original(actor_of(request), upload_id, told=told(request))
    header = content_disposition_header(as_attachment=True, filename=found.file_name)
    binary, kind = found.binary, "application/octet-stream"
    sent = Sent(binary.size, binary.pk.hex, found.part, kind, header or "attachment")
    return send(request, sent)
