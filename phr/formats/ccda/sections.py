"""Which reader takes which entry: by its template, else by the section it stands in.

Source: C-CDA R2.1, entry templates and section LOINC codes.
"""

from collections.abc import Callable, Iterator
from typing import Final

from phr.formats.ccda import acts, medications, observations, plans
from phr.formats.ccda.allergies import allergies
from phr.formats.ccda.context import Context, Draft
from phr.formats.ccda.devices import supplies
from phr.formats.ccda.family import family_history
from phr.formats.ccda.immunizations import immunizations
from phr.formats.ccda.problems import diagnoses, problems
from phr.formats.ccda.tree import every, get, name, null, templates
from phr.formats.hardened_xml import Element

Reader = Callable[[Element, Context], Iterator[Draft]]


def equipment(statement: Element, context: Context) -> Iterator[Draft]:
    """What a medical equipment section holds: supplies, implants, or an organizer of both."""
    inner = every(statement, "component/*") if name(statement) == "organizer" else [statement]
    for each in inner:
        if null(each):
            continue
        if name(each) == "supply":
            yield from supplies(each, context)
        elif name(each) == "procedure":
            yield from acts.procedures(each, context)


# How a section is called in a sentence: its title belongs to the file, these words to nobody.
NAMES: Final = {
    "11450-4": "problems", "10160-0": "medications", "48765-2": "allergies",
    "11369-6": "immunizations", "30954-2": "results", "8716-3": "vital signs",
    "47519-4": "procedures", "46240-8": "encounters", "29762-2": "social history",
    "18776-5": "plan of treatment", "11348-0": "past illnesses", "10157-6": "family history",
    "47420-5": "functional status", "10190-7": "mental status", "46264-8": "medical equipment",
    "48768-6": "payers", "42348-3": "advance directives", "61146-7": "goals",
    "75310-3": "health concerns", "10183-2": "discharge medications",
    "42346-7": "admission medications", "29549-3": "medications given",
    "46241-6": "admission diagnosis", "11535-2": "discharge diagnosis", "69730-0": "instructions",
    "51848-0": "assessment", "51847-2": "assessment and plan", "85847-2": "care team",
}  # fmt: skip
_BY_SECTION: Final[dict[str, Reader]] = {
    "11450-4": problems, "11348-0": problems, "10160-0": medications.medications,
    "10183-2": medications.medications, "42346-7": medications.medications,
    "29549-3": medications.medications, "48765-2": allergies, "11369-6": immunizations,
    "30954-2": observations.results, "8716-3": observations.vital_signs,
    "47519-4": acts.procedures, "46240-8": acts.encounters,
    "29762-2": observations.social_history, "46241-6": diagnoses, "11535-2": diagnoses,
    "10157-6": family_history, "47420-5": observations.status_of_mind_and_body,
    "10190-7": observations.status_of_mind_and_body, "46264-8": equipment, "61146-7": plans.goals,
}  # fmt: skip
_BY_TEMPLATE: Final[dict[str, Reader]] = {
    "22.4.3": problems, "22.4.4": problems, "22.4.80": diagnoses, "22.4.33": diagnoses,
    "22.4.34": diagnoses, "22.4.30": allergies, "22.4.7": allergies,
    "24.3.90": allergies, "22.4.16": medications.medications, "22.4.35": medications.medications,
    "22.4.36": medications.medications, "22.4.42": medications.planned,
    "22.4.52": immunizations, "22.4.1": observations.results, "22.4.2": observations.results,
    "22.4.26": observations.vital_signs, "22.4.27": observations.vital_signs,
    "22.4.12": acts.procedures, "22.4.13": acts.procedures, "22.4.14": acts.procedures,
    "22.4.49": acts.encounters, "22.4.38": observations.social_history,
    "22.4.78": observations.social_history, "22.4.85": observations.social_history,
    "22.4.200": observations.social_history, "15.3.8": observations.social_history,
    "22.4.39": acts.planned, "22.4.40": acts.planned, "22.4.41": acts.planned,
    "22.4.44": acts.planned, "22.4.120": medications.planned, "22.4.45": family_history,
    "22.4.50": supplies, "22.4.135": equipment, "22.4.121": plans.goals, "22.4.132": plans.concerns,
    "22.4.131": plans.interventions, "22.4.146": plans.interventions,
    **dict.fromkeys(
        ("22.4.66", "22.4.67", "22.4.69", "22.4.74", "22.4.75", "22.4.127", "22.4.128"),
        observations.status_of_mind_and_body,
    ),
}  # fmt: skip
# The statements a reader by section can make sense of.
_STATEMENTS: Final = {
    "problems": {"act", "observation"}, "diagnoses": {"act", "observation"},
    "allergies": {"act", "observation"}, "medications": {"act", "substanceAdministration"},
    "immunizations": {"substanceAdministration"}, "results": {"organizer", "observation"},
    "vital_signs": {"organizer", "observation"}, "social_history": {"organizer", "observation"},
    "procedures": {"procedure", "act", "observation"}, "encounters": {"encounter"},
    "family_history": {"organizer"}, "equipment": {"organizer", "supply", "procedure"},
    "status_of_mind_and_body": {"organizer", "observation"}, "goals": {"observation"},
}  # fmt: skip


def reader(statement: Element, section: str) -> Reader | None:
    """The reader of a statement in a section of this LOINC code; None when it stays narrative."""
    for template in sorted(templates(statement)):
        if found := _BY_TEMPLATE.get(template):
            return found
    by_section = _BY_SECTION.get(section)
    moods = ("GOL",) if section == "61146-7" else ("EVN", "")
    if by_section is None or get(statement, "moodCode") not in moods:
        return None
    return by_section if name(statement) in _STATEMENTS[by_section.__name__] else None
