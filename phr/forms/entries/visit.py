"""A visit to a doctor or a stay in hospital, written down by hand."""

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
    period,
    said,
    string,
)
from phr.forms.entries.fields import PartialDateField, choice, words
from phr.forms.entries.value_sets import value_set

CLASS = value_set("visit-class")
STATUS = value_set("encounter-status")


class VisitForm(EntryForm):
    """FHIR R4 Encounter."""

    kind_name = "A visit"
    hint = "To a doctor, a clinic or a hospital"
    heading = "Add a visit"
    resource_type = "Encounter"
    constants: ClassVar[Json] = {"subject": PATIENT}
    elements: ClassVar = {
        "class": ("where",),
        "status": ("status",),
        "type": ("name",),
        "period": ("started", "ended"),
        "participant": ("who",),
        "serviceProvider": ("place",),
        "reasonCode": ("reason",),
    }
    chosen = frozenset({"class"})

    name = words("What kind of visit was it?", help_text="For example: check-up.")
    where = choice("How did you meet?", CLASS.choices(), required=True)
    status = choice("Did it take place?", STATUS.choices(), required=True)
    started = PartialDateField(label="When was it, or when did it begin?", future=True)
    ended = PartialDateField(
        label="When did it end?",
        required=False,
        future=True,
        help_text="Only if it took more than a day.",
    )
    who = words("Whom did you see?")
    place = words("Which practice or hospital?")
    reason = words("Why did you go?")

    @classmethod
    def build(cls, told: Told) -> Json:
        who, where = told.get("who"), told.get("where")
        return filled(
            class_={"system": CLASS.system, "code": where} if where else {},
            status=told.get("status"),
            type=listed(told.get("name")),
            period=period(told),
            participant=[{"individual": display(who)}] if who else [],
            serviceProvider=display(told.get("place")),
            reasonCode=listed(told.get("reason")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        took = one(resource.get("period"))
        seen = one(first(resource.get("participant")).get("individual"))
        return {
            "name": said(first(resource.get("type"))),
            "where": CLASS.code_in({"coding": [one(resource.get("class"))]}),
            "status": STATUS.known(resource.get("status")),
            "started": string(took.get("start")),
            "ended": string(took.get("end")),
            "who": string(seen.get("display")),
            "place": string(one(resource.get("serviceProvider")).get("display")),
            "reason": said(first(resource.get("reasonCode"))),
        }
