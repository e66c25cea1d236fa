"""What the new owner of a record says about something that was shared before it was hers."""

from django import forms

KEEP, END = "keep", "end"


class DecisionForm(forms.Form):
    """Which permission, and whether it goes on."""

    grant = forms.UUIDField()
    decision = forms.ChoiceField(choices=[(KEEP, "Keep sharing"), (END, "Stop sharing")])
