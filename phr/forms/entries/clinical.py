"""Conditions, procedures and vaccinations, written down by hand."""

from typing import Any, ClassVar

from phr.display.words import one
from phr.forms.entries.entry import (
    PATIENT,
    EntryForm,
    Json,
    Told,
    display,
    filled,
    first,
    listed,
    said,
    string,
    text,
)
from phr.forms.entries.fields import PartialDateField, Suggesting, choice, lines, words
from phr.forms.entries.value_sets import value_set

CLINICAL = value_set("condition-clinical")
VACCINES = value_set("vaccines")
ACTIVE = ("active", "recurrence")


class ConditionForm(EntryForm):
    """FHIR R4 Condition."""

    kind_name = "A health condition"
    hint = "An illness, an injury or a problem, now or in the past"
    heading = "Add a health condition"
    resource_type = "Condition"
    constants: ClassVar[Json] = {"subject": PATIENT, "asserter": PATIENT}
    elements: ClassVar = {
        "code": ("name",),
        "clinicalStatus": ("status",),
        "onset[x]": ("started",),
        "abatement[x]": ("ended",),
        "note": ("note",),
    }
    chosen = frozenset({"clinicalStatus"})

    name = words("What is it called?", required=True)
    status = choice("How is it now?", CLINICAL.choices(), required=True)
    started = PartialDateField(
        label="When did it start?", required=False, help_text="The year alone is enough."
    )
    ended = PartialDateField(
        label="When did it end?", required=False, help_text="Leave empty if it goes on."
    )
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        return filled(
            code=text(told.get("name")),
            clinicalStatus=told.get("status") and CLINICAL.concept(told["status"]),
            onsetDateTime=told.get("started"),
            abatementDateTime=told.get("ended"),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        return {
            "name": said(resource.get("code")),
            "status": CLINICAL.code_in(resource.get("clinicalStatus")),
            "started": string(resource.get("onsetDateTime")),
            "ended": string(resource.get("abatementDateTime")),
            "note": said(first(resource.get("note"))),
        }

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        if told.get("ended") and told.get("status") in ACTIVE:  # FHIR R4 Condition, con-4
            self.add_error("status", "You wrote when it ended. Choose how it is since then.")
        return told


class ProcedureForm(EntryForm):
    """FHIR R4 Procedure."""

    kind_name = "An operation or a treatment"
    hint = "Something that was done, such as an operation or physiotherapy"
    heading = "Add an operation or a treatment"
    resource_type = "Procedure"
    constants: ClassVar[Json] = {"status": "completed", "subject": PATIENT, "asserter": PATIENT}
    elements: ClassVar = {
        "code": ("name",),
        "performed[x]": ("day",),
        "reasonCode": ("reason",),
        "performer": ("who",),
        "location": ("place",),
        "note": ("note",),
    }

    name = words("What was done?", required=True)
    day = PartialDateField(
        label="When was it done?", required=False, help_text="The year alone is enough."
    )
    reason = words("Why was it done?")
    who = words("Who did it?")
    place = words("Where was it done?")
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        who = told.get("who")
        return filled(
            code=text(told.get("name")),
            performedDateTime=told.get("day"),
            reasonCode=listed(told.get("reason")),
            performer=[{"actor": display(who)}] if who else [],
            location=display(told.get("place")),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        return {
            "name": said(resource.get("code")),
            "day": string(resource.get("performedDateTime")),
            "reason": said(first(resource.get("reasonCode"))),
            "who": string(one(first(resource.get("performer")).get("actor")).get("display")),
            "place": string(one(resource.get("location")).get("display")),
            "note": said(first(resource.get("note"))),
        }


class ImmunizationForm(EntryForm):
    """FHIR R4 Immunization."""

    kind_name = "A vaccination"
    hint = "From your vaccination card, one at a time"
    heading = "Add a vaccination"
    resource_type = "Immunization"
    constants: ClassVar[Json] = {"status": "completed", "patient": PATIENT, "primarySource": False}
    elements: ClassVar = {
        "vaccineCode": ("name",),
        "occurrence[x]": ("day",),
        "lotNumber": ("batch",),
        "location": ("place",),
        "note": ("note",),
    }

    name = words(
        "Against what, or which vaccine?",
        required=True,
        widget=Suggesting(tuple(VACCINES.codes.values())),
        help_text="Choose one of the list, or write what is on your card.",
    )
    day = PartialDateField(label="When was it given?", help_text="The year alone is enough.")
    batch = words("Batch number", most=100, help_text="On the sticker in your card.")
    place = words("Where was it given?")
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        name = told.get("name")
        return filled(
            vaccineCode=VACCINES.named(name) if name else {},
            occurrenceDateTime=told.get("day"),
            lotNumber=told.get("batch"),
            location=display(told.get("place")),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        return {
            "name": said(resource.get("vaccineCode")),
            "day": string(resource.get("occurrenceDateTime")),
            "batch": string(resource.get("lotNumber")),
            "place": string(one(resource.get("location")).get("display")),
            "note": said(first(resource.get("note"))),
        }
