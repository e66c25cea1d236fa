"""What is kept on legal grounds, for the person it is about."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import actor_of
from rights.services import holds as services


@login_required
@require_safe
def holds(request: HttpRequest) -> HttpResponse:
    """Each of her items that is, or was, kept whatever she deletes; why, and until when."""
    return render(request, "rights/holds.html", {"notices": services.mine(actor_of(request))})
