"""What people choose about notices."""

from django import forms

from sharing.models import NoticeKind


class ChoicesForm(forms.Form):
    """Which kinds of notices come by mail too."""

    by_mail = forms.MultipleChoiceField(
        label="What shall we also send you by email?",
        help_text="Everything is in your account, ticked or not."
        " An email never says anything about your health.",
        choices=NoticeKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
