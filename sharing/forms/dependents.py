"""What somebody says of the person whom she opens a record for."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from accounts.forms import BornForm
from sharing.models import Authority
from sharing.services.dependents import Draft


class DependentForm(BornForm):
    """Who it is, by what right, and until when."""

    field_order = ("name", "born", "authority", "ends_on")
    name = forms.CharField(
        label="Their full name",
        max_length=120,
        help_text="The person whom the record is about",
        error_messages={"required": "Enter their full name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    authority = forms.ChoiceField(
        label="By what right do you act for them?",
        error_messages={"required": "Choose by what right you act for them."},
        choices=[
            (Authority.PARENT.value, "I am a parent, or have the duties of a parent"),
            (Authority.GUARDIAN.value, "A court or an authority appointed me"),
        ],
        widget=forms.RadioSelect,
    )
    ends_on = forms.DateField(
        label="Until which day were you appointed?",
        required=False,
        help_text="Only if a court or an authority appointed you for a time",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        born = self.fields["born"]
        born.label, born.help_text, born.required = "Their date of birth", "", True
        born.widget.attrs["autocomplete"] = "off"
        born.error_messages["required"] = "Enter their date of birth."

    def clean_ends_on(self) -> date | None:
        """A day to come."""
        ends: date | None = self.cleaned_data["ends_on"]
        if ends and not 0 <= (ends - timezone.localdate()).days <= 36500:
            raise forms.ValidationError("Enter a day to come, such as 2031-12-31.")
        return ends

    def draft(self) -> Draft:
        """What was said, once it is valid."""
        said = self.cleaned_data
        return Draft(said["name"], said["born"], Authority(said["authority"]), said["ends_on"])
