"""Where allauth meets the portal: sign-ins are audited, second-factor secrets are sealed."""

from base64 import b64decode, b64encode
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from accounts import credentials, keys, services
from accounts.actors import Actor
from accounts.models import User
from accounts.requests import actor_of


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        services.note_sign_in(Actor.session(user.pk, request_id=actor_of(request).request_id))

    def logout(self, request: HttpRequest) -> None:
        services.note_sign_out(actor_of(request))
        super().logout(request)

    def set_password(self, user: User, password: str) -> None:
        credentials.remember_password(user.pk)
        super().set_password(user, password)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        services.note_failed_sign_in(actor_of(request))
        super().authentication_failed(request, **credentials)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps authenticator secrets under the portal's key: a stolen dump has no second factor."""

    def encrypt(self, text: str) -> str:
        return b64encode(keys.seal_portal("mfa", text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keys.unseal_portal("mfa", b64decode(encrypted_text)).decode()
