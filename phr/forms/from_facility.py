"""What a care provider says first of any errand: for which facility, and about which patient."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from accounts.forms import LONGEST_EMAIL
from sharing.models import Organization


class FromFacilityForm(forms.Form):
    """To which address; for which of her `facilities` where there are several."""

    for_which = ""

    organization = forms.ChoiceField(widget=forms.RadioSelect)
    email = forms.EmailField(
        label="The patient's email address",
        max_length=LONGEST_EMAIL,
        help_text="We do not tell you whether anybody here has this address.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, facilities: Sequence[Organization] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(facilities) < 2:
            del self.fields["organization"]
            return
        choices = [(str(one.pk), one.name) for one in facilities]
        self.fields["organization"].label = self.for_which
        self.fields["organization"].choices = choices  # type: ignore[attr-defined]

    def organization_id(self) -> UUID | None:
        """The chosen facility; None where there was nothing to choose."""
        chosen = self.cleaned_data.get("organization")
        return UUID(chosen) if chosen else None
