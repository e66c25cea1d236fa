"""What people say about files on their way in."""

from django import forms


class ConfirmForm(forms.Form):
    """Her word that a file under another name or date of birth is about her."""

    about_me = forms.BooleanField(required=False)
    outside_too = forms.BooleanField(required=False)

    def about_me_ticked(self) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get("about_me"))

    def outside_ticked(self) -> bool:
        """Whether what somebody sent beyond what she asked for is to be added, too."""
        self.is_valid()
        return bool(self.cleaned_data.get("outside_too"))
