from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from accounts import purposes
from accounts.purposes import Purpose

FIRST_BORN = date(1890, 1, 1)
# What a column for an address holds (RFC 5321, section 4.5.3.1.3); Django's own field takes more.
LONGEST_EMAIL = 254


class PatientForm(forms.Form):
    name = forms.CharField(
        label="Your full name",
        max_length=120,
        help_text="People you share your record with will see this name.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    agrees = forms.BooleanField(
        label="I agree to this",
        error_messages={
            "required": "Tick this box if you agree. If not, we may not keep a record."
        },
    )

    def clean(self) -> dict[str, Any]:
        """The words she saw must be today's: she agrees to what she read and to nothing else."""
        if self.data.get("sha256") != purposes.current(Purpose.KEEP).sha256:
            self.add_error("agrees", "The words beside this box have changed. Read them again.")
        return self.cleaned_data


class BornForm(forms.Form):
    born = forms.DateField(
        label="Your date of birth",
        required=False,
        help_text="You may leave it empty.",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
    )

    def clean_born(self) -> date | None:
        """A day on which somebody who lives may have been born."""
        born: date | None = self.cleaned_data["born"]
        if born and not FIRST_BORN <= born <= timezone.localdate():
            raise forms.ValidationError("Enter a date in the past, such as 1963-04-18.")
        return born


class ConsentForm(forms.Form):
    """One press on the page of consents: which purpose, yes or no, and the words that were shown."""

    purpose = forms.TypedChoiceField(
        choices=[(one.value, one.name) for one in Purpose], coerce=Purpose
    )
    agree = forms.ChoiceField(choices=[("yes", "Yes"), ("no", "No")])
    sha256 = forms.CharField(required=False, max_length=64)


class PractitionerForm(forms.Form):
    name = forms.CharField(
        label="Your full name and title",
        max_length=120,
        help_text="For example, Dr Ana Silva",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    profession = forms.CharField(
        label="Your profession", max_length=80, help_text="For example, doctor, nurse or dentist"
    )
    specialty = forms.CharField(label="Your specialty", max_length=80, required=False)
    licence_number = forms.CharField(
        label="Your licence or registration number",
        max_length=60,
        help_text="We check it. Until then patients see you as “unverified”.",
    )


class ListingForm(forms.Form):
    """A professional's own entry in the directory."""

    place = forms.CharField(
        label="Where you work",
        max_length=120,
        required=False,
        help_text="Town and country, for example Lyon, France",
    )
    listed = forms.BooleanField(
        label="Patients may find me in the directory and share with me", required=False
    )
