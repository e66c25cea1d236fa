"""What people write to the rights desk, and the desk to them."""

from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates

from rights.grounds import GROUNDS
from rights.regimes import Jurisdiction, Right
from rights.services.desk import DECISIONS

MOST_CHARACTERS = 5000


class RightForm(forms.Form):
    right = forms.ChoiceField(
        label="What do you want?",
        error_messages={"required": "Choose what you want."},
        choices=[(right.value, right.label) for right in Right],
        widget=forms.RadioSelect,
    )


class JurisdictionForm(forms.Form):
    jurisdiction = forms.ChoiceField(
        label="Where do you live?",
        error_messages={"required": "Choose where you live."},
        help_text="We ask because each place has its own law about how fast we must answer. "
        "Everybody is answered, wherever they live.",
        choices=[(place.value, place.label) for place in Jurisdiction],
        widget=forms.RadioSelect,
    )


class WordsForm(forms.Form):
    words = forms.CharField(
        label="In your own words",
        error_messages={"required": "Write what it is about."},
        help_text="What is it about, and what should happen? You need not give a reason. "
        "Our staff read this, so leave out what they do not need to know. "
        "Do not send a picture or number of an identity document.",
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


# One thing a page, in this order.
PAGES: tuple[type[forms.Form], ...] = (RightForm, JurisdictionForm, WordsForm)


def page_of(given: Any, *, change: str = "") -> forms.Form | None:
    """The first page whose question is not answered well, or the one to change; None when all are.

    A question that was not asked yet is shown without an error.
    """
    for form_class in PAGES:
        name = next(iter(form_class.base_fields))
        if change == name:
            return form_class(initial={name: given.get(name, "")})
        form = form_class(given)
        if not form.is_valid():
            return form if name in given or given.get("asked") == name else form_class()
    return None


def answers(given: Any) -> dict[str, str]:
    """Every answer given so far that makes sense, by the name of its question."""
    found: dict[str, str] = {}
    for form_class in PAGES:
        form = form_class(given)
        if form.is_valid():
            found |= form.cleaned_data
    return found


class MessageForm(forms.Form):
    text = forms.CharField(
        label="Your message",
        error_messages={"required": "Write your message."},
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class DeskForm(forms.Form):
    """What a member of staff does to a request: one act, with words where the act needs them."""

    QUESTION = (("identity", "Who is it?"), ("clarification", "What exactly is wanted?"))
    default_renderer = DjangoTemplates()
    LABELS = {
        "acknowledge": "Confirm that we have it",
        "ask": "Ask the person something (may stop the clock)",
        "close": "Close it: nothing more is to be done",
        "confirm": "Stand by the refusal that a colleague proposed, and tell it",
        "extend": "Take more time, with reasons",
        "grant": "Say yes",
        "lift": "End the restriction",
        "propose": "Propose to say no, wholly or in part",
        "resume": "Go on: the answer came in another way",
        "send back": "Take the proposal back",
        "write": "Write to the person",
    }
    WORDLESS = frozenset({"acknowledge", "resume", "confirm", "send back", "close"})

    act = forms.ChoiceField(label="What to do", widget=forms.RadioSelect)
    text = forms.CharField(
        label="Your words to the person",
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    about = forms.ChoiceField(
        label="Ask about (only when you ask)", choices=QUESTION, required=False
    )
    decision = forms.ChoiceField(
        label="Propose (only when you say no)",
        choices=[("", "-"), *((one, one) for one in DECISIONS if one != "granted")],
        required=False,
    )
    ground = forms.ChoiceField(label="Ground (only when you say no)", required=False)

    def __init__(self, *args: Any, acts: list[str], right: Right, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [one for one in GROUNDS.values() if one.fits(right)]
        self.fields["act"].choices = [(act, self.LABELS[act]) for act in acts]  # type: ignore[attr-defined]
        self.fields["ground"].choices = [("", "-"), *((one.code, one.text) for one in fitting)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Words wherever the person is told something."""
        chosen = self.cleaned_data
        act = chosen.get("act")
        if act and act not in self.WORDLESS and not chosen.get("text"):
            self.add_error("text", "Write to the person what you do and why.")
        if act == "propose" and not chosen.get("ground"):
            self.add_error("ground", "Choose a ground.")
        if act == "propose" and not chosen.get("decision"):
            self.add_error("decision", "Choose what to propose.")
        return chosen


class IntakeForm(forms.Form):
    """A request that came by e-mail or letter, as staff write it down."""

    default_renderer = DjangoTemplates()
    email = forms.EmailField(label="Address the person signs in with")
    right = forms.ChoiceField(
        label="What is asked", choices=[(right.value, right.label) for right in Right]
    )
    jurisdiction = forms.ChoiceField(
        label="Where the person lives",
        choices=[(place.value, place.label) for place in Jurisdiction],
        initial=Jurisdiction.ELSEWHERE.value,
    )
    received_on = forms.DateField(
        label="Day it came", widget=forms.DateInput(attrs={"type": "date"})
    )
    words = forms.CharField(
        label="What the person wrote",
        help_text="Leave out numbers and pictures of identity documents, and destroy any that came.",
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
