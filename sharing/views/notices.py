"""What somebody was told, and what of it comes by mail."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import actor_of
from sharing.forms.notices import ChoicesForm
from sharing.models import NoticeKind
from sharing.services import notices as told


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """Everything the person signed in was told; one press marks it as read."""
    if request.method == "POST":
        told.mark_seen(actor_of(request))
        return redirect("sharing:notices")
    return render(request, "sharing/notices.html", {"notices": told.mine(actor_of(request))})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Choose which notices come by mail too."""
    actor = actor_of(request)
    by_mail = [kind.value for kind in NoticeKind if kind not in told.quiet(actor)]
    form = ChoicesForm(request.POST or None, initial={"by_mail": by_mail})
    if request.method == "POST" and form.is_valid():
        told.choose(actor, by_mail=map(NoticeKind, form.cleaned_data["by_mail"]))
        messages.success(request, "Kept. We follow it from now on.")
        return redirect("sharing:notices")
    return render(request, "sharing/notice_choices.html", {"form": form})
