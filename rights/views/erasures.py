"""Pages of the rights desk."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import actor_of, dangerous
from phr.services import removal
from rights.services import erasures


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def erase_record(request: HttpRequest, record_id: UUID) -> HttpResponse:
    """Say what deleting one record does, then do it."""
    if request.method == "POST":
        erasures.erase_record(actor_of(request), record_id)
        messages.success(request, "The item is deleted. Nobody can see it any more.")
        return redirect("phr:records")
    others = removal.companions(actor_of(request), record_id)
    context = {"record_id": record_id, "others": others}
    return render(request, "rights/erase_record.html", context)
