"""What people write into their record by hand: a form for each kind of thing."""

from typing import Any, Final

from phr.forms.entries.allergy import AllergyForm
from phr.forms.entries.clinical import ConditionForm, ImmunizationForm, ProcedureForm
from phr.forms.entries.document import DocumentForm
from phr.forms.entries.entry import EntryForm
from phr.forms.entries.family import FamilyForm
from phr.forms.entries.measurement import BloodPressureForm, MeasurementForm
from phr.forms.entries.medication import MedicationForm
from phr.forms.entries.note import NoteForm
from phr.forms.entries.visit import VisitForm

# By the word in the address, in the order they are offered.
KINDS: Final[dict[str, type[EntryForm]]] = {
    "condition": ConditionForm,
    "medication": MedicationForm,
    "allergy": AllergyForm,
    "immunisation": ImmunizationForm,
    "measurement": MeasurementForm,
    "blood-pressure": BloodPressureForm,
    "procedure": ProcedureForm,
    "visit": VisitForm,
    "family": FamilyForm,
    "note": NoteForm,
}


# The word in the address for several measurements on one page.
SEVERAL: Final = "measurements"
# What comes in as a file, and is described afterwards.
DESCRIBED: Final[tuple[type[EntryForm], ...]] = (DocumentForm,)


def form_for(resource: dict[str, Any]) -> type[EntryForm] | None:
    """The form that can correct this FHIR R4 resource without losing any of it, if there is one."""
    kinds = (*KINDS.values(), *DESCRIBED)
    return next((kind for kind in kinds if kind.can_correct(resource)), None)
