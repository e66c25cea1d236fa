"""Handing a record over, and taking it."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts import purposes
from accounts.models import User
from accounts.purposes import Purpose


class HandOverForm(forms.Form):
    """To whom."""

    email = forms.EmailField(
        label="Their own email address",
        max_length=254,
        help_text="An address that only they read. It needs to be one without an account here.",
        error_messages={"required": "Enter their email address."},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class ClaimForm(forms.Form):
    """What makes an account hers: a password of her own, and that she agrees."""

    password = forms.CharField(
        label="Choose a password",
        strip=False,
        error_messages={"required": "Choose a password."},
        help_text="Three or four words that do not belong together are easy to remember.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    agrees = forms.BooleanField(
        label="I agree to this",
        error_messages={"required": "Tick this box if you agree. If not, you cannot take it over."},
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        """A password that is hard to guess."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email))
        return password

    def clean(self) -> dict[str, Any]:
        """The words she saw must be today's."""
        if self.data.get("sha256") != purposes.current(Purpose.KEEP).sha256:
            raise ValidationError("The words beside the box have changed. Read them again.")
        return self.cleaned_data
