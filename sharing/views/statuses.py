"""Signed lists of ended permissions, for systems that took a copy; the same for everybody."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.http.response import HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.requests import actor_of
from sharing import statuses
from sharing.services import statuses as lists


@require_safe
def status_list(request: HttpRequest, number: int) -> HttpResponseBase:
    """One Status List Token (section 8 of the draft)."""
    row = lists.published(actor_of(request), number)
    answer = HttpResponse(row.token, content_type=statuses.CONTENT_TYPE)
    return _kept(get_conditional_response(request, etag=f'"{row.etag}"', response=answer) or answer,
                 row.etag)  # fmt: skip


def _kept(answer: HttpResponseBase, etag: str) -> HttpResponseBase:
    answer.headers["ETag"] = f'"{etag}"'
    answer.headers["Cache-Control"] = f"public, max-age={settings.PHR_STATUS_SECONDS}"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@require_safe
def public_keys(_request: HttpRequest) -> HttpResponseBase:
    """The keys that the lists are signed with (RFC 7517)."""
    answer = JsonResponse(statuses.public_keys(), content_type="application/jwk-set+json")
    answer.headers["Cache-Control"] = f"public, max-age={settings.PHR_STATUS_SECONDS}"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
