"""What a patient chooses about files that nobody asked for, and to whom a sender offers some."""

from django import forms

from phr.forms.from_facility import FromFacilityForm
from sharing.models import Unasked


class UnaskedForm(forms.Form):
    """Refuse, or keep apart."""

    unasked = forms.ChoiceField(
        label="A care provider whom you gave no permission sends you a file. What shall we do?",
        choices=Unasked.choices,
        widget=forms.RadioSelect,
    )


class OfferForm(FromFacilityForm):
    """Whom to offer a file, and for which facility."""

    for_which = "For which facility do you send?"
