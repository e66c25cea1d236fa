"""Every form says in words of its own what is missing."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from django import forms

import accounts.forms
import phr.forms
import rights.forms
import sharing.forms
from accounts.models import User
from phr.formats.parsed import Columns
from phr.unanswered import VAGUE, unanswered

PACKAGES = (phr.forms, sharing.forms, rights.forms)
# What forms are given that cannot do without.
GIVEN: dict[str, dict[str, Any]] = {
    "ClaimForm": {"email": "a@example.org"},
    "ColumnsForm": {"columns": Columns(("Day", "Name"), (), {})},
    "DeleteForm": {"user": User()},
    "EnterForm": {"passcode": True},
    "GlassForm": {"facilities": []},
    "PasswordForm": {"user": User()},
    "ShiftForm": {"people": []},
}


def modules() -> Iterator[Any]:
    yield accounts.forms
    for package in PACKAGES:
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            yield import_module(found.name)


def every() -> list[type[forms.Form]]:
    """Those of patients and professionals: the staff desk speaks as Django does."""
    found = {
        one
        for module in modules()
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, forms.Form)
        and one.__module__ == module.__name__
        and one.default_renderer is None
    }
    return sorted(found, key=lambda one: f"{one.__module__}.{one.__name__}")


@pytest.mark.parametrize("kind", every(), ids=lambda kind: kind.__name__)
def test_no_form_says_only_that_a_field_is_required(kind: type[forms.Form]) -> None:
    form = kind(data={}, **GIVEN.get(kind.__name__, {}))
    for name, field in form.fields.items():
        said = str(form[name].field.error_messages.get("required", ""))
        assert not field.required or not said.startswith("This field"), name


def test_all_of_them_are_looked_at() -> None:
    assert len(every()) > 50


@pytest.mark.parametrize(
    ("label", "widget", "said"),
    [
        ("Your full name", forms.TextInput(), "Enter your full name."),
        ("Passcode", forms.TextInput(), "Enter the passcode."),
        ("New Password (again)", forms.PasswordInput(), "Enter the new password (again)."),
        ("The number, in mmHg", forms.TextInput(), "Enter the number, in mmHg."),
        ("NHS number", forms.TextInput(), "Enter the NHS number."),
        ("The time zone of that clock", forms.Select(), "Choose the time zone of that clock."),
        ("What is it called?", forms.TextInput(), "Enter an answer."),
        ("What may they do?", forms.RadioSelect(), "Choose an answer."),
        ("What is in it?", forms.CheckboxSelectMultiple(), "Choose at least one answer."),
        ("From", forms.DateTimeInput(), "Enter a date and a time."),
        ("Last day", forms.DateInput(), "Enter a date."),
        ("The signed document", forms.FileInput(), "Choose a file."),
        ("I agree to this", forms.CheckboxInput(), "Tick this box to go on."),
    ],
)
def test_what_is_said(label: str, widget: forms.Widget, said: str) -> None:
    assert unanswered(label, widget) == said
    assert said in VAGUE or label.lower()[1:] in said.lower()


def test_it_is_said_on_the_page_and_in_the_summary() -> None:
    class Form(forms.Form):
        name = forms.CharField(label="Your name")
        called = forms.CharField(label="What is it called?")
        own = forms.CharField(error_messages={"required": "Say it."})

    form = Form({})
    assert form.errors == {
        "name": ["Enter your name."], "called": ["Enter an answer."], "own": ["Say it."],
    }  # fmt: skip
    assert form["called"].summed_up == ["What is it called? Enter an answer."]  # type: ignore[attr-defined]
    assert Form.base_fields["name"].error_messages["required"] == "This field is required."
