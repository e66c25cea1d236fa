"""The public pages, the way home, and the two questions a supervisor asks."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import keys, services
from accounts.requests import actor_of


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "phr/front.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {
        "invitation_days": settings.PHR_INVITATION_DAYS,
        "idle_minutes": settings.PHR_IDLE_MINUTES,
        "undo_hours": settings.PHR_UNDO_HOURS,
        "backup_days": settings.PHR_BACKUP_DAYS,
        "key_days": settings.PHR_VAULT_BACKUP_DAYS,
        "export_days": settings.PHR_EXPORT_DAYS,
        "contact": settings.PHR_CONTACT_EMAIL,
    }
    return render(request, "phr/privacy.html", context)


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a person belongs after signing in."""
    sides = services.sides(actor_of(request))
    if sides.patient:
        return redirect("phr:records")
    return redirect("phr:shared" if sides.practitioner else "accounts:welcome")


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Both databases answer and the KEK is the right one."""
    try:
        for connection in connections.all():
            connection.ensure_connection()
        keys.check()
    except (Error, keys.KeyProblem):
        return JsonResponse({"status": "not ready"}, status=503)
    return JsonResponse({"status": "ready"})
