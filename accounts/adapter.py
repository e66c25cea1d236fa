"""Where allauth meets the portal: sign-ins are audited, second-factor secrets are sealed."""

from base64 import b64decode, b64encode
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect

from accounts import credentials, keys, services
from accounts.actors import Actor
from accounts.models import User
from accounts.requests import actor_of

NOT_HERS = (
    "This is not the password of the account. Try again. If you do not know it, or did not make the"
    " account yourself, choose a new password."
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        services.note_sign_in(Actor.session(user.pk, request_id=actor_of(request).request_id))

    def logout(self, request: HttpRequest) -> None:
        services.note_sign_out(actor_of(request))
        super().logout(request)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Whoever proves an address must know the account's password, or be signed in to it.

        Else whoever began an account with somebody else's address would come in by a password of
        his own once she has proved the address for him.
        """
        user = email_address.user
        signed_in = request.user.is_authenticated and request.user.pk == user.pk
        if not signed_in and not user.check_password(request.POST.get("password", "")):
            messages.error(request, NOT_HERS)
            raise ImmediateHttpResponse(redirect(request.path))
        return bool(super().confirm_email(request, email_address))

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
