"""What people type and choose about permissions."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from phr.forms.records import NOT_SORTED
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.services import Scope

SENSITIVE = [label for label in Sensitivity if label is not Sensitivity.N]


class ShareForm(forms.Form):
    """With whom, what, and until when."""

    email = forms.EmailField(
        label="Their email address",
        help_text="They prove that this address is theirs before they see anything. "
        "They do not need an account yet.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    categories = forms.MultipleChoiceField(
        label="What may they see?",
        choices=[(category.value, category.label) for category in Category],
        initial=[category.value for category in Category],
        widget=forms.CheckboxSelectMultiple,
    )
    sensitive = forms.MultipleChoiceField(
        label="Sensitive information",
        help_text=f"Left out unless you tick it, each kind by itself. {NOT_SORTED}",
        choices=[(label.value, label.label) for label in SENSITIVE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    may_copy = forms.ChoiceField(
        label="May they keep copies?",
        choices=[
            ("no", "They may look only"),
            ("yes", "They may look and download copies"),
        ],
        initial="no",
        help_text="A copy they keep cannot be taken back.",
        widget=forms.RadioSelect,
    )
    ends_on = forms.DateField(
        label="Last day of access",
        required=False,
        help_text="Leave empty to share until you take it back.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean_ends_on(self) -> Any:
        day = self.cleaned_data["ends_on"]
        if day and day < timezone.now().date():
            raise forms.ValidationError("Choose today or a later day.")
        return day

    def scope(self) -> Scope:
        """The chosen scope; ordinary information is always part of it."""
        chosen = self.cleaned_data
        day = chosen["ends_on"]
        return Scope(
            categories=tuple(Category(value) for value in chosen["categories"]),
            labels=(Sensitivity.N, *(Sensitivity(value) for value in chosen["sensitive"])),
            may_copy=chosen["may_copy"] == "yes",
            ends_at=datetime.combine(day, time.max, tzinfo=UTC) if day else None,
        )
