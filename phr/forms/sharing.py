"""What people type and choose about permissions."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from accounts.forms import LONGEST_EMAIL
from phr.display.kinds import kind
from phr.forms.records import NOT_SORTED
from phr.tags import Word
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Purpose
from sharing.scopes import Scope

SENSITIVE = [label for label in Sensitivity if label is not Sensitivity.N]
DATE = {"type": "date"}
DAY = timedelta(days=1)


def day_input() -> forms.DateInput:
    """A field for a day that shows again what it was filled with: browsers read ISO 8601 alone."""
    return forms.DateInput(attrs=DATE, format="%Y-%m-%d")


class Listed(forms.Field):
    """Values that a page carries along, hidden."""

    widget = hidden_widget = forms.MultipleHiddenInput
    longest = 1000

    def to_python(self, value: Any) -> list[str]:
        found = [str(one) for one in value or ()]
        if len(found) > self.longest or any(len(one) > 40 for one in found):
            raise forms.ValidationError("Choose fewer items.")
        if not all(one.isprintable() for one in found):
            raise forms.ValidationError("Choose the items again.")
        return found


class ScopeForm(forms.Form):
    """What a permission covers, why, and from when until when.

    The fields of `FURTHER` narrow it; `types`, `items` and `besides` come along from the page that
    led here or from the check, and are not typed.
    """

    FURTHER = ("tags", "from_day", "until_day", "starts_on")
    INWARD = ("inward", "inward_sensitive", "may_reshare")

    categories = forms.MultipleChoiceField(
        label="What may they see?",
        choices=[(category.value, category.label) for category in Category],
        initial=[category.value for category in Category],
        required=False,
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
    purpose = forms.ChoiceField(
        label="Why do you share?",
        choices=[one for one in Purpose.choices if one[0] != Purpose.EMERGENCY],
        initial=Purpose.TREAT,
        help_text="They read this, and it stays on your receipt.",
        widget=forms.RadioSelect,
    )
    ends_on = forms.DateField(
        label="Last day of access",
        required=False,
        help_text="Leave empty to share until you take it back.",
        widget=day_input(),
    )
    inward = forms.MultipleChoiceField(
        label="What may they send you?",
        help_text="Nothing unless you tick it. What they send waits until you accept it.",
        choices=[(category.value, category.label) for category in Category],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    inward_sensitive = forms.MultipleChoiceField(
        label="Sensitive information they may send you",
        help_text="Each kind by itself. What they may see says nothing about what they may send.",
        choices=[(label.value, label.label) for label in SENSITIVE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    may_reshare = forms.ChoiceField(
        label="May they pass it on?",
        choices=[("no", "No"), ("yes", "Yes, to other people, who cannot pass it on")],
        initial="no",
        required=False,
        help_text="You are told each time, and you can stop each of them.",
        widget=forms.RadioSelect,
    )
    tags = forms.MultipleChoiceField(
        label="Only items with one of these tags",
        help_text="An item that gets the tag later is shared too.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    from_day = forms.DateField(
        label="Only items from this day on",
        help_text="The day of the visit, test or treatment. Items without a date are left out.",
        required=False,
        widget=day_input(),
    )
    until_day = forms.DateField(
        label="Only items up to this day", required=False, widget=day_input()
    )
    starts_on = forms.DateField(
        label="First day of access",
        help_text="Leave empty to begin as soon as they accept.",
        required=False,
        widget=day_input(),
    )
    types = Listed(required=False)
    items = Listed(required=False)
    besides = Listed(required=False)

    def __init__(
        self, *args: Any, tags: Sequence[Word] = (), before: Scope | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        known = {word.token for word in tags}
        # What was narrowed to a tag that is gone must not become wider by a change of something else.
        self.gone = tuple(one for one in before.tags if one not in known) if before else ()
        self.words = {str(word.id): word for word in tags}
        field = self.fields["tags"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(pk, word.name) for pk, word in self.words.items()]
        if not tags:
            field.widget = forms.MultipleHiddenInput()

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """What everybody is asked."""
        apart = (*self.FURTHER, *self.INWARD)
        return [one for one in self.visible_fields() if one.name not in apart]

    @property
    def inward_fields(self) -> list[forms.BoundField]:
        """What they may do besides looking and copying."""
        return [one for one in self.visible_fields() if one.name in self.INWARD]

    @property
    def does_more(self) -> bool:
        """Whether any of these is chosen or wrong, so that they must be seen."""
        return any(
            one.errors or one.value() not in ([], None, "", "no") for one in self.inward_fields
        )

    @property
    def further_fields(self) -> list[forms.BoundField]:
        """What most leave as it is."""
        return [one for one in self.visible_fields() if one.name in self.FURTHER]

    @property
    def narrowed_further(self) -> bool:
        """Whether any of these is filled in or wrong, so that they must be seen."""
        return any(one.errors or one.value() for one in self.further_fields)

    @property
    def shown_types(self) -> list[str]:
        """The types it is narrowed to, as people call them."""
        return [kind(one) for one in self["types"].value() or ()]

    @property
    def shown_tags(self) -> list[str]:
        """The words of the chosen tags."""
        chosen = self["tags"].value() or ()
        named = [self.words[one].name for one in chosen if one in self.words]
        return named + ["a tag that you do not use any more"] * bool(self.gone)

    def clean_items(self) -> tuple[UUID, ...]:
        return _ids(self.cleaned_data["items"])

    def clean_besides(self) -> tuple[UUID, ...]:
        return _ids(self.cleaned_data["besides"])

    def clean_until_day(self) -> Any:
        day = self.cleaned_data["until_day"]
        if day == date.max:
            raise forms.ValidationError("Choose an earlier day.")
        return day

    def clean_ends_on(self) -> Any:
        day = self.cleaned_data["ends_on"]
        if day and day < timezone.now().date():
            raise forms.ValidationError("Choose today or a later day.")
        return day

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        if not chosen.get("categories") and not chosen.get("inward") and not self.errors:
            self.add_error("categories", "Choose what they may see, or what they may send you.")
        for first, last in (("from_day", "until_day"), ("starts_on", "ends_on")):
            if chosen.get(first) and chosen.get(last) and chosen[first] > chosen[last]:
                self.add_error(last, "This day must not be before the first one.")
        return chosen

    def scope(self) -> Scope:
        """The chosen scope; ordinary information is always part of it."""
        chosen = self.cleaned_data
        until, ends = chosen["until_day"], chosen["ends_on"]
        return Scope(
            categories=tuple(Category(value) for value in chosen["categories"]),
            labels=labels_with(chosen["categories"], chosen["sensitive"]),
            may_copy=chosen["may_copy"] == "yes",
            may_reshare=chosen["may_reshare"] == "yes" and bool(chosen["categories"]),
            inward_categories=tuple(Category(value) for value in chosen["inward"]),
            inward_labels=labels_with(chosen["inward"], chosen["inward_sensitive"]),
            ends_at=day_end(ends),
            starts_at=_midnight(chosen["starts_on"]),
            purpose=Purpose(chosen["purpose"]),
            types=tuple(chosen["types"]),
            tags=(*(self.words[pk].token for pk in chosen["tags"]), *self.gone),
            records=chosen["items"],
            besides=chosen["besides"],
            data_from=_midnight(chosen["from_day"]),
            data_until=_midnight(until + DAY) if until else None,
        )


class ShareForm(ScopeForm):
    """With whom, and what."""

    email = forms.EmailField(
        label="Their email address",
        max_length=LONGEST_EMAIL,
        help_text="They prove that this address is theirs before they see anything. "
        "They do not need an account yet.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("email",)


def told(scope: Scope, tags: Sequence[Word]) -> dict[str, Any]:
    """A scope as `ScopeForm` shows it, to be changed."""
    return {
        "categories": [one.value for one in scope.categories],
        "sensitive": [one.value for one in scope.labels if one is not Sensitivity.N],
        "may_copy": "yes" if scope.may_copy else "no",
        "may_reshare": "yes" if scope.may_reshare else "no",
        "inward": [one.value for one in scope.inward_categories],
        "inward_sensitive": [one.value for one in scope.inward_labels if one is not Sensitivity.N],
        "purpose": scope.purpose,
        "starts_on": scope.starts_at and scope.starts_at.date(),
        "ends_on": scope.ends_at and scope.ends_at.date(),
        "tags": [str(word.id) for word in tags if word.token in scope.tags],
        "from_day": scope.data_from and scope.data_from.date(),
        "until_day": scope.last_day,
        "types": scope.types,
        "items": [str(one) for one in scope.records],
        "besides": [str(one) for one in scope.besides],
    }


def labels_with(categories: Sequence[str], sensitive: Sequence[str]) -> tuple[Sensitivity, ...]:
    """Ordinary information is always part of it, where there is any."""
    if not categories:
        return ()
    return (Sensitivity.N, *(Sensitivity(value) for value in sensitive))


def day_end(day: date | None) -> datetime | None:
    """The last instant of a day, UTC."""
    return datetime.combine(day, time.max, tzinfo=UTC) if day else None


def _ids(values: Sequence[str]) -> tuple[UUID, ...]:
    try:
        return tuple(dict.fromkeys(UUID(one) for one in values))
    except ValueError:
        raise forms.ValidationError("Choose the items again.") from None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, tzinfo=UTC) if day else None


class ReceiptForm(forms.Form):
    """Which page of a receipt, counted from 1; what does not make sense is the first."""

    page = forms.IntegerField(min_value=1, max_value=1_000_000, required=False)

    def number(self) -> int:
        self.is_valid()
        return self.cleaned_data.get("page") or 1
