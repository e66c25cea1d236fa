"""What every page shows around its content."""

from django.conf import settings
from django.http import HttpRequest

from accounts.requests import actor_of


def portal(request: HttpRequest) -> dict[str, object]:
    """`portal_name`, `demo`, and whether who asks acts for somebody else."""
    return {
        "portal_name": settings.PHR_PORTAL_NAME,
        "demo": settings.PHR_DEMO,
        "is_acting": actor_of(request).acting_for is not None,
    }
