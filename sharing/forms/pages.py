"""Where a page of a list begins."""

from uuid import UUID

from django import forms


class PageForm(forms.Form):
    """The last of the page before: of what goes on (`after`), and of what is over (`over`).

    What does not make sense is the first page.
    """

    after = forms.UUIDField(required=False)
    over = forms.UUIDField(required=False)

    def begins(self, name: str) -> UUID | None:
        """The id in the field of this name, if there is one."""
        self.is_valid()
        found: UUID | None = self.cleaned_data.get(name)
        return found
