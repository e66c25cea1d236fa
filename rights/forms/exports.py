"""Which part of her record a person takes away."""

import calendar
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django import forms

from phr.forms.entries.fields import DateParts, PartialDateField
from rights.archive.choice import Choice
from sharing.categories import Category

Choices = Sequence[tuple[str, str]]
NOTHING = "Choose at least one thing, or download everything."


class HiddenDate(DateParts):
    """The three boxes of a date as the page that checks them carries them along."""

    template_name = "django/forms/widgets/multiple_hidden.html"

    def __init__(self) -> None:
        super().__init__()
        self.widgets = [forms.HiddenInput() for _ in self.widgets]


class DayField(PartialDateField):
    """A day, or a month or year and so its first or last day."""

    hidden_widget = HiddenDate

    def __init__(self, *, last: bool, **kwargs: Any) -> None:
        self.last = last
        super().__init__(future=True, required=False, **kwargs)

    def clean(self, value: Any) -> date | None:
        """The date that is meant, or None."""
        found = str(super().clean(value))
        if not found:
            return None
        year, month, day = [*map(int, found.split("-")), 0, 0][:3]
        month = month or (12 if self.last else 1)
        return date(year, month, day or (calendar.monthrange(year, month)[1] if self.last else 1))


class ItemsField(forms.MultipleChoiceField):
    """Single items. Which of them are hers is asked when they are read."""

    def valid_value(self, value: Any) -> bool:
        try:
            return bool(UUID(str(value)))
        except ValueError:
            return False


class PartForm(forms.Form):
    """What has to be true of an item for it to be in the file."""

    categories = forms.MultipleChoiceField(
        label="Which kinds of items?",
        help_text="Tick none to get every kind.",
        required=False,
        choices=[(one.value, one.label) for one in Category],
        widget=forms.CheckboxSelectMultiple,
    )
    since = DayField(label="From which day on?", last=False, help_text="The year alone is enough.")
    until = DayField(label="Up to which day?", last=True, help_text="The year alone is enough.")
    tags = forms.MultipleChoiceField(
        label="With one of these tags?",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    visit = forms.ChoiceField(label="From one visit?", required=False)
    items = ItemsField(
        label="Which of these items?", required=False, widget=forms.CheckboxSelectMultiple
    )
    shareable = forms.BooleanField(label="Leave out what I never share", required=False)

    def __init__(self, *args: Any, tags: Choices = (), visits: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tags"].choices = list(tags)  # type: ignore[attr-defined]
        self.fields["visit"].choices = [("", "Any"), *visits]  # type: ignore[attr-defined]
        for name, offered in (("tags", tags), ("visit", visits)):
            if not offered:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Something has to be chosen, and the days stand in their order."""
        found = super().clean() or self.cleaned_data
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day must not come before the first.")
        if not self.errors and not any(found.values()):
            raise forms.ValidationError(NOTHING)
        return found

    @property
    def choice(self) -> Choice:
        """What was chosen; call when the form is valid."""
        found = self.cleaned_data
        return Choice(
            tuple(map(Category, found["categories"])),
            found["since"],
            found["until"],
            tuple(map(UUID, found.get("tags") or ())),
            UUID(found["visit"]) if found.get("visit") else None,
            tuple(map(UUID, found["items"])),
            found["shareable"],
        )
