"""What care providers write beside a permission, and what a patient answers."""

from django import forms

from phr.deliveries import Remark
from phr.services.remarks import LONGEST


class RemarkForm(forms.Form):
    """A few words."""

    text = forms.CharField(
        label="Note", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 5})
    )


class CorrectionForm(RemarkForm):
    """What is wrong with an item."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["text"].label = "What is wrong, and what should it say?"


class AnswerForm(forms.Form):
    """Corrected, or left as it is."""

    answer = forms.ChoiceField(choices=Remark.Answer.choices)

    def said(self) -> Remark.Answer | None:
        """Her answer; None for none."""
        return Remark.Answer(self.cleaned_data["answer"]) if self.is_valid() else None
