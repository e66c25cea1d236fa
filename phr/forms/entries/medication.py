"""A medicine that somebody takes, written down by hand."""

from typing import Any, ClassVar

from phr.display.words import one
from phr.forms.entries.entry import (
    PATIENT,
    EntryForm,
    Json,
    Told,
    filled,
    first,
    listed,
    period,
    said,
    string,
    text,
)
from phr.forms.entries.fields import PartialDateField, choice, lines, words
from phr.forms.entries.value_sets import value_set

STATUS = value_set("medication-statement-status")


class MedicationForm(EntryForm):
    """FHIR R4 MedicationStatement."""

    kind_name = "A medicine"
    hint = "Prescribed or bought, with how you take it"
    heading = "Add a medicine"
    resource_type = "MedicationStatement"
    constants: ClassVar[Json] = {"subject": PATIENT, "informationSource": PATIENT}
    elements: ClassVar = {
        "medication[x]": ("name",),
        "status": ("status",),
        "dosage": ("dosage",),
        "effective[x]": ("started", "ended"),
        "reasonCode": ("reason",),
        "note": ("note",),
    }

    name = words("What is it called?", required=True, help_text="As on the box, with its strength.")
    status = choice("Do you take it?", STATUS.choices(), required=True)
    dosage = words("How do you take it?", help_text="For example: 1 tablet in the morning.")
    started = PartialDateField(
        label="When did you start?",
        required=False,
        future=True,
        help_text="The year alone is enough.",
    )
    ended = PartialDateField(
        label="When did you stop?",
        required=False,
        future=True,
        help_text="Leave empty if you still take it.",
    )
    reason = words("What is it for?")
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        return filled(
            medicationCodeableConcept=text(told.get("name")),
            status=told.get("status"),
            dosage=listed(told.get("dosage")),
            effectivePeriod=period(told),
            reasonCode=listed(told.get("reason")),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        taken = one(resource.get("effectivePeriod"))
        return {
            "name": said(resource.get("medicationCodeableConcept")),
            "status": STATUS.known(resource.get("status")),
            "dosage": said(first(resource.get("dosage"))),
            "started": string(taken.get("start")),
            "ended": string(taken.get("end")),
            "reason": said(first(resource.get("reasonCode"))),
            "note": said(first(resource.get("note"))),
        }
