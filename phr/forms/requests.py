"""What care providers type to ask for access, and to pass on what they hold."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from accounts.forms import LONGEST_EMAIL
from phr.forms.sharing import SENSITIVE, day_end, day_input
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Organization
from sharing.services.requests import Wish

CATEGORIES = [(category.value, category.label) for category in Category]


class AskForm(forms.Form):
    """Whom to ask, why, and for what; for which of her `facilities` where there are several."""

    organization = forms.ChoiceField(
        label="For which facility do you ask?", widget=forms.RadioSelect
    )
    email = forms.EmailField(
        label="The patient's email address",
        max_length=LONGEST_EMAIL,
        help_text="We do not tell you whether anybody here has this address.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Why do you ask?",
        help_text="The patient reads this.",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    categories = forms.MultipleChoiceField(
        label="What would you like to see?",
        choices=CATEGORIES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sensitive = forms.MultipleChoiceField(
        label="Sensitive information you need",
        help_text="The patient decides about each kind by itself.",
        choices=[(label.value, label.label) for label in SENSITIVE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    may_copy = forms.BooleanField(label="I also need to download copies", required=False)
    inward = forms.MultipleChoiceField(
        label="What would you like to send in?",
        choices=CATEGORIES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, facilities: Sequence[Organization] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(facilities) < 2:
            del self.fields["organization"]
            return
        choices = [(str(one.pk), one.name) for one in facilities]
        self.fields["organization"].choices = choices  # type: ignore[attr-defined]

    def organization_id(self) -> UUID | None:
        """The chosen facility; None where there was nothing to choose."""
        chosen = self.cleaned_data.get("organization")
        return UUID(chosen) if chosen else None

    def clean(self) -> dict[str, object]:
        chosen = super().clean() or {}
        if not chosen.get("categories") and not chosen.get("inward"):
            self.add_error("categories", "Choose what you would like to see, or to send in.")
        return chosen

    def wish(self) -> Wish:
        chosen = self.cleaned_data
        return Wish(
            chosen["reason"],
            tuple(Category(one) for one in chosen["categories"]),
            tuple(Sensitivity(one) for one in chosen["sensitive"]),
            chosen["may_copy"] and bool(chosen["categories"]),
            tuple(Category(one) for one in chosen["inward"]),
        )


class PassOnForm(forms.Form):
    """To whom, and until when."""

    email = forms.EmailField(
        label="Their email address",
        max_length=LONGEST_EMAIL,
        help_text="They prove that this address is theirs before they see anything.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    ends_on = forms.DateField(
        label="Last day of access",
        help_text="It never lasts longer than your own. Leave empty for as long as yours.",
        required=False,
        widget=day_input(),
    )

    def clean_ends_on(self) -> date | None:
        day: date | None = self.cleaned_data["ends_on"]
        if day and day < timezone.now().date():
            raise forms.ValidationError("Choose today or a later day.")
        return day

    def ends_at(self) -> datetime | None:
        """The end of the last day, or None."""
        return day_end(self.cleaned_data["ends_on"])
