"""From a request to the actor, the two questions doors ask before they open, and one meanwhile."""

import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.actors import Actor, CutOff, Denied

View = Callable[..., HttpResponseBase]
Flowing = TypeVar("Flowing", bytes, str)
ASKED_BYTES = 1024 * 1024
ASKED_SECONDS = 1


def actor_of(request: HttpRequest) -> Actor:
    """Who asks. `accounts.middleware.actor` found it out."""
    actor = getattr(request, "actor", None)
    return actor if isinstance(actor, Actor) else Actor()


def quiet(response: HttpResponse) -> HttpResponse:
    """What stands at an address that is a secret: found by no search engine.

    Only where a form stands does the browser say whence it came, and to this portal alone.
    """
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def still_signed_in(request: HttpRequest) -> bool:
    """Whether the session that a request began with is alive, asked anew; True where it had none.

    It ends by signing out, from the list of devices, with its user and with her password.
    """
    if not request.user.is_authenticated:
        return True
    now = HttpRequest()
    now.session = SessionStore(request.session.session_key)
    return bool(get_user(now).pk == request.user.pk)


def while_signed_in(request: HttpRequest, pieces: Iterator[Flowing]) -> Iterator[Flowing]:
    """The pieces, as long as who asked may have them and her session is alive; `CutOff` then.

    The session is asked for before each MiB and after each second. The connection breaks, so that
    nobody takes what came for all of it.
    """
    try:
        yield from _asking(request, pieces)
    except Denied as denied:
        raise CutOff from denied


def _asking(request: HttpRequest, pieces: Iterator[Flowing]) -> Iterator[Flowing]:
    flowed, asked = 0, 0.0
    for piece in pieces:
        flowed += len(piece)
        if flowed > ASKED_BYTES or time.monotonic() > asked + ASKED_SECONDS:
            if not still_signed_in(request):
                raise Denied("copy")
            flowed, asked = len(piece), time.monotonic()
        yield piece


def authenticated_recently(request: HttpRequest) -> bool:
    """Whether this session proved who it is (at sign-in or since) within the last five minutes."""
    proofs = get_authentication_records(request, request.user)
    return (
        bool(proofs) and time.time() - proofs[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    )


def second_factor_methods(request: HttpRequest) -> list[str]:
    """The pages where this person can prove a second factor now; none when she has set up none."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    return [method["url"] for method in methods if method["id"].startswith("mfa_")]


def second_factor_passed(request: HttpRequest) -> bool:
    """Whether this session proved a second factor that the person still has."""
    if not request.user.is_authenticated:
        return False
    proved = {
        proof.get("id")
        for proof in get_authentication_records(request, request.user)
        if proof["method"] == "mfa"
    }
    return bool(Authenticator.objects.filter(user=request.user, pk__in=proved).exists())


def twice_proved(view: View) -> View:
    """Ask for a second factor, proved in this session, before a page is shown or an act done."""

    @login_required
    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if second_factor_passed(request):
            return view(request, *args, **kwargs)
        methods = second_factor_methods(request)
        if not methods:
            return redirect("mfa_index")
        return redirect(f"{methods[0]}?{urlencode({'next': request.get_full_path()})}")

    return asked


def dangerous(view: View) -> View:
    """Ask for the password (or passkey) again before a dangerous act is shown or done.

    The act's form is not kept aside while asking: a form that arrives too late must be sent again.
    """

    @login_required
    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if authenticated_recently(request):
            return view(request, *args, **kwargs)
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{reverse('account_reauthenticate')}?{query}")

    return asked
