"""Deleting: one item, or everything; following it without an account; undoing it in time."""

from uuid import UUID

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services as accounts
from accounts.middleware import ACTING_FOR
from accounts.requests import actor_of, dangerous
from phr.services import removal, undoing
from rights import expected
from rights.forms.erasures import DeleteForm, PasswordForm, UndoForm, hours
from rights.services import erasures, holds

TOO_OFTEN = "You have tried this too often. Wait a few minutes, then try again."


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def erase_record(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Say what deleting one record does, then do it."""
    if request.method == "POST":
        erasures.erase_record(actor_of(request), record_id)
        messages.success(request, "The item is deleted. Nobody can see it any more.")
        return redirect("phr:records")
    others = removal.companions(actor_of(request), record_id)
    context = {"record_id": record_id, "others": others, "expected": expected.dates()}
    return render(request, "rights/erase_record.html", context)


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def undo_import(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Say what undoing the import of one file does, then do it and show how far that is."""
    foreseen = undoing.foresee(actor_of(request), upload_id)
    if request.method == "POST":
        reference = erasures.undo_import(actor_of(request), upload_id)
        messages.success(request, "The import is undone. Nobody can see what goes any more.")
        return redirect("rights:erasure", reference)
    context = {"upload_id": upload_id, "foreseen": foreseen, "expected": expected.dates()}
    return render(request, "rights/undo_import.html", context)


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Say what deleting everything does and when, offer copies first, let her choose."""
    only_account = not accounts.sides(actor_of(request)).patient
    form = DeleteForm(request.POST or None, user=request.user, only_account=only_account)
    if request.method == "POST" and form.is_valid() and "change" not in request.POST:
        return _confirm(request, form)
    later = expected.dates(undo_hours=settings.PHR_UNDO_HOURS)
    context = {"form": form, "only_account": only_account, "hours": hours()}
    context |= {"expected": expected.dates(), "later": later}
    return render(request, "rights/delete.html", context)


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def delete_dependent(request: HttpRequest) -> HttpResponse:
    """Say what deleting the record of the person she decides for does, then do it."""
    erasures.require_dependent(actor_of(request))
    if request.method == "POST":
        reference = erasures.erase_dependent(actor_of(request))
        del request.session[ACTING_FOR]
        rotate_token(request)
        return redirect("rights:erasure", reference)
    return render(request, "rights/delete_dependent.html", {"expected": expected.dates()})


def _confirm(request: HttpRequest, form: DeleteForm) -> HttpResponse:
    """The last page: what she chose, the dates, and her password."""
    sent = request.POST if "confirmed" in request.POST else None
    proof = PasswordForm(sent, user=request.user)
    if sent and not ratelimit.consume(request, action="reauthenticate", user=request.user):
        proof.add_error(None, TOO_OFTEN)
    if sent and proof.is_valid():
        return _delete(request, form, proof)
    return _check(request, form, proof)


def _check(request: HttpRequest, form: DeleteForm, proof: PasswordForm) -> HttpResponse:
    dates = expected.dates(undo_hours=form.undo_hours)
    context = {"choice": form, "form": proof, "expected": dates, "hours": hours()}
    context["only_account"] = form.only_account
    return render(request, "rights/delete_check.html", context)


def _delete(request: HttpRequest, form: DeleteForm, proof: PasswordForm) -> HttpResponse:
    account = form.cleaned_data["what"] == "account"
    try:
        reference = erasures.erase_everything(
            actor_of(request), account=account, undo_hours=form.undo_hours
        )
    except erasures.Refused as refused:
        proof.add_error(None, str(refused))
        return _check(request, form, proof)
    if account:
        logout(request)
    return redirect("rights:erasure", reference)


@login_required
@require_safe
def erasures_page(request: HttpRequest) -> HttpResponse:
    """The items that the person has deleted, each with how far that is."""
    context = {"rows": erasures.own(actor_of(request))}
    return render(request, "rights/erasures.html", context)


@require_safe
def erasure(request: HttpRequest, reference: str) -> HttpResponse:
    """How far an erasure is: for anybody who was told the reference. It names nobody."""
    followed = erasures.follow(actor_of(request), reference)
    fragment = request.headers.get("HX-Request") == "true"
    if fragment and request.GET.get("seen") == followed.mark:
        # Nothing to show anew: whoever reads the page, or has it read to her, is left in peace.
        return HttpResponse(status=204)
    context = {
        "followed": followed,
        "stages": expected.stages(followed),
        "left_out": holds.left_out(actor_of(request), reference),
    }
    page = "rights/erasure_changed.html" if fragment else "rights/erasure.html"
    return render(request, page, context)


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, reference: str) -> HttpResponse:
    """Take a deletion back inside its undo window."""
    followed = erasures.follow(actor_of(request), reference)
    if not followed.can_be_undone:
        return redirect("rights:erasure", reference)
    form = UndoForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _undone(request, form, reference):
        messages.success(request, "Nothing is deleted. Sign in to see your record again.")
        return redirect("account_login")
    return render(request, "rights/undo.html", {"form": form, "followed": followed})


def _undone(request: HttpRequest, form: UndoForm, reference: str) -> bool:
    email = form.cleaned_data["email"].lower()
    if not ratelimit.consume(request, action="login_failed", key=email):
        form.add_error(None, TOO_OFTEN)
        return False
    try:
        erasures.undo(erasures.prove(email, form.cleaned_data["password"]), reference)
    except erasures.Refused as refused:
        form.add_error(None, str(refused))
        return False
    return True


@require_safe
def certificates(request: HttpRequest, reference: str) -> HttpResponse:
    """What the portal has signed about an erasure, to read, print and keep."""
    followed = erasures.follow(actor_of(request), reference)
    return render(request, "rights/certificates.html", {"followed": followed})


@require_safe
def certificate_file(request: HttpRequest, reference: str, stage: int) -> HttpResponse:
    """One certificate as the file that `manage.py verify_certificate` reads."""
    followed = erasures.follow(actor_of(request), reference)
    found = [one for one in followed.certificates if one.stage == stage]
    if not found:
        raise Http404
    response = HttpResponse(found[0].file, content_type="application/json")
    name = f"erasure-{reference}-{stage}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
