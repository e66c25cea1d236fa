"""What a patient chooses about a link by which somebody without an account sends files in."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from phr.forms.links import DAYS, LONGEST_NAME
from phr.forms.sharing import SENSITIVE, day_end, day_input, labels_with
from sharing.categories import Category
from sharing.models import MOST_WRONG
from sharing.scopes import Scope


class DropBoxForm(forms.Form):
    """For whom it is, what may come in, and until when."""

    recipient = forms.CharField(
        label="Who is it for?",
        help_text="A name that you will know again, such as “Mountain hut clinic”.",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    inward = forms.MultipleChoiceField(
        label="What may they send you?",
        help_text="What they send waits until you accept it.",
        choices=[(category.value, category.label) for category in Category],
        initial=[category.value for category in Category],
        widget=forms.CheckboxSelectMultiple,
    )
    inward_sensitive = forms.MultipleChoiceField(
        label="Sensitive information they may send you",
        help_text="Left out unless you tick it, each kind by itself.",
        choices=[(label.value, label.label) for label in SENSITIVE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    passcode = forms.ChoiceField(
        label="Protect it with a passcode?",
        choices=[
            ("yes", "Yes, make a passcode that I tell them separately"),
            ("no", "No, whoever has the link can use it"),
        ],
        initial="yes",
        help_text=f"After {MOST_WRONG} wrong passcodes the link ends for good.",
        widget=forms.RadioSelect,
    )
    ends_on = forms.DateField(
        label="Last day it works",
        help_text=f"{DAYS} days from today, unless you choose another day.",
        widget=day_input(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_on"].initial = timezone.now().date() + timedelta(days=DAYS)

    def clean_ends_on(self) -> Any:
        day = self.cleaned_data["ends_on"]
        if day < timezone.now().date():
            raise forms.ValidationError("Choose today or a later day.")
        return day

    @property
    def named(self) -> str:
        """For whom it is, once this is valid."""
        return str(self.cleaned_data["recipient"])

    @property
    def with_passcode(self) -> bool:
        return bool(self.cleaned_data["passcode"] == "yes")

    @property
    def further_rows(self) -> list[tuple[str, str]]:
        """What only a drop-box has, for the check."""
        return [("Passcode", "Yes" if self.with_passcode else "No"), ("Can be used", "Once")]

    def scope(self) -> Scope:
        """Nothing to see, and what was chosen to come in."""
        chosen = self.cleaned_data
        return Scope(
            (),
            (),
            may_copy=False,
            ends_at=day_end(chosen["ends_on"]),
            inward_categories=tuple(Category(one) for one in chosen["inward"]),
            inward_labels=labels_with(chosen["inward"], chosen["inward_sensitive"]),
        )
