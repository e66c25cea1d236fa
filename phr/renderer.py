"""How Django's forms become the portal's markup; the setting FORM_RENDERER names it."""

from typing import Any

from django.forms import BaseForm, BoundField, CheckboxInput, Field
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import ChoiceWidget, FileInput, MultiWidget, Select, Textarea, Widget

from phr import unanswered

CLASSES = {
    "checkbox": "nhsuk-checkboxes__input",
    "radio": "nhsuk-radios__input",
    "select": "nhsuk-select",
    "file": "nhsuk-file-upload",
    "password": "nhsuk-input nhsuk-password-input__input",
    "date": "nhsuk-input nhsuk-input--width-10",
}
# How errors begin that do not say of which field they speak.
VAGUE = ("This field", "Ensure this", *unanswered.VAGUE)
NEEDED = Field.default_error_messages["required"]


class PortalBoundField(BoundField):
    """A form field that knows which of the portal's components shows it, and what to say of nothing."""

    def __init__(self, form: BaseForm, field: Field, name: str) -> None:
        super().__init__(form, field, name)
        # A form makes its bound fields before it looks at what was sent; its fields are its own.
        if field.error_messages.get("required") == NEEDED:
            said = unanswered.unanswered(str(self.label), field.widget)
            field.error_messages["required"] = said

    @property
    def kind(self) -> str:
        """Return "checkbox" (one), "choices" (radios, checkboxes), "parts", "password" or "input"."""
        widget = self.field.widget
        if isinstance(widget, CheckboxInput):
            return "checkbox"
        if isinstance(widget, MultiWidget):
            return "parts"
        if isinstance(widget, ChoiceWidget) and not isinstance(widget, Select):
            return "choices"
        return "password" if _input_type(widget) == "password" else "input"

    @property
    def choice_block(self) -> str:
        """Return the component of a choice: "radios" or "checkboxes"."""
        return "radios" if _input_type(self.field.widget) == "radio" else "checkboxes"

    @property
    def first_id(self) -> str:
        """Return the id of the first control, for the link in the error summary."""
        if self.kind == "choices":
            return self.subwidgets[0].id_for_label if self.subwidgets else self.auto_id
        if self.kind == "parts":
            return f"{self.auto_id}_0"
        return self.id_for_label or self.auto_id

    @property
    def summed_up(self) -> list[str]:
        """Return each error as the summary says it: after the label, where it names no field."""
        texts = [str(error) for error in self.errors]
        label = str(self.label)
        before = label if label.endswith("?") else f"{label}:"
        return [f"{before} {text}" if text.startswith(VAGUE) else text for text in texts]

    @property
    def optional_note(self) -> str:
        """Return " (optional)" unless the field is required or the form sets `unmarked = True`."""
        unmarked = self.field.required or getattr(self.form, "unmarked", False)
        return "" if unmarked else " (optional)"

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: Widget | None = None
    ) -> dict[str, Any]:
        """Return Django's attributes and the CSS class of the control, if it sets none itself."""
        attrs = super().build_widget_attrs(attrs, widget)
        shown = widget or self.field.widget
        if "placeholder" in shown.attrs:
            attrs["placeholder"] = False  # Words in the box vanish when somebody starts to type.
        if not shown.is_hidden and "class" not in shown.attrs:
            attrs.setdefault("class", _css_class(shown, wrong=bool(self.errors)))
        return attrs


class PortalRenderer(TemplatesSetting):
    """Render forms and fields with the templates of `templates/components/`."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
    bound_field_class = PortalBoundField


def _input_type(widget: Widget) -> str:
    if isinstance(widget, FileInput):
        return "file"
    return widget.attrs.get("type") or getattr(widget, "input_type", None) or "text"


def _css_class(widget: Widget, *, wrong: bool) -> str:
    if isinstance(widget, Textarea):
        css = "nhsuk-textarea"
    else:
        css = CLASSES.get(_input_type(widget), "nhsuk-input")
    block = css.split(" ")[0]
    return f"{css} {block}--error" if wrong and "__" not in block else css
