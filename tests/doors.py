"""Coming in as a person does: through the sign-in page, with a second factor where one is set up."""

import re
import time
from typing import Any

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.core.cache import cache
from django.test import Client, override_settings

from accounts.models import User
from tests.cast import PASSWORD

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


def visitor() -> Client:
    """A browser of somebody who is not signed in; it checks form tokens only where asked to."""
    return Client()


@override_settings(ACCOUNT_RATE_LIMITS=False)
def sign_in(email: str, *, secret: str = "") -> Client:
    """A browser in which this person signed in, with a code of her app when `secret` is given.

    How often she tried is not counted, which would be half of the work; who tests that knocks herself.
    """
    client = visitor()
    answer = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code == 302, "the sign-in page let nobody in"
    if secret:
        assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
        answer = client.post("/accounts/2fa/authenticate/", {"code": code(secret)})
        assert answer.status_code == 302
    return client


def give_second_factor(email: str) -> str:
    """Set up an authenticator app for this person. Returns its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(User.objects.get(email=email), secret)
    return secret


def code(secret: str) -> str:
    """What the app shows now (RFC 6238); a code that was used is forgotten, so that tests are quick."""
    cache.clear()
    shown: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    return shown


def body(answer: Any) -> bytes:
    """The whole answer, streamed or not."""
    if getattr(answer, "streaming", False):
        return b"".join(answer.streaming_content)
    return bytes(answer.content)


def text(answer: Any) -> str:
    """The answer without its form tokens: chance may write any short word into one."""
    return TOKEN.sub("", body(answer).decode())
