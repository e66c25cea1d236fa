"""What whoever held a permission answers about copies."""

from typing import Any

from django import forms

from sharing.models import Answer, Reason


class AnswerForm(forms.Form):
    """What became of the copies; why not, where they stay."""

    answer = forms.ChoiceField(
        label="What became of the copies?",
        choices=Answer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what became of the copies."},
    )
    reason = forms.ChoiceField(
        label="If they cannot be destroyed: why?",
        choices=[("", "Choose a reason"), *Reason.choices],
        required=False,
    )
    words = forms.CharField(
        label="What else the patient should know",
        help_text="For example what you keep, and for how long.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        """A reason belongs to copies that stay, and to no others."""
        stays = self.cleaned_data.get("answer") == Answer.CANNOT
        if stays and not self.cleaned_data.get("reason"):
            self.add_error("reason", "Choose why the copies cannot be destroyed.")
        if not stays:
            self.cleaned_data["reason"] = ""
        return self.cleaned_data
