"""What people type and choose about records and permissions."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.services import Scope

NOT_SORTED = (
    "“Not sorted” means letters, pictures and scans: the portal cannot tell what is in them."
)
SENSITIVE = [label for label in Sensitivity if label is not Sensitivity.N]


class SearchForm(forms.Form):
    """How the timeline is narrowed; what does not make sense narrows nothing."""

    text = forms.CharField(label="Search this record", max_length=100, required=False)
    category = forms.ChoiceField(
        required=False, choices=[("", "Everything"), *((c.value, c.label) for c in Category)]
    )
    after = forms.UUIDField(required=False)

    def narrowing(self) -> dict[str, Any]:
        """`category`, `text` and `after` for `services.records.timeline`."""
        self.is_valid()
        category = self.cleaned_data.get("category")
        after: UUID | None = self.cleaned_data.get("after")
        return {
            "category": Category(category) if category else None,
            "text": self.cleaned_data.get("text") or "",
            "after": after,
        }


class PrintForm(forms.Form):
    """What to print; what does not make sense narrows nothing."""

    category = forms.ChoiceField(
        required=False, choices=[("", "Everything"), *((c.value, c.label) for c in Category)]
    )
    part = forms.IntegerField(min_value=1, max_value=1_000_000, required=False)

    def category_chosen(self) -> Category | None:
        self.is_valid()
        category = self.cleaned_data.get("category")
        return Category(category) if category else None

    def part_chosen(self) -> int:
        """Which of the PDFs, counted from 1."""
        self.is_valid()
        return self.cleaned_data.get("part") or 1


class LogForm(forms.Form):
    """How the log is narrowed; what does not make sense narrows nothing."""

    who = forms.UUIDField(required=False)
    denied = forms.BooleanField(label="Only what was refused", required=False)
    mine = forms.BooleanField(required=False)
    after = forms.UUIDField(required=False)

    def narrowing(self) -> dict[str, Any]:
        """`who`, `denied`, `others` and `after` for `services.looks.log`."""
        self.is_valid()
        return {
            "who": self.cleaned_data.get("who"),
            "denied": bool(self.cleaned_data.get("denied")),
            "others": not self.cleaned_data.get("mine"),
            "after": self.cleaned_data.get("after"),
        }


class LabelsForm(forms.Form):
    labels = forms.MultipleChoiceField(
        label="What kind of information is this?",
        help_text=NOT_SORTED,
        required=False,
        choices=[(label.value, label.label) for label in Sensitivity],
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_labels(self) -> list[str]:
        """What is sensitive is not ordinary too. Nothing chosen means not sorted."""
        chosen: list[str] = self.cleaned_data["labels"]
        return [label for label in chosen if label != Sensitivity.N] or chosen


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
