"""To correct something is to fill in its form again, with a reason."""

from typing import Any

from django import forms

from phr.forms.entries.entry import EntryForm, Json
from phr.forms.entries.fields import words


def correcting(kind: type[EntryForm], resource: Json, version: int, data: Any = None) -> EntryForm:
    """The form of this kind, filled in; without the fields that must stay as they are."""
    form = kind(data, initial={**kind.read(resource), "version": version})
    form.left_out = kind.kept(resource)
    for name in form.left_out:
        del form.fields[name]
    form.fields["why"] = words("Why do you correct it?", help_text="You see this in your record.")
    form.fields["version"] = forms.IntegerField(widget=forms.HiddenInput)
    return form
