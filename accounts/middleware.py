"""What every request gets: an actor, an end after idleness, and strict headers."""

import logging
import time
from collections.abc import Callable
from uuid import UUID, uuid4

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from psycopg.errors import InsufficientPrivilege

from accounts import gate
from accounts.actors import Actor

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponseBase]
# Features a page could ask the browser for; none is used (passkeys are on by default for "self").
PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
BACKGROUND = "X-Background"
AWAY_SECONDS = 600
ACTING_FOR = "acting_for"
ABOUT_HER = (
    "/records/", "/sharing/log/", "/acting/", "/accounts/logout/", "/accounts/reauthenticate/",
    "/accounts/2fa/reauthenticate/", "/privacy/", "/static/", "/healthz",
)  # fmt: skip
# Who decides for the person, too: what she may do there the policy says, as everywhere.
DECIDES = "decides"
DECIDED = (
    "/sharing/", "/notices/", "/directory/", "/rights/delete/dependent/", "/rights/erase/",
    "/rights/erasures/", "/rights/export/", "/rights/holds/", "/rights/undo-import/",
)  # fmt: skip
ABOUT_HERSELF = (
    "/notices/choices/", "/sharing/emergency/", "/sharing/invitations/", "/sharing/proxies/",
    "/sharing/requests/",
)  # fmt: skip
# Signed lists, the same for everybody and made to be kept; what answers there says how long.
PUBLIC = "/.well-known/status-lists/"


def headers(answer: Answer) -> Answer:
    """Isolation, `no-store` on everything but public files, and no feature of the browser."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.path.startswith(PUBLIC):
            # What is not there is said on a page that may name who asks.
            response.headers.setdefault("Cache-Control", "no-store")
        elif not request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


def locked(answer: Answer) -> Answer:
    """While the gate is closed every address but `/healthz` answers 503 in plain words."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return answer(request)
        if gate.closed():
            return _away()
        response = answer(request)
        if response.status_code >= 500:
            # It may have been closed since; what was missing then is no fault of the page.
            gate.forget()
            return _away() if gate.closed() else response
        return response

    return middleware


def _away() -> HttpResponse:
    # Without the request: the page asks no database.
    page = render_to_string("503.html")
    return HttpResponse(page, status=503, headers={"Retry-After": str(AWAY_SECONDS)})


def idle(answer: Answer) -> Answer:
    """End a session after `PHR_IDLE_MINUTES` without a request that a person made.

    The list of her devices learns of such requests as well: of the first in each minute.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get("seen_at", now)
            if now - seen > settings.PHR_IDLE_MINUTES * 60:
                logout(request)
            elif _stale(request, now - seen) and not _background(request):
                request.session["seen_at"] = now
                UserSession.objects.create_from_request(request)
        return answer(request)

    return middleware


def _stale(request: HttpRequest, seconds: int) -> bool:
    # Written once a minute at the most: no row is rewritten with every click.
    return seconds > 60 or "seen_at" not in request.session


def _background(request: HttpRequest) -> bool:
    return BACKGROUND in request.headers or request.headers.get("HX-Request") == "true"


def pieces(answer: Answer) -> Answer:
    """A piece of a page, asked for by the page itself, is never answered with another page.

    Who was signed out meanwhile gets 204: the page stays as it is.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        led_away = response.status_code == 302 and request.headers.get("HX-Request") == "true"
        return HttpResponse(status=204) if led_away else response

    return middleware


def acted_for(request: HttpRequest) -> UUID | None:
    """The patient whom this session acts for since it said so; whether it may is asked each time."""
    kept = request.session.get(ACTING_FOR)
    return UUID(kept) if kept else None


def while_acting(answer: Answer) -> Answer:
    """While she acts for somebody, only the pages about that person's record are open."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if acted_for(request) is None or request.path == "/" or _about_her(request):
            return answer(request)
        return render(request, "sharing/while_acting.html", status=403)

    return middleware


def _about_her(request: HttpRequest) -> bool:
    decides = request.session.get(DECIDES) and not request.path.startswith(ABOUT_HERSELF)
    return request.path.startswith((*ABOUT_HER, *DECIDED) if decides else ABOUT_HER)


class SecondWall:
    """Answers as for what is not there when the database refuses what the rule had let pass.

    It judges each statement by its own moment: access that was taken away in the middle of a
    request stands no longer there.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._answer(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not _walled_off(error.__cause__):
            return None
        # Its own words may hold values of the row.
        logger.warning("The database refused a part of what was asked (%s).", request_id(request))
        return response_for_exception(request, Http404())


def _walled_off(refused: BaseException | None) -> bool:
    """Whether a policy or a trigger refused a row; what a role may never do is the portal's fault."""
    found = isinstance(refused, InsufficientPrivilege) and refused.diag.source_function
    return found in {"ExecWithCheckOptions", "exec_stmt_raise"}


def request_id(request: HttpRequest) -> str:
    """Under which the audit trail keeps what a request did."""
    found: Actor = request.actor  # type: ignore[attr-defined]
    return found.request_id


def actor(answer: Answer) -> Answer:
    """Give the request its actor: `request.actor`."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request_id = uuid4().hex
        if request.user.is_authenticated:
            request.actor = Actor.session(  # type: ignore[attr-defined]
                request.user.pk, request_id=request_id, acting_for=acted_for(request)
            )
        else:
            request.actor = Actor(request_id=request_id)  # type: ignore[attr-defined]
        return answer(request)

    return middleware
