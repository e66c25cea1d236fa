"""What a patient chooses for emergencies, and what who helps types."""

from typing import Any

from django import forms

from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Organization
from sharing.services.emergencies import Plan

USUAL = (Category.ALLERGIES, Category.CONDITIONS, Category.MEDICATIONS)


class PlanForm(forms.Form):
    """What may be opened, and what stands on the card."""

    categories = forms.MultipleChoiceField(
        label="What may they see in an emergency?",
        choices=[(one.value, one.label) for one in Category],
        initial=[one.value for one in USUAL],
        widget=forms.CheckboxSelectMultiple,
    )
    sensitive = forms.MultipleChoiceField(
        label="Sensitive information",
        help_text="Left out unless you tick it, each kind by itself.",
        choices=[(one.value, one.label) for one in Sensitivity if one is not Sensitivity.N],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    names_her = forms.BooleanField(label="Print my name on the card", required=False)
    says_birth_date = forms.BooleanField(
        label="Print my date of birth on the card",
        help_text="If you have told us your date of birth.",
        required=False,
    )

    @classmethod
    def of(cls, plan: Plan | None, data: Any = None) -> "PlanForm":
        """The form as a plan is now; the usual where there is none."""
        initial: dict[str, object] = {"names_her": True}
        if plan:
            initial = {
                "categories": [one.value for one in plan.categories],
                "sensitive": [one.value for one in plan.labels],
                "names_her": plan.names_her,
                "says_birth_date": plan.says_birth_date,
            }
        return cls(data, initial=initial)

    def plan(self) -> Plan:
        """The chosen plan; ordinary information is always part of it."""
        said = self.cleaned_data
        return Plan(
            tuple(Category(one) for one in said["categories"]),
            (Sensitivity.N, *(Sensitivity(one) for one in said["sensitive"])),
            said["names_her"],
            said["says_birth_date"],
        )


class GlassForm(forms.Form):
    """The code of a card, from which facility, and why."""

    code = forms.CharField(
        label="Code on the emergency card",
        help_text="Four groups of four letters and numbers.",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    organization = forms.ChoiceField(label="Where do you work now?", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="What is the emergency?",
        help_text="The patient and our staff read this.",
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, facilities: list[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(one.pk), one.name) for one in facilities]
        self.fields["organization"] = forms.ChoiceField(
            label="Where do you work now?",
            choices=choices,
            initial=choices[0][0] if len(choices) == 1 else None,
            widget=forms.RadioSelect,
        )
        self.order_fields(["code", "organization", "reason"])
