"""What a person chooses before everything is deleted, and types to prove that it is she."""

from typing import Any

from django import forms
from django.conf import settings


def hours() -> str:
    return f"{settings.PHR_UNDO_HOURS} hours"


class DeleteForm(forms.Form):
    """How much is to go, and whether it can be undone for a while."""

    what = forms.ChoiceField(
        label="What should be deleted?",
        error_messages={"required": "Choose what should be deleted."},
        choices=[
            ("account", "My record and my account"),
            ("record", "Only my record. I keep the account"),
        ],
        widget=forms.RadioSelect,
    )
    undo = forms.ChoiceField(
        label="Do you want time to change your mind?",
        error_messages={"required": "Choose whether you want time to change your mind."},
        help_text="Nobody can see anything from the moment you delete it, whatever you choose here.",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, user: Any, only_account: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.only_account = only_account
        choices = [
            ("yes", f"Yes, {hours()}. Until then I can undo it"),
            ("no", "No, destroy it now"),
        ]
        if not user.has_usable_password():
            # A closed account is undone with its password; nobody is promised what she cannot do.
            del choices[0]
            self.fields["undo"].help_text = "To be able to undo it, set a password first."
        self.fields["undo"].choices = choices  # type: ignore[attr-defined]
        if only_account:
            self.fields["what"].choices = [("account", "My account")]  # type: ignore[attr-defined]
            self.fields["what"].initial = "account"

    @property
    def undo_hours(self) -> int:
        return int(settings.PHR_UNDO_HOURS) if self.cleaned_data["undo"] == "yes" else 0


class PasswordForm(forms.Form):
    """The password once more: deleting everything is not done by whoever finds an open screen."""

    password = forms.CharField(
        label="Your password",
        error_messages={"required": "Type your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_usable_password():
            # She signs in by passkey alone, and has just proved that.
            del self.fields["password"]

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password.")
        return password


class UndoForm(forms.Form):
    """Who wants her account back."""

    email = forms.EmailField(
        label="Your email address",
        error_messages={"required": "Type your email address."},
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Your password",
        error_messages={"required": "Type your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
