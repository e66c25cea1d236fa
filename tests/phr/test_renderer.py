"""What Django's forms look like: every control has its label, its hint and its error."""

from django import forms

from phr.renderer import PortalRenderer

CHOICES = [("a", "Allergies"), ("b", "Test results")]


class Everything(forms.Form):
    default_renderer = PortalRenderer()

    name = forms.CharField(
        label="Your name",
        help_text="As on your card",
        widget=forms.TextInput(attrs={"placeholder": "Ann"}),
    )
    email = forms.EmailField(required=False)
    secret = forms.CharField(widget=forms.PasswordInput)
    kinds = forms.MultipleChoiceField(choices=CHOICES, widget=forms.CheckboxSelectMultiple)
    mode = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect)
    until = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(widget=forms.Textarea)
    file = forms.FileField()
    agreed = forms.BooleanField()
    token = forms.CharField(widget=forms.HiddenInput)


class Unmarked(forms.Form):
    default_renderer = PortalRenderer()
    unmarked = True

    text = forms.CharField(required=False)


def shown(name: str, *, data: dict[str, str] | None = None) -> str:
    return Everything(data)[name].as_field_group()


def test_a_text_field_is_tied_to_its_label_and_hint() -> None:
    html = shown("name")
    assert '<label class="nhsuk-label" for="id_name">Your name</label>' in html
    assert 'id="id_name_helptext">As on your card</div>' in html
    assert 'aria-describedby="id_name_helptext"' in html
    assert 'class="nhsuk-input"' in html


def test_words_in_the_box_are_left_out() -> None:
    assert "placeholder" not in shown("name")


def test_an_error_is_tied_to_its_field() -> None:
    html = shown("name", data={"name": ""})
    assert "nhsuk-form-group--error" in html
    assert 'class="nhsuk-input nhsuk-input--error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_only_what_may_be_left_out_is_marked() -> None:
    assert "(optional)" in shown("email")
    assert "(optional)" not in shown("name")
    assert "(optional)" not in Unmarked()["text"].as_field_group()


def test_choices_stand_in_a_fieldset_with_a_legend() -> None:
    for name, block in (("kinds", "checkboxes"), ("mode", "radios")):
        html = shown(name)
        assert "<fieldset" in html
        assert "<legend" in html
        assert html.count(f'class="nhsuk-{block}__input"') == len(CHOICES)


def test_a_single_checkbox_has_its_label_beside_it() -> None:
    html = shown("agreed")
    assert 'class="nhsuk-checkboxes__input"' in html
    assert 'for="id_agreed">Agreed</label>' in html


def test_a_password_can_be_shown() -> None:
    assert 'data-show-password="id_secret"' in shown("secret")


def test_other_controls_have_their_class() -> None:
    assert 'class="nhsuk-textarea"' in shown("note")
    assert 'class="nhsuk-file-upload"' in shown("file")
    assert 'class="nhsuk-input nhsuk-input--width-10"' in shown("until")


def test_the_summary_can_lead_to_the_first_control_of_a_choice() -> None:
    form = Everything({})
    assert [form["name"].first_id, form["kinds"].first_id] == ["id_name", "id_kinds_0"]  # type: ignore[attr-defined]


def test_the_summary_names_the_field_where_the_error_alone_does_not() -> None:
    form = Everything({"email": "no address"})
    assert form["name"].summed_up == ["Enter your name."]  # type: ignore[attr-defined]
    assert form["until"].summed_up == ["Until: Enter a date."]  # type: ignore[attr-defined]
    assert form["email"].summed_up == ["Enter a valid email address."]  # type: ignore[attr-defined]


def test_a_whole_form_shows_hidden_fields_once() -> None:
    html = str(Everything())
    assert html.count('name="token"') == 1
    assert html.count("nhsuk-form-group") == len(Everything.base_fields) - 1
