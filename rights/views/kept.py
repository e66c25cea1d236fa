"""What is kept, and for how long: open to everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rights import kept as words


@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    context = {"groups": words.groups(), "backups": words.period("PHR_BACKUP_DAYS", "day")}
    return render(request, "rights/kept.html", context)
