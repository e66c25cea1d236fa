"""What is in which column of a table: one question a column, with a guess already chosen."""

from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.utils.html import escape

from phr.formats.parsed import Columns
from phr.formats.table import matching as parts
from phr.formats.table.compound import SCALES

_READINGS: Final = [
    (parts.WHAT, "What was measured"),
    (parts.VALUE, "The number"),
    (parts.UNIT, "The unit"),
]
_MEASURED: Final = [
    (parts.UPPER, "Blood pressure, the upper number, in mmHg"),
    (parts.LOWER, "Blood pressure, the lower number, in mmHg"),
    (parts.BOTH, "Blood pressure, both numbers, such as 120/80"),
    *((key, f"{one.name}, in {one.unit}") for key, one in parts.MEASUREMENTS.items()),
    *((key, one.name) for key, one in SCALES.items()),
]
CHOICES: Final = [
    ("", "Leave this column out"),
    ("When", [(parts.DATE, "The date, or the date and time"), (parts.TIME, "The time of day")]),
    ("One measurement in each column", _MEASURED),
    ("One measurement in each row", _READINGS),
    ("Something else", [(parts.NOTE, "A note")]),
]
CONTINENTS: Final = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
     "Indian", "Pacific")
)  # fmt: skip
ORDERS: Final = [("dmy", "The day first: it is the 3rd of April"),
                 ("mdy", "The month first: it is March the 4th")]  # fmt: skip

ZONE_HINT: Final = (
    "The table has times of day, but does not say by which clock. Choose the nearest city in your"
    " time zone. If you do not know, leave it: then only the days are kept, and the times as a note."
)


def _zones() -> list[tuple[str, str]]:
    """The time zones of the world by continent and city."""
    cities = sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return [("", "I do not know"), *((name, name.replace("_", " ")) for name in cities)]


class ColumnsForm(forms.Form):
    """Answers to `Columns`; `options` is what the box wants to know."""

    unmarked = True

    def __init__(self, columns: Columns, data: Any = None) -> None:
        super().__init__(data)
        self.columns = columns
        for at, name in enumerate(columns.names):
            self.fields[f"column{at}"] = forms.ChoiceField(
                label=name,
                choices=CHOICES,
                required=False,
                initial=columns.guess.get(str(at), ""),
                help_text=self._shown(at),
            )
        if "either" in columns.guess.values():
            self.fields["order"] = forms.ChoiceField(
                label="How is a day written in this table? 3/4/2024 could be two days.",
                choices=ORDERS,
                widget=forms.RadioSelect,
                required=False,
            )
        if "zone" in columns.guess:
            self.fields["zone"] = forms.ChoiceField(
                label="Where were you when you measured?",
                help_text=ZONE_HINT,
                choices=_zones,
                widget=forms.Select({"data-zone-name": ""}),
                required=False,
            )

    def _shown(self, at: int) -> str:
        """The first few cells of a column."""
        cells = [row[at] for row in self.columns.samples if at < len(row) and row[at]]
        # Hints are shown as HTML; these words are a stranger's.
        return escape("For example: " + ", ".join(cells[:3]) if cells else "Empty at first")

    def options(self) -> dict[str, str]:
        """The answers, as `phr.formats.table.matching` describes them."""
        told = self.cleaned_data
        count = len(self.columns.names)
        found = {str(at): told[f"column{at}"] for at in range(count) if told.get(f"column{at}")}
        day = next((at for at, part in found.items() if part == parts.DATE), "")
        order = self.columns.guess.get(f"order{day}", "")
        if order == "either":
            order = told.get("order") or ""
        kept = {name: self.columns.guess.get(name, "") for name in ("point", "head")}
        return found | kept | {"order": order, "zone": told.get("zone") or ""}

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        options = self.options()
        if wrong := parts.problem(options):
            raise forms.ValidationError(wrong)
        day = next(at for at, part in options.items() if part == parts.DATE)
        if self.columns.guess.get(f"order{day}") == "either" and not options["order"]:
            self.add_error("order", "Say whether the day or the month is written first.")
        return told
