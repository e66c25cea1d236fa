"""An allergy or intolerance, written down by hand."""

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
from phr.forms.entries.fields import PartialDateField, choice, lines, words
from phr.forms.entries.value_sets import value_set

CLINICAL = value_set("allergyintolerance-clinical")
TYPE = value_set("allergy-intolerance-type")
CATEGORY = value_set("allergy-intolerance-category")
CRITICALITY = value_set("allergy-intolerance-criticality")
SEVERITY = value_set("reaction-event-severity")
UNSAID = "Not said"


class AllergyForm(EntryForm):
    """FHIR R4 AllergyIntolerance."""

    kind_name = "An allergy or intolerance"
    hint = "To a medicine, a food, or something else"
    heading = "Add an allergy or intolerance"
    resource_type = "AllergyIntolerance"
    constants: ClassVar[Json] = {"patient": PATIENT, "asserter": PATIENT}
    elements: ClassVar = {
        "code": ("name",),
        "clinicalStatus": ("status",),
        "type": ("type",),
        "category": ("category",),
        "criticality": ("criticality",),
        "reaction": ("reaction", "severity"),
        "onset[x]": ("started",),
        "note": ("note",),
    }
    chosen = frozenset({"clinicalStatus"})

    name = words("To what?", required=True)
    status = choice("How is it now?", CLINICAL.choices(), required=True)
    type = choice("What is it?", TYPE.choices(UNSAID))
    category = choice("What kind of thing causes it?", CATEGORY.choices(UNSAID))
    criticality = choice("Could it be dangerous?", CRITICALITY.choices(UNSAID))
    reaction = words("What happens?", help_text="For example: a rash on the arms.")
    severity = choice("How bad was it?", SEVERITY.choices(UNSAID))
    started = PartialDateField(
        label="When did it start?", required=False, help_text="The year alone is enough."
    )
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        category, reaction = told.get("category"), told.get("reaction")
        happened = filled(manifestation=listed(reaction), severity=told.get("severity"))
        return filled(
            code=text(told.get("name")),
            clinicalStatus=told.get("status") and CLINICAL.concept(told["status"]),
            type=told.get("type"),
            category=[category] if category else [],
            criticality=told.get("criticality"),
            reaction=[happened] if reaction else [],
            onsetDateTime=told.get("started"),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        reaction = first(resource.get("reaction"))
        categories = resource.get("category")
        category = categories[0] if isinstance(categories, list) and categories else ""
        return {
            "name": said(resource.get("code")),
            "status": CLINICAL.code_in(resource.get("clinicalStatus")),
            "type": TYPE.known(resource.get("type")),
            "category": CATEGORY.known(category),
            "criticality": CRITICALITY.known(resource.get("criticality")),
            "reaction": said(first(reaction.get("manifestation"))),
            "severity": SEVERITY.known(reaction.get("severity")),
            "started": string(resource.get("onsetDateTime")),
            "note": said(first(resource.get("note"))),
        }

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        if told.get("severity") and not told.get("reaction") and "reaction" not in self.errors:
            self.add_error("reaction", "You said how bad it was. Write what happened too.")
        return told
