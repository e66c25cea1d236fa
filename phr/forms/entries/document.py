"""What a letter, a picture or another file is, written down after it was uploaded."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings

from phr.display.words import one
from phr.forms.entries.entry import EntryForm, Json, Told, filled, said, string, text
from phr.forms.entries.fields import PartialDateField, words

ACCEPTED = ".pdf,.jpg,.jpeg,.png,.tif,.tiff"


class DocumentForm(EntryForm):
    """FHIR R4 DocumentReference that came from a file: its name, kind and date. The file stays."""

    kind_name = "A document"
    heading = "Describe a document"
    resource_type = "DocumentReference"
    elements: ClassVar = {
        "description": ("name",),
        "type": ("kind",),
        "context": ("day",),
    }

    name = words("What is it?", most=150, help_text="For example: letter from the heart clinic.")
    kind = words("What kind of document is it?", help_text="For example: discharge letter.")
    day = PartialDateField(
        label="From when is it?", required=False, help_text="The year alone is enough."
    )

    @classmethod
    def build(cls, told: Told) -> Json:
        day = told.get("day")
        return filled(
            description=told.get("name"),
            type=text(told.get("kind")),
            context={"period": {"start": day}} if day else {},
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        return {
            "name": string(resource.get("description")),
            "kind": said(resource.get("type")),
            "day": string(one(one(resource.get("context")).get("period")).get("start")),
        }


class ArrivedField(forms.FileField):
    """A file that was received before the form was read: how that went is told to the form."""

    def clean(self, data: Any, initial: Any = None) -> None:
        """Nothing is left to look at."""


class NewDocumentForm(DocumentForm):
    """The same with the file it is about, on one page; `problem` is what was wrong with the file."""

    hint = "A letter, a report or a photo: choose the file and say what it is"
    heading = "Add a document"

    file = ArrivedField(
        label="Choose the file",
        widget=forms.FileInput({"class": "nhsuk-file-upload", "accept": ACCEPTED}),
    )
    field_order = ("file", "name", "kind", "day")

    def __init__(self, data: Any = None, *, problem: str = "") -> None:
        super().__init__(data)
        self._problem = problem
        self.fields["name"].required = True
        self.fields["name"].error_messages["required"] = "Say what it is."
        most = settings.PHR_UPLOAD_MOST_BYTES // 1_000_000
        self.fields["file"].help_text = f"PDF, JPEG, PNG or TIFF, up to {most} MB."

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        if self._problem:
            self.add_error("file", self._problem)
        return told

    def described(self) -> Json:
        """The elements of a DocumentReference that these answers make."""
        return self.build(self.cleaned_data)
