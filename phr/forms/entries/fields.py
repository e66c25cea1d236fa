"""Fields of entries: dates as precise as somebody knows them, and words with suggestions."""

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

EARLIEST = 1880
_DECIMAL_COMMA = re.compile(r"(?![1-9]\d{0,2},\d{3}$)[+-]?\d+,\d+")
PARTS = ("Day", "Month", "Year")
_MONTHS = {
    name.casefold(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
}


def latest_day() -> date:
    """Today where the clock is furthest ahead, at UTC+14: nobody's day is later."""
    return (timezone.now() + timedelta(hours=14)).date()


class DateParts(forms.MultiWidget):
    """Three boxes for day, month and year."""

    template_name = "components/date_parts.html"
    use_fieldset = True

    def __init__(self) -> None:
        numeric = {"inputmode": "numeric", "autocomplete": "off"}
        super().__init__(
            {
                name: forms.TextInput(
                    {**numeric, "class": f"nhsuk-input nhsuk-input--width-{width}"}
                )
                for name, width in zip(("day", "month", "year"), (2, 4, 4), strict=True)
            }
        )

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        # Each box has the class of its own width, not that of the whole.
        own = {key: one for key, one in (attrs or {}).items() if key != "class"}
        context = super().get_context(name, value, own)
        for part, label in zip(context["widget"]["subwidgets"], PARTS, strict=True):
            part["label"] = label
        return context

    def decompress(self, value: str | None) -> list[str]:
        year, month, day = [*(value or "").split("-"), "", ""][:3]
        return [day.lstrip("0"), month.lstrip("0"), year]


class PartialDateField(forms.Field):
    """A FHIR dateTime of a day, a month or a year (FHIR R4 Datatypes, section 2.24.0.1)."""

    widget = DateParts

    def __init__(self, *, future: bool = False, **kwargs: Any) -> None:
        self.future = future
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        day, month, year = (str(part or "").strip() for part in value or ("", "", ""))
        if not (day or month or year):
            return ""
        found = self._date(day, _MONTHS.get(month.casefold(), month), year)
        if not self.future and found > latest_day().isoformat()[: len(found)]:
            raise forms.ValidationError(f"{self.label}: choose today or a day before.")
        return found

    def _date(self, day: str, month: object, year: str) -> str:
        if not year:
            raise forms.ValidationError(f"{self.label}: write the year too.")
        if day and not month:
            raise forms.ValidationError(f"{self.label}: a day needs its month too.")
        try:
            found = date(int(year), int(str(month or 1)), int(day or 1))
        except ValueError:
            raise forms.ValidationError(
                f"{self.label}: write a real date, such as 27 3 2007, or only the year."
            ) from None
        if not EARLIEST <= found.year <= timezone.now().year + 100:
            raise forms.ValidationError(f"{self.label}: write the year with four digits.")
        return found.isoformat()[: 10 if day else 7 if month else 4]

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != (initial or "")
        except forms.ValidationError:
            return True


class Suggesting(forms.TextInput):
    """A text box that suggests words; anything else may be typed."""

    template_name = "components/suggesting.html"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        super().__init__({"autocomplete": "off"})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        listed = f"{context['widget']['attrs'].get('id', name)}_words"
        context["widget"]["attrs"]["list"] = listed
        return {**context, "listed": listed, "words": self.words}


def words(label: str, *, most: int = 200, required: bool = False, **kwargs: Any) -> forms.CharField:
    """A line of words."""
    return forms.CharField(label=label, max_length=most, required=required, **kwargs)


def lines(label: str = "Anything else?", *, most: int = 5000, **kwargs: Any) -> forms.CharField:
    """Several lines of words."""
    area = forms.Textarea({"rows": 4})
    return forms.CharField(label=label, max_length=most, required=False, widget=area, **kwargs)


def choice(label: str, choices: Any, *, required: bool = False, **kwargs: Any) -> forms.ChoiceField:
    """One of a few choices."""
    return forms.ChoiceField(label=label, choices=choices, required=required, **kwargs)


class CommaField(forms.DecimalField):
    """A number, also with a decimal comma; 1,250 may be a thousand, so it is no number."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()):
            value = value.replace(",", ".")
        return super().to_python(value)
