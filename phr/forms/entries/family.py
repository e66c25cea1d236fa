"""An illness in the family, written down by hand."""

from typing import Any, ClassVar

from phr.forms.entries.entry import (
    PATIENT,
    EntryForm,
    Json,
    Told,
    filled,
    first,
    listed,
    said,
    string,
    text,
)
from phr.forms.entries.fields import choice, lines, words
from phr.forms.entries.value_sets import value_set

MEMBERS = value_set("family-member")


class FamilyForm(EntryForm):
    """FHIR R4 FamilyMemberHistory of one illness of one relative."""

    kind_name = "An illness in the family"
    hint = "Of a parent, a brother or sister, or somebody else"
    heading = "Add an illness in the family"
    resource_type = "FamilyMemberHistory"
    constants: ClassVar[Json] = {"status": "completed", "patient": PATIENT}
    elements: ClassVar = {
        "relationship": ("member",),
        "condition": ("name", "age"),
        "note": ("note",),
    }
    chosen = frozenset({"relationship"})

    member = choice("Who has or had it?", MEMBERS.choices(), required=True)
    name = words("Which illness?", required=True)
    age = words("At what age did it start?", most=60, help_text="For example: 52, or as a child.")
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        name, member = told.get("name"), told.get("member")
        illness = filled(code=text(name), onsetString=told.get("age"))
        return filled(
            relationship=MEMBERS.concept(member) | {"text": MEMBERS.codes[member]}
            if member
            else {},
            condition=[illness] if name else [],
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        illness = first(resource.get("condition"))
        return {
            "member": MEMBERS.code_in(resource.get("relationship")),
            "name": said(illness.get("code")),
            "age": string(illness.get("onsetString")),
            "note": said(first(resource.get("note"))),
        }
