"""Several measurements of one kind on one page, a line each."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from django import forms

from phr.forms.entries.entry import EntryForm, Json
from phr.forms.entries.fields import choice, latest_day
from phr.forms.entries.measurement import MEASUREMENTS, BloodPressureForm, MeasurementForm
from phr.forms.entries.moments import ZONES, Timed

LINES: Final = 10
PRESSURE: Final = "blood-pressure"
_PAIR: Final = re.compile(r"\d{1,3}\s*/\s*\d{1,3}", re.ASCII)
_SMALL: Final = {"autocomplete": "off", "class": "nhsuk-input"}


class SeveralForm(forms.Form):
    """Lines of a day, perhaps a time, and a number; empty lines are left out.

    Each line is judged by the form of one measurement; `entries` holds FHIR R4 Observations once
    the form is valid.
    """

    heading = "Add several measurements"

    what = choice(
        "What did you measure?",
        [
            (PRESSURE, "Blood pressure, such as 120/80"),
            *((key, f"{one.name}, in {one.unit}") for key, one in MEASUREMENTS.items()),
        ],
        required=True,
    )
    sure = forms.BooleanField(
        label="Yes, these numbers are right", required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries: list[Json] = []
        self.fields["zone"] = deepcopy(Timed.base_fields["zone"])
        latest = latest_day().isoformat()
        for number in range(1, LINES + 1):
            days = {"type": "date", "min": "1880-01-01", "max": latest, **_SMALL}
            self.fields[f"day_{number}"] = forms.DateField(
                label=f"Line {number}: day", required=False, widget=forms.DateInput(days)
            )
            self.fields[f"time_{number}"] = forms.CharField(
                label=f"Line {number}: time",
                required=False,
                max_length=8,
                widget=forms.TextInput({"type": "time", **_SMALL}),
            )
            self.fields[f"value_{number}"] = forms.CharField(
                label=f"Line {number}: number",
                required=False,
                max_length=20,
                widget=forms.TextInput({"inputmode": "text", **_SMALL}),
            )

    def head(self) -> Iterator[forms.BoundField]:
        """What is asked once."""
        return (self[name] for name in ("what", "sure", "zone"))

    def lines(self) -> Iterator[tuple[int, list[forms.BoundField]]]:
        """The fields of each line."""
        for number in range(1, LINES + 1):
            yield number, [self[f"{name}_{number}"] for name in ("day", "time", "value")]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        filled = [n for n in range(1, LINES + 1) if told.get(f"value_{n}") or told.get(f"day_{n}")]
        if not filled and not self.errors:
            self.add_error("value_1", "Write at least one day and number.")
        for number in filled:
            if told.get("what") and f"day_{number}" not in self.errors:
                self._line(number, told)
        return told

    def _line(self, number: int, told: dict[str, Any]) -> None:
        day, value = told.get(f"day_{number}"), told.get(f"value_{number}")
        if not day or not value:
            name = "value" if day else "day"
            sentence = "write the number too." if day else "choose the day too."
            self.add_error(f"{name}_{number}", f"Line {number}: {sentence}")
            return
        if told["what"] == PRESSURE and not _PAIR.fullmatch(value.strip()):
            self.add_error(f"value_{number}", f"Line {number}: write two numbers, such as 120/80.")
            return
        form = self._form(number, told)
        if form.is_valid():
            self.entries.append(form.resource())
            return
        for name, errors in form.errors.items():
            self._refuse(number, name, " ".join(map(str, errors)))

    def _refuse(self, number: int, name: str, sentence: str) -> None:
        if name in {"sure", "zone"}:
            shown: forms.Widget = (
                forms.CheckboxInput() if name == "sure" else forms.Select(choices=ZONES)
            )
            self.fields[name].widget = shown
            if name not in self.errors:
                asked = "Some numbers are very unusual. If they are right, tick the box."
                self.add_error(name, asked if name == "sure" else sentence)
            return
        place = {"day": "day", "time": "time"}.get(name, "value")
        self.add_error(f"{place}_{number}", f"Line {number}: {sentence}")

    def _form(self, number: int, told: dict[str, Any]) -> EntryForm:
        day, value = told.get(f"day_{number}"), str(told.get(f"value_{number}") or "")
        data = {
            "day_day": day.day if day else "",
            "day_month": day.month if day else "",
            "day_year": day.year if day else "",
            "time": told.get(f"time_{number}"),
            "zone": told.get("zone"),
            "sure": told.get("sure"),
        }
        if told["what"] == PRESSURE:
            upper, _, lower = value.partition("/")
            return BloodPressureForm({**data, "upper": upper.strip(), "lower": lower.strip()})
        return MeasurementForm({**data, "what": told["what"], "value": value.replace(",", ".")})
