"""What people type about facilities and the directory."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from accounts.forms import LONGEST_EMAIL
from accounts.registry import is_npi
from sharing.models import AgreementKind, Organization, Regime, Role
from sharing.services import closing
from sharing.services.agreements import MOST_BYTES
from sharing.services.facilities import Facts

DATE = {"type": "date"}
MOMENT = "%Y-%m-%dT%H:%M"
LATEST = timedelta(days=730)


class PolicyForm(forms.Form):
    """What an administrator may change at any time."""

    policy_url = forms.URLField(
        label="Address of its privacy policy",
        help_text="For example, https://clinic.example/privacy",
        assume_scheme="https",
        max_length=200,
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    policy_version = forms.CharField(
        label="Version of the policy",
        max_length=40,
        help_text="Its number or date. Patients see it before they share, and on their receipt.",
    )
    listed = forms.BooleanField(
        label="Patients may find the facility in the directory", required=False
    )

    def clean_policy_url(self) -> str:
        url: str = self.cleaned_data["policy_url"]
        if not url.startswith(("https://", "http://")):
            raise forms.ValidationError("Enter an address that begins with https://")
        return url

    def facts(self, row: Organization | None = None) -> Facts:
        """What the facility says of itself from now on; what is not asked stays as in `row`."""
        before = {name: getattr(row, name) for name in Facts.__slots__} if row else {}
        said = before | {n: v for n, v in self.cleaned_data.items() if n in Facts.__slots__}
        return Facts(**said | {"regime": Regime(said["regime"])})


class FacilityForm(PolicyForm):
    """What a professional says of a facility that she registers."""

    name = forms.CharField(label="Name of the facility", max_length=120)
    place = forms.CharField(
        label="Place", max_length=120, help_text="Town and country, for example Lyon, France"
    )
    identifier = forms.CharField(
        label="Its number in a public register",
        max_length=60,
        required=False,
        help_text="In the United States, the National Provider Identifier (NPI), ten digits.",
    )
    regime = forms.ChoiceField(
        label="Which law of data protection does it work under?",
        choices=Regime.choices,
        widget=forms.RadioSelect,
    )
    field_order = ("name", "place", "identifier", "regime")

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        number = chosen.get("identifier", "")
        looks_like_npi = number.isdigit() and len(number) == 10
        american = chosen.get("regime") == Regime.HIPAA and looks_like_npi
        if american and not is_npi(number):
            self.add_error("identifier", "This is not an NPI: check the ten digits.")
        return chosen


class RoleForm(forms.Form):
    """What somebody is at a facility, and until when."""

    code = forms.ChoiceField(
        label="What are they at the facility?",
        choices=Role.choices,
        help_text="Clinicians and nurses see what patients share with the facility; who is on call "
        "sees it during a shift. An administrator manages people and sees no record.",
        widget=forms.RadioSelect,
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="Leave empty if there is none.",
        widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
    )

    def clean_ends_on(self) -> Any:
        day = self.cleaned_data["ends_on"]
        if day and day < timezone.now().date():
            raise forms.ValidationError("Choose today or a later day.")
        return day

    @property
    def until(self) -> datetime | None:
        """The end of the last day."""
        day = self.cleaned_data["ends_on"]
        return datetime.combine(day, time.max, tzinfo=UTC) if day else None


class InviteForm(RoleForm):
    email = forms.EmailField(
        label="Their email address",
        max_length=LONGEST_EMAIL,
        help_text="They prove that this address is theirs before they see anything.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("email",)


class ShiftForm(forms.Form):
    """Who is on call, from when until when."""

    role = forms.TypedChoiceField(label="Who is on call?", coerce=UUID)
    starts_at = forms.DateTimeField(
        label="From",
        input_formats=[MOMENT],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    ends_at = forms.DateTimeField(
        label="Until",
        input_formats=[MOMENT],
        help_text="At most 72 hours after the beginning.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )

    def __init__(self, *args: Any, people: list[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        if isinstance(field, forms.TypedChoiceField):
            field.choices = people


class AgreementForm(forms.Form):
    """An agreement that binds a facility, with its document."""

    kind = forms.ChoiceField(
        label="Which agreement is it?", choices=AgreementKind.choices, widget=forms.RadioSelect
    )
    version = forms.CharField(label="Its version", max_length=40)
    signed_on = forms.DateField(
        label="Signed on",
        error_messages={"required": "Enter the day it was signed."},
        widget=forms.DateInput(attrs=DATE),
    )
    ends_on = forms.DateField(
        label="Holds until",
        required=False,
        help_text="Leave empty if there is no end.",
        widget=forms.DateInput(attrs=DATE),
    )
    document = forms.FileField(
        label="The signed document",
        help_text="A PDF of at most 2 MB. Patients can read it before they share.",
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
    )

    def clean_signed_on(self) -> date:
        day: date = self.cleaned_data["signed_on"]
        if day > timezone.now().date():
            raise forms.ValidationError("Choose today or an earlier day.")
        return day

    def clean_document(self) -> bytes:
        file = self.cleaned_data["document"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("Choose a PDF of at most 2 MB.")
        return bytes(file.read())

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        signed, ends = chosen.get("signed_on"), chosen.get("ends_on")
        if signed and ends and ends < signed:
            self.add_error("ends_on", "This day must not be before it was signed.")
        return chosen


class ClosingForm(forms.Form):
    """The day on which a facility leaves."""

    closes_on = forms.DateField(label="Last day", widget=forms.DateInput(attrs=DATE))
    sure = forms.BooleanField(
        label="I know that this cannot be taken back, and that every patient is told",
        error_messages={"required": "Tick this box if you are sure."},
    )

    def clean_closes_on(self) -> date:
        day: date = self.cleaned_data["closes_on"]
        if day < closing.first_day():
            raise forms.ValidationError(f"Choose {closing.first_day():%-d %B %Y} or a later day.")
        if day > timezone.now().date() + LATEST:
            # It cannot be taken back: a slip of a finger in the year must not stay.
            raise forms.ValidationError("Choose a day within the next two years.")
        return day


class SearchForm(forms.Form):
    """Words for the directory; they travel in the body of a request, never in an address."""

    words = forms.CharField(
        label="Name, place or specialty",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
