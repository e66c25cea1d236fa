"""Visits and appointments in words."""

from phr.display import describe


def test_a_visit() -> None:
    shown = describe(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB"},
            "type": [{"text": "Well child visit"}],
            "period": {"start": "2024-03-03T09:00:00+01:00", "end": "2024-03-03T09:30:00+01:00"},
            "participant": [
                {"individual": {"display": "Dr Lee"}, "type": [{"text": "Primary performer"}]}
            ],
            "location": [{"location": {"display": "Room 2"}}],
            "serviceProvider": {"display": "City Clinic"},
            "reasonCode": [{"text": "Check-up"}],
        }
    )
    assert shown.title == "Well child visit"
    assert shown.facts == [
        ("When", "3 March 2024, 09:00 to 09:30"),
        ("Kind", "Outpatient visit"),
        ("Reason", "Check-up"),
        ("With", "Dr Lee (primary performer)"),
        ("Place", "Room 2; City Clinic"),
        ("Status", "Finished"),
    ]
    bare = describe({"resourceType": "Encounter", "class": {"code": "IMP", "display": "inpatient"}})
    assert bare.title == "Hospital stay"


def test_a_period_of_care() -> None:
    shown = describe(
        {
            "resourceType": "EpisodeOfCare",
            "type": [{"text": "Home care"}],
            "period": {"start": "2014-09-01"},
            "careManager": {"display": "Amanda"},
        }
    )
    assert shown.title == "Home care"
    assert shown.facts == [("When", "Since 1 September 2014"), ("Led by", "Amanda")]


def test_an_appointment_and_an_answer() -> None:
    shown = describe(
        {
            "resourceType": "Appointment",
            "status": "cancelled",
            "description": "Talk about your MRI results",
            "start": "2024-03-03T09:00:00Z",
            "end": "2024-03-03T09:15:00Z",
            "minutesDuration": 15,
            "participant": [{"actor": {"display": "Dr Lee"}}],
            "patientInstruction": "Please bring your list of medicines.",
        }
    )
    assert shown.title == "Cancelled: Talk about your MRI results"
    assert shown.facts == [
        ("When", "3 March 2024, 09:00 UTC to 09:15 UTC"),
        ("Length", "15 minutes"),
        ("With", "Dr Lee"),
        ("What to do", "Please bring your list of medicines."),
        ("Status", "Cancelled"),
    ]
    answer = describe(
        {
            "resourceType": "AppointmentResponse",
            "actor": {"display": "Ann Lee"},
            "participantStatus": "accepted",
        }
    )
    assert answer.title == "Answer to an appointment: Ann Lee"
    assert answer.facts == [("Answer", "Accepted")]
