"""What people type and choose about records."""

from typing import Any

from django import forms
from django.http import QueryDict

from phr.formats.r4 import TYPES
from phr.narrowing import Narrowing
from phr.printing.document import Chosen
from sharing.categories import Category
from sharing.labels import Sensitivity

NOT_SORTED = (
    "“Not sorted” means letters, pictures and scans: the portal cannot tell what is in them."
)


class SearchForm(forms.Form):
    """How the timeline is narrowed; what does not make sense narrows nothing."""

    text = forms.CharField(label="Search this record", max_length=100, required=False)
    category = forms.ChoiceField(
        required=False, choices=[("", "Everything"), *((c.value, c.label) for c in Category)]
    )
    type = forms.ChoiceField(required=False, choices=[(name, name) for name in sorted(TYPES)])
    year = forms.IntegerField(required=False, min_value=1, max_value=9998)
    people = forms.BooleanField(required=False)
    upload = forms.UUIDField(required=False)
    tag = forms.UUIDField(required=False)
    favourite = forms.BooleanField(required=False)
    unsorted = forms.BooleanField(required=False)
    visit = forms.UUIDField(required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    by_hand = forms.BooleanField(required=False)
    by_visit = forms.BooleanField(required=False)
    after = forms.UUIDField(required=False)

    @classmethod
    def of(cls, query: QueryDict, posted: QueryDict) -> "SearchForm":
        """What an address asks for and what was posted to it. Words are not taken from an address."""
        told = query.copy()
        told.pop("text", None)
        for name in posted:
            told.setlist(name, posted.getlist(name))
        return cls(told)

    def narrowing(self) -> dict[str, Any]:
        """`asked` and `after` for `services.records.timeline`."""
        self.is_valid()
        found = self.cleaned_data
        category = found.get("category")
        asked = Narrowing(
            category=Category(category) if category else None,
            text=found.get("text") or "",
            resource_type=found.get("type") or "",
            year=found.get("year"),
            people=bool(found.get("people")),
            upload=found.get("upload"),
            tag=found.get("tag"),
            favourite=bool(found.get("favourite")),
            unsorted=bool(found.get("unsorted")),
            visit=found.get("visit"),
            since=found.get("since"),
            until=found.get("until"),
            by_hand=bool(found.get("by_hand")),
            by_visit=bool(found.get("by_visit")),
        )
        return {"asked": asked, "after": found.get("after")}


class PrintForm(forms.Form):
    """What to print; what does not make sense narrows nothing."""

    category = forms.ChoiceField(
        required=False, choices=[("", "Everything"), *((c.value, c.label) for c in Category)]
    )
    since = forms.IntegerField(min_value=1, max_value=9998, required=False)
    until = forms.IntegerField(min_value=1, max_value=9998, required=False)
    part = forms.IntegerField(min_value=1, max_value=1_000_000, required=False)

    def chosen(self) -> Chosen:
        self.is_valid()
        found = self.cleaned_data
        category = found.get("category")
        return Chosen(
            Category(category) if category else None, found.get("since"), found.get("until")
        )

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


class SettleForm(forms.Form):
    """Which of two things that are said of an item is to stand; `version` is the one in force."""

    stand = forms.ChoiceField(choices=[("mine", "What I wrote"), ("theirs", "What the file says")])
    version = forms.IntegerField(min_value=1)

    def told(self) -> tuple[bool, int]:
        """Whether hers is to stand, and the version she looked at; 0, which is none, without one."""
        self.is_valid()
        found = self.cleaned_data
        return found.get("stand") != "theirs", found.get("version") or 0


def sorted_with(others: int) -> str:
    """What to say once it is saved how sensitive an item is, and `others` that refer to it."""
    said = "Saved. People you share with see this item only if you chose its kind."
    if not others:
        return said
    those = (
        "1 other item mentions it and is"
        if others == 1
        else f"{others} other items mention it and are"
    )
    return f"{said} {those} now marked as the same kind, too."
