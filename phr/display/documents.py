"""DocumentReference, Composition, ImagingStudy, Media, questionnaires and messages in words."""

from typing import Any, Final

from phr.display.choices import choice
from phr.display.concepts import code_of, coding, concept, concepts, plain
from phr.display.dates import moment, period, whole
from phr.display.names import annotations, attached_text, attachment, everyone, referred
from phr.display.narrative import narrative
from phr.display.shown import Shown, facts, notes
from phr.display.words import MOST_ITEMS, clean, clean_lines, each, joined, one

# DICOM PS3.3 C.7.3.1.1.1, modalities a person may meet
_MODALITIES: Final = {
    "CT": "CT scan",
    "MR": "MRI scan",
    "US": "Ultrasound scan",
    "CR": "X-ray",
    "DX": "X-ray",
    "RF": "X-ray film",
    "MG": "Breast X-ray",
    "XA": "X-ray of blood vessels",
    "NM": "Nuclear medicine scan",
    "PT": "PET scan",
    "PX": "Dental X-ray of the jaw",
    "IO": "Dental X-ray",
    "ES": "Endoscopy",
    "OP": "Eye photograph",
    "OPT": "Eye scan",
    "XC": "Photograph",
    "GM": "Microscope picture",
    "SM": "Microscope slide",
    "ECG": "Heart tracing",
    "BMD": "Bone density scan",
    "RTIMAGE": "Radiotherapy picture",
    "RTPLAN": "Radiotherapy plan",
    "RTSTRUCT": "Radiotherapy outline",
    "RTDOSE": "Radiotherapy dose",
    "SR": "Report",
    "DOC": "Document",
    "PR": "Display settings",
    "SEG": "Outline on a scan",
    "KO": "Marked pictures",
    "OT": "Picture",
}
# Sections within sections, FHIR R4 Composition.section.section
_DEEPEST_SECTION: Final = 4


def document_reference(resource: dict[str, Any]) -> Shown:
    """FHIR R4 DocumentReference."""
    files = [one(item.get("attachment")) for item in each(resource.get("content"))]
    context = one(resource.get("context"))
    kind = concept(resource.get("type"))
    titles = joined(clean(file.get("title"), 150) for file in files)
    return Shown(
        clean(resource.get("description"), 150) or titles or kind or "Document",
        facts(
            ("Kind", joined((kind, concepts(resource.get("category"))))),
            ("Date", moment(resource.get("date"))),
            ("About the time", period(context.get("period"))),
            ("Written by", everyone(resource, resource.get("author"))),
            ("Kept by", referred(resource, resource.get("custodian"))),
            ("Place", concept(context.get("facilityType"))),
            ("Specialty", concept(context.get("practiceSetting"))),
            ("About", concepts(context.get("event"))),
            ("Files", joined(attachment(file) for file in files)),
            ("Status", joined((_current(resource), plain(resource.get("docStatus"))))),
        ),
        notes(*(attached_text(file) for file in files)),
    )


def _current(resource: dict[str, Any]) -> str:
    status = resource.get("status")
    return "" if status == "current" else plain(status)


