"""Coverage, Claim, ClaimResponse and ExplanationOfBenefit in words."""

from typing import Any

from phr.display.choices import choice
from phr.display.concepts import concept, plain, worded
from phr.display.dates import moment, period
from phr.display.names import everyone, referred
from phr.display.quantities import money
from phr.display.shown import Shown, facts
from phr.display.words import clean, clean_lines, each, joined, one


def coverage(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Coverage: an insurance or another way care is paid for."""
    payers = everyone(resource, resource.get("payor"))
    kind = concept(resource.get("type"))
    classes = [
        (
            concept(item.get("type")) or "Group",
            joined((clean(item.get("name")), clean(item.get("value"))), ", "),
        )
        for item in each(resource.get("class"))
    ]
    return Shown(
        joined((payers, kind), ", ") or "Insurance",
        facts(
            ("Insurer", payers),
            ("Kind", kind),
            ("Valid", period(resource.get("period"))),
            ("Member number", clean(resource.get("subscriberId"))),
            ("Policy holder", referred(resource, resource.get("policyHolder"))),
            ("Relationship to the policy holder", concept(resource.get("relationship"))),
            *classes,
            ("Status", plain(resource.get("status"))),
        ),
    )


def _services(resource: dict[str, Any]) -> list[str]:
    return [concept(item.get("productOrService")) for item in each(resource.get("item"))]


def _named_services(resource: dict[str, Any]) -> str:
    """What was paid for; bill codes that say nothing to a reader are left out."""
    items = each(resource.get("item"))
    return joined((worded(item.get("productOrService")) for item in items), ", ", most=2)


def _diagnoses(resource: dict[str, Any]) -> str:
    return joined(choice(resource, item, "diagnosis") for item in each(resource.get("diagnosis")))


def _insurers(resource: dict[str, Any]) -> str:
    insurances = (referred(resource, i.get("coverage")) for i in each(resource.get("insurance")))
    return referred(resource, resource.get("insurer")) or joined(insurances)


def claim(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Claim: a bill sent to an insurer."""
    services = _services(resource)
    return Shown(
        joined(("Bill", _named_services(resource) or worded(resource.get("type"))), ": "),
        facts(
            ("Total", money(resource.get("total"))),
            ("For", joined(services)),
            ("When", period(resource.get("billablePeriod"))),
            ("Diagnosis", _diagnoses(resource)),
            ("From", referred(resource, resource.get("provider"))),
            ("Place", referred(resource, resource.get("facility"))),
            ("Insurer", _insurers(resource)),
            ("Kind", concept(resource.get("type"))),
            ("Sent", moment(resource.get("created"))),
            ("Status", plain(resource.get("status"))),
        ),
    )


def _totals(resource: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (concept(item.get("category")) or "Total", money(item.get("amount")))
        for item in each(resource.get("total"))
    ]


def explanation_of_benefit(resource: dict[str, Any]) -> Shown:
    """FHIR R4 ExplanationOfBenefit: what an insurer paid, and what is left to pay."""
    services = _services(resource)
    paid = one(resource.get("payment"))
    return Shown(
        joined(("Insurance statement", _named_services(resource)), ": "),
        facts(
            *_totals(resource),
            ("Paid by the insurer", money(paid.get("amount"))),
            ("Paid on", moment(paid.get("date"))),
            ("For", joined(services)),
            ("When", period(resource.get("billablePeriod"))),
            ("Diagnosis", _diagnoses(resource)),
            ("From", referred(resource, resource.get("provider"))),
            ("Place", referred(resource, resource.get("facility"))),
            ("Insurer", _insurers(resource)),
            ("Outcome", plain(resource.get("outcome"))),
            ("Explanation", clean_lines(resource.get("disposition"))),
            ("Kind", concept(resource.get("type"))),
            ("Written", moment(resource.get("created"))),
            ("Status", plain(resource.get("status"))),
        ),
    )


def claim_response(resource: dict[str, Any]) -> Shown:
    """FHIR R4 ClaimResponse: an insurer's answer to a bill."""
    paid = one(resource.get("payment"))
    return Shown(
        joined(("Insurer's answer", plain(resource.get("outcome"))), ": "),
        facts(
            ("Explanation", clean_lines(resource.get("disposition"))),
            *_totals(resource),
            ("Paid", money(paid.get("amount"))),
            ("Paid on", moment(paid.get("date"))),
            ("Insurer", referred(resource, resource.get("insurer"))),
            ("Answered", moment(resource.get("created"))),
            ("Status", plain(resource.get("status"))),
        ),
    )
