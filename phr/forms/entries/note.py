"""A note in one's own words."""

import base64
import binascii
from typing import Any, ClassVar

from phr.display.words import one
from phr.forms.entries.entry import PATIENT, EntryForm, Json, Told, filled, first, string
from phr.forms.entries.fields import PartialDateField, lines, words

TYPE: Json = {"coding": [{"system": "http://loinc.org", "code": "34109-9"}], "text": "Note"}


class NoteForm(EntryForm):
    """FHIR R4 DocumentReference with the text in it."""

    kind_name = "A note"
    hint = "Anything else, in your own words"
    heading = "Add a note"
    resource_type = "DocumentReference"
    constants: ClassVar[Json] = {
        "status": "current",
        "type": TYPE,
        "subject": PATIENT,
        "author": [PATIENT],
    }
    elements: ClassVar = {
        "description": ("name",),
        "content": ("note",),
        "context": ("day",),
    }
    whole = True

    name = words("What is it about?", most=150, required=True)
    day = PartialDateField(
        label="From when is it?", required=False, help_text="Leave empty if it has no date."
    )
    note = lines("Your note", most=20_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True

    @classmethod
    def build(cls, told: Told) -> Json:
        note, day = told.get("note"), told.get("day")
        data = base64.b64encode(str(note or "").encode()).decode()
        attachment = {"contentType": "text/plain; charset=utf-8", "data": data}
        return filled(
            description=told.get("name"),
            content=[{"attachment": attachment}] if note else [],
            context={"period": {"start": day}} if day else {},
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        attachment = one(first(resource.get("content")).get("attachment"))
        return {
            "name": string(resource.get("description")),
            "day": string(one(one(resource.get("context")).get("period")).get("start")),
            "note": _decoded(string(attachment.get("data"))),
        }


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
