"""Letters, summaries, scans, questionnaires and messages in words."""

from base64 import b64encode
from typing import Any

import pytest

from phr.display import describe


def test_a_document() -> None:
    data = b64encode(b"Dear Ann, all is well.").decode()
    shown = describe(
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "docStatus": "preliminary",
            "type": {"text": "Discharge letter"},
            "date": "2024-03-03T14:05:00Z",
            "author": [{"display": "Dr Lee"}],
            "content": [
                {
                    "attachment": {
                        "contentType": "application/pdf",
                        "title": "letter.pdf",
                        "size": 9000,
                    }
                },
                {"attachment": {"contentType": "text/plain", "data": data}},
            ],
        }
    )
    assert shown.title == "May still change: letter.pdf"
    assert shown.facts == [
        ("Kind", "Discharge letter"),
        ("Date", "3 March 2024, 14:05 UTC"),
        ("Written by", "Dr Lee"),
        ("Files", "letter.pdf (PDF, 9 kB); text"),
        ("Status", "Early, may still change"),
    ]
    assert shown.note == "Dear Ann, all is well."


def test_a_summary_shows_each_section() -> None:
    shown = describe(
        {
            "resourceType": "Composition",
            "status": "final",
            "title": "Patient Summary",
            "date": "2024-03-03",
            "section": [
                {"title": "Allergies", "text": {"div": "<div><p>No known allergies</p></div>"}},
                {
                    "title": "Problems",
                    "entry": [{"display": "Asthma"}, {"reference": "Condition/1"}],
                },
                {
                    "title": "Plan",
                    "section": [
                        {
                            "title": "Diet",
                            "text": {"div": "<div>Less salt</div>"},
                            "section": [{"title": "Drinks", "text": {"div": "<p>Water</p>"}}],
                        }
                    ],
                },
                {"title": "Devices", "emptyReason": {"text": "Nil known"}},
            ],
        }
    )
    assert shown.title == "Patient Summary"
    assert shown.facts == [
        ("Date", "3 March 2024"),
        ("Allergies", "No known allergies"),
        ("Problems", "Asthma"),
        ("Plan", "Diet: Less salt\nDrinks: Water"),
        ("Devices", "Nil known"),
    ]


def test_a_scan() -> None:
    study: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "status": "available",
        "started": "2024-03-03T11:01:00+01:00",
        "numberOfInstances": 120,
        "series": [
            {"modality": {"code": "CT"}, "bodySite": {"display": "Chest"}, "description": "Axial"},
            {"modality": {"code": "CT"}, "bodySite": {"display": "Chest"}},
        ],
    }
    shown = describe(study)
    assert shown.title == "CT scan, chest"
    assert shown.facts == [
        ("Kind", "CT scan"),
        ("Date", "3 March 2024, 11:01"),
        ("Part of the body", "Chest"),
        ("Pictures", "120 in 2 series"),
        ("Series", "Axial"),
    ]
    assert describe({**study, "description": "CT chest"}).title == "CT chest"


@pytest.mark.parametrize(
    ("code", "words"), [("MR", "MRI scan"), ("DX", "X-ray"), ("ZZ", "Code ZZ")]
)
def test_how_a_picture_was_made(code: str, words: str) -> None:
    assert describe({"resourceType": "ImagingStudy", "modality": [{"code": code}]}).title == words


def test_a_picture() -> None:
    shown = describe(
        {
            "resourceType": "Media",
            "content": {"title": "Rash on arm", "contentType": "image/jpeg"},
            "createdDateTime": "2024-03-03",
        }
    )
    assert shown.title == "Rash on arm"
    assert shown.facts == [("Date", "3 March 2024"), ("File", "Rash on arm (JPEG picture)")]


def test_answers_to_questions() -> None:
    shown = describe(
        {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "item": [
                {
                    "text": "Do you smoke?",
                    "answer": [
                        {
                            "valueBoolean": True,
                            "item": [{"text": "How many?", "answer": [{"valueInteger": 5}]}],
                        }
                    ],
                },
                {"linkId": "2", "answer": [{"valueCoding": {"display": "Often"}}]},
            ],
        }
    )
    assert shown.title == "Questionnaire answers"
    assert shown.facts == [
        ("Do you smoke?", "Yes"),
        ("How many?", "5"),
        ("Question 2", "Often"),
        ("Status", "Completed"),
    ]


def test_a_message() -> None:
    shown = describe(
        {
            "resourceType": "Communication",
            "status": "completed",
            "topic": {"text": "Your results"},
            "sender": {"display": "Dr Lee"},
            "payload": [{"contentString": "All is well."}, {"contentString": "See you in May."}],
        }
    )
    assert shown.title == "Message: Your results"
    assert shown.note == "All is well.\n\nSee you in May."


LONG = "\n".join(f"Day {day}: walked to the window and back." for day in range(1, 400))


def test_a_long_course_in_hospital_is_told_to_its_end() -> None:
    markup = {"div": "<div>" + "".join(f"<p>{line}</p>" for line in LONG.splitlines()) + "</div>"}
    inner = {"title": "Hospital course", "text": markup}
    shown = describe(
        {"resourceType": "Composition", "section": [inner, {"title": "Stay", "section": [inner]}]}
    )
    assert shown.facts == [("Hospital course", LONG), ("Stay", f"Hospital course: {LONG}")]


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ({"resourceType": "Observation", "valueString": LONG}, "Result"),
        ({"resourceType": "DiagnosticReport", "conclusion": LONG}, "Conclusion"),
        ({"resourceType": "ClinicalImpression", "summary": LONG}, "Summary"),
        ({"resourceType": "CarePlan", "description": LONG}, "About"),
    ],
)
def test_a_long_text_is_told_to_its_end(resource: dict[str, Any], name: str) -> None:
    assert dict(describe(resource).facts)[name] == LONG


def test_a_long_note_and_a_long_letter_are_told_to_their_ends() -> None:
    note = {"resourceType": "Condition", "code": {"text": "Cough"}, "note": [{"text": LONG}]}
    data = b64encode(LONG.encode()).decode()
    letter = {"attachment": {"contentType": "text/plain", "data": data}}
    assert describe(note).note == LONG
    assert describe({"resourceType": "DocumentReference", "content": [letter]}).note == LONG
