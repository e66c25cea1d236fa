"""CarePlan, CareTeam, Goal, ServiceRequest, Task and other requests in words."""

from typing import Any

from phr.display.choices import choice, first_choice
from phr.display.concepts import concept, concepts, plain, worded
from phr.display.dates import date, moment, period
from phr.display.names import annotations, everyone, referred
from phr.display.shown import Shown, facts
from phr.display.words import clean, clean_lines, each, joined, one


def care_plan(resource: dict[str, Any]) -> Shown:
    """FHIR R4 CarePlan."""
    steps = [_step(resource, item) for item in each(resource.get("activity"))]
    kind = concepts(resource.get("category"))
    plan = joined(("Care plan", joined(steps, ", ", most=2)), ": ")
    return Shown(
        clean(resource.get("title"), 150)
        or worded(one(resource.get("category")))
        or clean(resource.get("description"), 150)
        or plan,
        facts(
            ("About", clean_lines(resource.get("description"))),
            ("When", period(resource.get("period"))),
            ("What to do", joined(steps, most=20)),
            ("For", everyone(resource, resource.get("addresses"))),
            ("Goals", everyone(resource, resource.get("goal"))),
            ("Team", everyone(resource, resource.get("careTeam"))),
            ("Kind", kind),
            ("Status", plain(resource.get("status"))),
            ("Written", moment(resource.get("created"))),
            ("Written by", referred(resource, resource.get("author"))),
        ),
        annotations(resource, resource.get("note")),
    )


def _step(resource: dict[str, Any], item: dict[str, Any]) -> str:
    detail = one(item.get("detail"))
    what = concept(detail.get("code")) or clean(detail.get("description"))
    what = what or choice(resource, detail, "product") or referred(resource, item.get("reference"))
    status = detail.get("status")
    state = "" if status in ("unknown", "scheduled") else plain(status).lower()
    about = joined((choice({}, detail, "scheduled"), state), ", ")
    return f"{what} ({about})" if what and about else what


def care_team(resource: dict[str, Any]) -> Shown:
    """FHIR R4 CareTeam: the people who look after someone."""
    members = []
    for item in each(resource.get("participant")):
        who = referred(resource, item.get("member")) or referred(resource, item.get("onBehalfOf"))
        members.append((concepts(item.get("role")) or "Member", who))
    return Shown(
        clean(resource.get("name"), 150) or concepts(resource.get("category")) or "Care team",
        facts(
            *members,
            ("Reason", concepts(resource.get("reasonCode"))),
            ("When", period(resource.get("period"))),
            ("Place", everyone(resource, resource.get("managingOrganization"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )


def goal(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Goal."""
    targets = []
    for item in each(resource.get("target")):
        aim = joined((concept(item.get("measure")), choice({}, item, "detail")), ": ")
        due = choice({}, item, "due")
        targets.append(joined((aim, f"by {due}" if due else ""), " "))
    return Shown(
        concept(resource.get("description")) or "Goal",
        facts(
            ("Target", joined(targets)),
            ("Progress", concept(resource.get("achievementStatus"))),
            ("Status", plain(resource.get("lifecycleStatus"))),
            ("Started", choice(resource, resource, "start")),
            ("Status since", date(resource.get("statusDate"))),
            ("For", everyone(resource, resource.get("addresses"))),
            ("Outcome", concepts(resource.get("outcomeCode"))),
            ("Importance", concept(resource.get("priority"))),
            ("Set by", referred(resource, resource.get("expressedBy"))),
        ),
        annotations(resource, resource.get("note")),
    )


def service_request(resource: dict[str, Any]) -> Shown:
    """FHIR R4 ServiceRequest: a referral or an order for a test."""
    told = everyone(resource, resource.get("reasonReference"))
    return Shown(
        concept(resource.get("code")) or concepts(resource.get("category")) or "Request",
        facts(
            ("Details", concepts(resource.get("orderDetail"))),
            ("Reason", joined((concepts(resource.get("reasonCode")), told))),
            ("Planned for", choice(resource, resource, "occurrence")),
            ("Asked for", moment(resource.get("authoredOn"))),
            ("Asked for by", referred(resource, resource.get("requester"))),
            ("To be done by", everyone(resource, resource.get("performer"))),
            ("Urgency", plain(resource.get("priority"))),
            ("Part of the body", concepts(resource.get("bodySite"))),
            ("What to do", clean_lines(resource.get("patientInstruction"))),
            ("Kind", joined((concepts(resource.get("category")), plain(resource.get("intent"))))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )


def task(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Task."""
    return Shown(
        clean(resource.get("description"), 150) or concept(resource.get("code")) or "Task",
        facts(
            ("What to do", clean_lines(resource.get("description"))),
            ("Reason", concept(resource.get("reasonCode"))),
            ("About", referred(resource, resource.get("focus"))),
            ("When", period(resource.get("executionPeriod"))),
            ("Asked for", first_choice(resource, "authoredOn", "lastModified")),
            ("Asked for by", referred(resource, resource.get("requester"))),
            ("To be done by", referred(resource, resource.get("owner"))),
            ("Progress", concept(resource.get("businessStatus"))),
            ("Urgency", plain(resource.get("priority"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )
