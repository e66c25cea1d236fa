"""What a form says where something is needed and nothing was given, unless the field says it itself."""

from django.forms import CheckboxInput, DateInput, DateTimeInput, FileInput, Widget
from django.forms.widgets import CheckboxSelectMultiple, ChoiceWidget, MultiWidget, SelectMultiple

TICK, FILE = "Tick this box to go on.", "Choose a file."
DAY, MOMENT = "Enter a date.", "Enter a date and a time."
ENTER, CHOOSE, SOME = "Enter an answer.", "Choose an answer.", "Choose at least one answer."
# Sentences that do not say of which field they speak.
VAGUE = (TICK, FILE, DAY, MOMENT, ENTER, CHOOSE, SOME)
KINDS: tuple[tuple[type[Widget] | tuple[type[Widget], ...], str], ...] = (
    (CheckboxInput, TICK),
    (FileInput, FILE),
    (DateTimeInput, MOMENT),
    ((DateInput, MultiWidget), DAY),
    ((SelectMultiple, CheckboxSelectMultiple), SOME),
)
OWNED = frozenset(("a", "an", "its", "the", "their", "this", "your"))
# How labels begin that name nothing.
ASKING = frozenset((
    "add", "choose", "from", "how", "i", "in", "until", "what", "when", "where", "which", "who", "why",
))  # fmt: skip


def unanswered(label: str, widget: Widget) -> str:
    """One sentence that says what to do: of what the label names, or of the kind of field."""
    kind = next((said for kinds, said in KINDS if isinstance(widget, kinds)), "")
    if kind:
        return kind
    choosing = isinstance(widget, ChoiceWidget)
    if not (named := _named(label)):
        return CHOOSE if choosing else ENTER
    return f"{'Choose' if choosing else 'Enter'} {named}."


def _named(label: str) -> str:
    """The thing that a label names, within a sentence; "" where it asks or tells instead."""
    first = label.partition(" ")[0].rstrip(",:").lower()
    if not first or label.endswith(("?", ".")) or first in ASKING:
        return ""
    # An abbreviation keeps its capitals, and a unit.
    thing = " ".join(word.lower() if word.istitle() else word for word in label.split(" "))
    return thing if first in OWNED else f"the {thing}"
