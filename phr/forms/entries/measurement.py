"""Something measured at home, written down by hand: a number in a unit, or a blood pressure."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from phr.display.words import each, one
from phr.formats.measurements import (
    CATEGORY,
    DIASTOLIC,
    LOINC,
    POSSIBLE_PRESSURE,
    PRESSURE,
    SYSTOLIC,
    UCUM,
    measurements,
)
from phr.formats.resource import decimal
from phr.forms.entries.entry import (
    PATIENT,
    Json,
    Told,
    filled,
    first,
    listed,
    said,
    string,
)
from phr.forms.entries.fields import CommaField, choice, lines
from phr.forms.entries.moments import Timed, moment, parted

MEASUREMENTS = measurements()
PANEL = "Blood pressure panel with all children optional"
MM_HG = ("mmHg", "mm[Hg]")
USUAL = {"upper": (70, 220), "lower": (35, 130)}


class Measured(Timed):
    """FHIR R4 Observation. A wild number is asked about; an impossible one is refused."""

    resource_type = "Observation"
    constants: ClassVar[Json] = {"status": "final", "subject": PATIENT, "performer": [PATIENT]}

    sure = forms.BooleanField(
        label="Yes, this number is right", required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Which day it is only the clock of who measures can tell: the page's script fills it in.
        if not self.is_bound and not self.initial.get("day") and "day" in self.fields:
            self.fields["day"].widget.attrs["data-today"] = ""

    def ask_if_sure(self, sentence: str) -> None:
        """Ask once more, with a box to tick."""
        self.fields["sure"].widget = forms.CheckboxInput()
        if not self.cleaned_data.get("sure"):
            self.add_error("sure", sentence)


class MeasurementForm(Measured):
    """One number in one unit."""

    kind_name = "A measurement"
    hint = "Weight, height, temperature, pulse, blood sugar and others"
    heading = "Add a measurement"
    elements: ClassVar = {
        "code": ("what",),
        "category": ("what",),
        "value[x]": ("what", "value"),
        "effective[x]": ("day", "time", "zone"),
        "note": ("note",),
    }
    whole = True
    field_order = ("what", "value", "sure", "day", "time", "zone", "note")

    what = choice(
        "What did you measure?",
        [(key, f"{one.name}, in {one.unit}") for key, one in MEASUREMENTS.items()],
        required=True,
    )
    value = CommaField(
        label="The number",
        max_digits=9,
        decimal_places=4,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"invalid": "Write the number with digits, such as 72.5."},
    )
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        found, value = MEASUREMENTS.get(told.get("what") or ""), told.get("value")
        if found is None:
            return {}
        coding = {"system": LOINC, "code": found.code, "display": found.display}
        return filled(
            code={"coding": [coding], "text": found.name},
            category=_category(found.category),
            valueQuantity=_quantity(value, found.unit, found.ucum) if value is not None else {},
            effectiveDateTime=moment(told),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        quantity = one(resource.get("valueQuantity"))
        code = _loinc(resource.get("code"))
        known = (
            key
            for key, found in MEASUREMENTS.items()
            if (found.code, found.ucum) == (code, quantity.get("code"))
        )
        return {
            "what": next(known, ""),
            "value": _number(quantity.get("value")),
            **parted(resource.get("effectiveDateTime")),
            "note": said(first(resource.get("note"))),
        }

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        found, value = MEASUREMENTS.get(told.get("what") or ""), told.get("value")
        if found is None or value is None:
            return told
        if not found.possible[0] <= value <= found.possible[1]:
            low, high = found.possible
            self.add_error("value", f"Write a number from {low:g} to {high:g} {found.unit}.")
        elif not found.usual[0] <= value <= found.usual[1]:
            self.ask_if_sure("This number is very unusual. If it is right, tick the box.")
        return told


class BloodPressureForm(Measured):
    """Two numbers, in mmHg (FHIR R4 vital signs, Blood Pressure Panel)."""

    kind_name = "A blood pressure"
    hint = "The upper and the lower number"
    heading = "Add a blood pressure"
    constants: ClassVar[Json] = {
        **Measured.constants,
        "code": {
            "coding": [{"system": LOINC, "code": PRESSURE, "display": PANEL}],
            "text": "Blood pressure",
        },
        "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}],
    }
    elements: ClassVar = {
        "component": ("upper", "lower"),
        "effective[x]": ("day", "time", "zone"),
        "note": ("note",),
    }
    whole = True
    field_order = ("upper", "lower", "sure", "day", "time", "zone", "note")

    upper = forms.IntegerField(label="The upper number, in mmHg")
    lower = forms.IntegerField(label="The lower number, in mmHg")
    note = lines()

    @classmethod
    def build(cls, told: Told) -> Json:
        parts = ((SYSTOLIC, "Systolic", "upper"), (DIASTOLIC, "Diastolic", "lower"))
        return filled(
            component=[
                _component(code, f"{name} blood pressure", told[field])
                for code, name, field in parts
                if told.get(field) is not None
            ],
            effectiveDateTime=moment(told),
            note=listed(told.get("note")),
        )

    @classmethod
    def read(cls, resource: Json) -> dict[str, Any]:
        found = {
            _loinc(part.get("code")): _number(one(part.get("valueQuantity")).get("value"))
            for part in each(resource.get("component"))
        }
        return {
            "upper": found.get(SYSTOLIC),
            "lower": found.get(DIASTOLIC),
            **parted(resource.get("effectiveDateTime")),
            "note": said(first(resource.get("note"))),
        }

    @classmethod
    def can_correct(cls, resource: Json) -> bool:
        return _loinc(resource.get("code")) == PRESSURE and super().can_correct(resource)

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        for name, (low, high) in POSSIBLE_PRESSURE.items():
            if (value := told.get(name)) is not None and not low <= value <= high:
                self.add_error(name, f"The {name} number: write one from {low} to {high}.")
        upper, lower = self.cleaned_data.get("upper"), self.cleaned_data.get("lower")
        if upper is None or lower is None:
            return told
        if lower >= upper:
            self.add_error("lower", "The lower number must be smaller than the upper one.")
        elif any(not low <= told[name] <= high for name, (low, high) in USUAL.items()):
            self.ask_if_sure("These numbers are very unusual. If they are right, tick the box.")
        return told


def _quantity(value: Decimal | int, unit: str, ucum: str) -> Json:
    written = decimal(f"{value:f}")
    return {"value": written, "unit": unit, "system": UCUM, "code": ucum}


def _component(code: str, name: str, value: int) -> Json:
    coding = {"system": LOINC, "code": code, "display": name}
    return {"code": {"coding": [coding], "text": name}, "valueQuantity": _quantity(value, *MM_HG)}


def _category(code: str) -> list[Json]:
    return [{"coding": [{"system": CATEGORY, "code": code}]}]


def _loinc(concept: object) -> str:
    codings = each(one(concept).get("coding"))
    return next((string(c.get("code")) for c in codings if c.get("system") == LOINC), "")


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(str(value))
