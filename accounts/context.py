"""What every page shows around its content."""

from django.conf import settings
from django.http import HttpRequest

from accounts import services
from accounts.requests import actor_of


def portal(request: HttpRequest) -> dict[str, object]:
    """`portal_name`, `demo`, which sides of the portal this person uses, and whether she rests."""
    actor = actor_of(request)
    sides = services.sides(actor)
    return {
        "portal_name": settings.PHR_PORTAL_NAME,
        "demo": settings.PHR_DEMO,
        "is_patient": sides.patient,
        "is_practitioner": sides.practitioner,
        "is_restricted": sides.restricted,
        "is_acting": actor.acting_for is not None,
        "acting_for": sides.acting_for,
    }