def composition(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Composition: a document made of sections, each one fact."""
    sections = each(resource.get("section"))
    attested = (
        joined((referred(resource, item.get("party")), moment(item.get("time"))), ", ")
        for item in each(resource.get("attester"))
    )
    return Shown(
        clean(resource.get("title")) or concept(resource.get("type")) or "Document",
        facts(
            ("Kind", concept(resource.get("type"))),
            ("Date", moment(resource.get("date"))),
            ("Written by", everyone(resource, resource.get("author"))),
            ("Signed by", joined(attested)),
            ("Kept by", referred(resource, resource.get("custodian"))),
            ("Status", "" if resource.get("status") == "final" else plain(resource.get("status"))),
            *(_section(resource, section) for section in sections[:40]),
        ),
    )


def _section(resource: dict[str, Any], section: dict[str, Any]) -> tuple[str, str]:
    name = clean(section.get("title"), 80) or concept(section.get("code")) or "Section"
    return name, _within(resource, section, 0)


def _within(resource: dict[str, Any], section: dict[str, Any], depth: int) -> str:
    """What a section says, then each section inside it after its title."""
    said = narrative(section.get("text")) or concept(section.get("emptyReason"))
    inner = each(section.get("section")) if depth < _DEEPEST_SECTION else []
    parts = (
        joined((clean(part.get("title"), 100), _within(resource, part, depth + 1)), ": ")
        for part in inner
    )
    return joined((said or everyone(resource, section.get("entry")), *parts), "\n", MOST_ITEMS + 1)


def modality(value: object) -> str:
    """A DICOM modality in words: "CT" → "CT scan"."""
    return _MODALITIES.get(code_of(value)) or coding(value)


def imaging_study(resource: dict[str, Any]) -> Shown:
    """FHIR R4 ImagingStudy."""
    series = each(resource.get("series"))
    kinds = [modality(item) for item in each(resource.get("modality"))]
    kinds += [modality(item.get("modality")) for item in series]
    parts = joined(coding(item.get("bodySite")) for item in series)
    what = joined((joined(kinds, " and ", most=3), parts.lower()), ", ")
    named = clean(resource.get("description"), 150) or concepts(resource.get("procedureCode"))
    who = (
        referred(resource, p.get("actor")) for item in series for p in each(item.get("performer"))
    )
    return Shown(
        named or what or "Scan or picture",
        facts(
            ("Kind", joined(kinds)),
            ("Date", moment(resource.get("started"))),
            ("Part of the body", parts),
            ("Procedure", concepts(resource.get("procedureCode"))),
            ("Reason", concepts(resource.get("reasonCode"))),
            ("Pictures", _counted(resource, series)),
            ("Series", joined(clean(item.get("description"), 100) for item in series)),
            ("Asked for by", referred(resource, resource.get("referrer"))),
            ("Made by", joined(who)),
            ("Read by", everyone(resource, resource.get("interpreter"))),
            ("Place", referred(resource, resource.get("location"))),
            (
                "Status",
                "" if resource.get("status") == "available" else plain(resource.get("status")),
            ),
        ),
        annotations(resource, resource.get("note")),
    )


def _counted(resource: dict[str, Any], series: list[dict[str, Any]]) -> str:
    pictures = whole(resource.get("numberOfInstances"))
    runs = whole(resource.get("numberOfSeries")) or (str(len(series)) if series else "")
    return joined((pictures, f"in {runs} series" if runs else ""), " ")


def media(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Media: a picture, a film or a sound."""
    content = one(resource.get("content"))
    made_with = modality(one(resource.get("modality")).get("coding"))
    kind = joined((concept(resource.get("type")), made_with))
    return Shown(
        clean(content.get("title"), 150) or concept(resource.get("view")) or kind or "Picture",
        facts(
            ("Kind", kind),
            ("Date", choice(resource, resource, "created")),
            ("Part of the body", concept(resource.get("bodySite"))),
            ("View", concept(resource.get("view"))),
            ("File", attachment(content)),
            ("Device", clean(resource.get("deviceName"))),
            ("Reason", concepts(resource.get("reasonCode"))),
            ("By", referred(resource, resource.get("operator"))),
        ),
        annotations(resource, resource.get("note")),
    )


def questionnaire_response(resource: dict[str, Any]) -> Shown:
    """FHIR R4 QuestionnaireResponse: each question with its answers."""
    asked: list[tuple[str, str]] = []
    _answers(resource.get("item"), asked, 0)
    return Shown(
        "Questionnaire answers",
        facts(
            *asked,
            ("Date", moment(resource.get("authored"))),
            ("Answered by", referred(resource, resource.get("source"))),
            ("Written down by", referred(resource, resource.get("author"))),
            ("Status", plain(resource.get("status"))),
        ),
    )


def _answers(items: object, asked: list[tuple[str, str]], depth: int) -> None:
    for item in each(items):
        if len(asked) >= 50 or depth > 6:
            return
        answers = each(item.get("answer"))
        question = clean(item.get("text"), 200) or f"Question {clean(item.get('linkId'), 30)}"
        asked.append((question, joined(choice({}, answer, "value") for answer in answers)))
        _answers(item.get("item"), asked, depth + 1)
        for answer in answers:
            _answers(answer.get("item"), asked, depth + 1)


def communication(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Communication: a message."""
    parts = [choice(resource, item, "content") for item in each(resource.get("payload"))]
    subject = concept(resource.get("topic")) or concepts(resource.get("reasonCode"))
    return Shown(
        joined(("Message", subject or concepts(resource.get("category"))), ": "),
        facts(
            ("Sent", moment(resource.get("sent"))),
            ("From", referred(resource, resource.get("sender"))),
            ("To", everyone(resource, resource.get("recipient"))),
            ("How", concepts(resource.get("medium"))),
            ("Status", plain(resource.get("status"))),
        ),
        notes(*(clean_lines(part) for part in parts), annotations(resource, resource.get("note"))),
    )
