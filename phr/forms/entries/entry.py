"""What all entries share: from a form to a FHIR R4 resource, and back to correct it."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from django import forms

from phr.display.words import each, one
from phr.elements import element

Json = dict[str, Any]
Told = Mapping[str, Any]
# Her name and number are not needed in each item: it stands in her record.
PATIENT = {"type": "Patient", "display": "Patient"}


class EntryForm(forms.Form):
    """A form for one kind of thing.

    `elements` are the FHIR elements it writes and the fields each is made of; `chosen` those of them
    that are a choice, and may be replaced even when they came with other words. What is `whole` can
    only be corrected when every element is as this form would have written it.
    """

    kind_name: ClassVar[str]
    hint: ClassVar[str] = ""
    heading: ClassVar[str]
    resource_type: ClassVar[str]
    constants: ClassVar[Json] = {}
    elements: ClassVar[dict[str, tuple[str, ...]]]
    chosen: ClassVar[frozenset[str]] = frozenset()
    whole: ClassVar[bool] = False
    left_out: frozenset[str] = frozenset()

    @classmethod
    def build(cls, told: Told) -> Json:
        """The elements that these cleaned values make."""
        raise NotImplementedError

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        """The values, as cleaned, that `build` would make these elements of."""
        raise NotImplementedError

    @classmethod
    def can_correct(cls, resource: Json) -> bool:
        if resource.get("resourceType") != cls.resource_type:
            return False
        kept = cls.kept(resource)
        every = {name for fields in cls.elements.values() for name in fields}
        return not kept if cls.whole else kept < every

    @classmethod
    def kept(cls, resource: Json) -> frozenset[str]:
        """The fields whose elements hold more than this form could write: they stay as they are."""
        told = cls.read(resource)
        built: Json = orjson.loads(orjson.dumps(cls.build(told)))
        found: set[str] = set()
        for name, fields in cls.elements.items():
            have = element(resource, name)
            replaceable = name in cls.chosen and any(told.get(field) for field in fields)
            if have and not replaceable and have != element(built, name):
                found.update(fields)
        return frozenset(found)

    def clean(self) -> dict[str, Any]:
        """Nothing ends before it began. Dates compare as far as both are known."""
        told = super().clean() or self.cleaned_data
        started, ended = told.get("started"), told.get("ended")
        if started and ended and ended[: len(started)] < started[: len(ended)]:
            self.add_error("ended", "The end is before the start. Check both dates.")
        return told

    def resource(self) -> Json:
        """A new FHIR R4 resource of what was typed."""
        head = {"resourceType": self.resource_type}
        return {**head, **self.constants, **self.build(self.cleaned_data)}

    def changes(self) -> dict[str, Json]:
        """The elements that are not as they were, each as it is to be."""
        changed = set(self.changed_data)
        built = self.build(self.cleaned_data)
        return {
            name: element(built, name)
            for name, fields in self.elements.items()
            if changed.intersection(fields)
        }


def filled(**elements: Any) -> Json:
    """Elements without those that hold nothing; FHIR knows no empty ones. `class_` is `class`."""
    return {name.rstrip("_"): value for name, value in elements.items() if value}


def period(told: Told) -> Json:
    """A FHIR Period of the fields `started` and `ended`."""
    return filled(start=told.get("started"), end=told.get("ended"))


def text(value: object) -> Json:
    """A CodeableConcept of words."""
    return {"text": value} if value else {}


def listed(value: object) -> list[Json]:
    """One CodeableConcept or Annotation of words, in a list."""
    return [text(value)] if value else []


def display(value: object) -> Json:
    """A Reference that only says who."""
    return {"display": value} if value else {}


def said(concept: object) -> str:
    """The words of a CodeableConcept or of an Annotation, as they were typed."""
    found = one(concept).get("text")
    return found if isinstance(found, str) else ""


def first(value: object) -> Json:
    """The first of a list of objects, empty when there is none."""
    return next(iter(each(value)), {})


def string(value: object) -> str:
    """A string member, "" when it is none."""
    return value if isinstance(value, str) else ""
