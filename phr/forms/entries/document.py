"""What a letter, a picture or another file is, written down after it was uploaded."""

from typing import Any, ClassVar

from phr.display.words import one
from phr.forms.entries.entry import EntryForm, Json, Told, filled, said, string, text
from phr.forms.entries.fields import PartialDateField, words


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
