"""When something was measured: a day as precise as it is known, and a time of that day."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from phr.forms.entries.entry import EntryForm, Told, string
from phr.forms.entries.fields import PartialDateField

# FHIR R4 dateTime, section 2.24.0.1: with a time there must be an offset.
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):00(Z|[+-]\d\d:\d\d)", re.ASCII)
_WHOLE_DAY = 10
_HOURS = (*range(-12, 15), *(3.5, 4.5, 5.5, 5.75, 6.5, 9.5, 10.5, 12.75, -3.5, -9.5))


def _offset(hours: float) -> str:
    minutes = abs(round(hours * 60))
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


ZONES = [("", "Choose"), *((_offset(h), f"UTC {_offset(h)}") for h in sorted(_HOURS))]


class Timed(EntryForm):
    """A form with a day, perhaps a time, and the offset of the clock it was read from.

    The page's script fills in the offset; without script it is asked for when there is a time.
    """

    day = PartialDateField(label="When did you measure it?")
    time = forms.TimeField(
        label="At what time?",
        required=False,
        widget=forms.TimeInput({"type": "time", "class": "nhsuk-input nhsuk-input--width-5"}),
        help_text="By the clock where you were. Leave empty if it does not matter.",
        error_messages={"invalid": "Write the time as hours and minutes, such as 14:05."},
    )
    zone = forms.RegexField(
        r"\A(Z|[+-](0\d|1[0-4]):[0-5]\d)\Z",
        label="The time zone of that clock",
        required=False,
        widget=forms.HiddenInput({"data-zone": ""}),
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        if not told.get("time") or not told.get("day"):
            return told
        if len(told["day"]) < _WHOLE_DAY:
            self.add_error("time", "A time needs its day and month too.")
        elif not told.get("zone"):
            self.fields["zone"].widget = forms.Select(choices=ZONES)
            self.add_error("zone", "Choose the time zone, so that the time is right.")
        elif datetime.fromisoformat(moment(told)) > timezone.now() + timedelta(minutes=5):
            self.add_error("time", "Choose a time that has been.")
        return told


def moment(told: Told) -> str:
    """A FHIR dateTime of the fields; "" without a day."""
    day, time, zone = (told.get(name) or "" for name in ("day", "time", "zone"))
    if not (time and zone) or len(day) < _WHOLE_DAY:
        return str(day)
    return f"{day}T{time:%H:%M}:00{zone}"


def parted(value: object) -> dict[str, Any]:
    """The fields of a FHIR dateTime; what `moment` could not write comes back as a day."""
    found = _MOMENT.fullmatch(string(value))
    if not found:
        return {"day": string(value), "time": None, "zone": ""}
    day, time, zone = found.groups()
    return {"day": day, "time": datetime.strptime(time, "%H:%M").time(), "zone": zone}  # noqa: DTZ007
