"""What care providers type to ask for access, and to pass on what they hold."""

from datetime import date, datetime

from django import forms
from django.utils import timezone

from accounts.forms import LONGEST_EMAIL
from phr.forms.from_facility import FromFacilityForm
from phr.forms.sharing import SENSITIVE, day_end, day_input
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.services.requests import Wish

CATEGORIES = [(category.value, category.label) for category in Category]


class AskForm(FromFacilityForm):
    """Whom to ask, why, and for what."""

    for_which = "For which facility do you ask?"

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
