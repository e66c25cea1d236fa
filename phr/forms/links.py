"""What people type and choose about links: to make one, and to open one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from phr.forms.sharing import ScopeForm, day_input
from sharing.models import MOST_WRONG

DAYS = 7
LONGEST_NAME = 60


class LinkForm(ScopeForm):
    """For whom a link is, what it opens, until when and how often."""

    recipient = forms.CharField(
        label="Who is it for?",
        help_text="A name that you will know again, such as “Dr Lee” or “Mountain hut clinic”.",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    passcode = forms.ChoiceField(
        label="Protect it with a passcode?",
        choices=[
            ("yes", "Yes, make a passcode that I tell them separately"),
            ("no", "No, whoever has the link can open it"),
        ],
        initial="yes",
        help_text=f"After {MOST_WRONG} wrong passcodes the link ends for good.",
        widget=forms.RadioSelect,
    )
    uses = forms.IntegerField(
        label="How many times can it be opened?",
        help_text="Leave empty for as often as they like.",
        min_value=1,
        max_value=1000,
        required=False,
    )
    ends_on = forms.DateField(
        label="Last day of access",
        help_text=f"{DAYS} days from today, unless you choose another day.",
        widget=day_input(),
    )
    field_order = (
        "recipient",
        "categories",
        "sensitive",
        "may_copy",
        "passcode",
        "ends_on",
        "uses",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who holds a link is nobody known: it is for looking and copying alone.
        for name in self.INWARD:
            del self.fields[name]
        self.fields["ends_on"].initial = timezone.now().date() + timedelta(days=DAYS)
        self.fields["starts_on"].help_text = "Leave empty to begin at once."
        self.fields[
            "may_copy"
        ].help_text = (
            "With copies, health apps can read it too. A copy they keep cannot be taken back."
        )

    def clean(self) -> dict[str, Any]:
        nothing = {"inward": [], "inward_sensitive": [], "may_reshare": "no"}
        return super().clean() | nothing

    @property
    def further_rows(self) -> list[tuple[str, str]]:
        """What only a link has, for the check."""
        chosen = self.cleaned_data
        often = f"{chosen['uses']} times at most" if chosen["uses"] else "As often as they like"
        return [("Passcode", "Yes" if self.with_passcode else "No"), ("Can be opened", often)]

    @property
    def with_passcode(self) -> bool:
        return bool(self.cleaned_data["passcode"] == "yes")


class EnterForm(forms.Form):
    """Who opens a link, and its passcode where it has one."""

    recipient = forms.CharField(
        label="Your name",
        help_text="The person who gave you the link sees this name.",
        max_length=LONGEST_NAME,
    )
    passcode = forms.CharField(
        label="Passcode",
        help_text="Ask the person who gave you the link.",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, passcode: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not passcode:
            del self.fields["passcode"]


class ManifestForm(forms.Form):
    """The members of a manifest request (SMART Health Links, section "manifest request")."""

    recipient = forms.CharField(max_length=200)
    passcode = forms.CharField(max_length=40, required=False)
    embeddedLengthMax = forms.IntegerField(min_value=0, required=False)  # noqa: N815 - its name
