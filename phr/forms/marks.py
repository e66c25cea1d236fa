"""What people type to sort their records."""

from django import forms

from phr.services.marks import LONGEST


class TagForm(forms.Form):
    name = forms.CharField(label="Add a tag", max_length=LONGEST)

    def typed(self) -> str:
        """The word, cut to what a tag may have; the service says what is wrong with it."""
        return str(self.data.get("name", "")).strip()[:LONGEST]
