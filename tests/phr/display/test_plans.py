"""Plans, teams, goals, orders and tasks in words."""

from phr.display import describe


def test_a_care_plan() -> None:
    shown = describe(
        {
            "resourceType": "CarePlan",
            "status": "active",
            "category": [{"text": "Diabetes self management plan"}],
            "period": {"start": "2024-01-01"},
            "activity": [
                {
                    "detail": {
                        "code": {"text": "Check blood sugar"},
                        "status": "in-progress",
                        "scheduledString": "every day",
                    }
                },
                {"reference": {"display": "Eye check"}},
            ],
            "addresses": [{"display": "Diabetes"}],
        }
    )
    assert shown.title == "Diabetes self management plan"
    assert shown.facts == [
        ("When", "Since 1 January 2024"),
        ("What to do", "Check blood sugar (every day, in progress); Eye check"),
        ("For", "Diabetes"),
        ("Status", "Active"),
    ]


def test_a_care_plan_without_a_name_is_named_by_its_steps() -> None:
    shown = describe(
        {"resourceType": "CarePlan", "activity": [{"detail": {"code": {"text": "Physiotherapy"}}}]}
    )
    assert shown.title == "Care plan: Physiotherapy"


def test_a_care_team_lists_its_members() -> None:
    shown = describe(
        {
            "resourceType": "CareTeam",
            "name": "Heart team",
            "participant": [
                {"role": [{"text": "Nurse"}], "member": {"display": "Nora"}},
                {"member": {"display": "Dr Lee"}},
            ],
        }
    )
    assert shown.title == "Heart team"
    assert shown.facts == [("Nurse", "Nora"), ("Member", "Dr Lee")]


def test_a_goal() -> None:
    shown = describe(
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "Lose weight"},
            "target": [
                {
                    "measure": {"text": "Weight"},
                    "detailQuantity": {"value": 70, "unit": "kg"},
                    "dueDate": "2024-06-01",
                }
            ],
        }
    )
    assert shown.title == "Lose weight"
    assert shown.facts == [("Target", "Weight: 70 kg by 1 June 2024"), ("Status", "Active")]


def test_an_order() -> None:
    shown = describe(
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "priority": "urgent",
            "code": {"text": "MRI of the knee"},
            "authoredOn": "2024-03-03",
            "requester": {"display": "Dr Lee"},
        }
    )
    assert shown.title == "MRI of the knee"
    assert shown.facts == [
        ("Asked for", "3 March 2024"),
        ("Asked for by", "Dr Lee"),
        ("Urgency", "Urgent"),
        ("Kind", "Order"),
        ("Status", "Active"),
    ]


def test_a_task() -> None:
    shown = describe(
        {
            "resourceType": "Task",
            "status": "requested",
            "description": "Take a blood sample",
            "owner": {"display": "Nora"},
        }
    )
    assert shown.title == "Take a blood sample"
    assert shown.facts == [("To be done by", "Nora"), ("Status", "Requested")]
