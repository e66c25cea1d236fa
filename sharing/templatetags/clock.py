"""Times of day on pages about sharing: by the clocks of the operator, as those of rosters are."""

from datetime import datetime

from django import template
from django.conf import settings
from django.utils import timezone

register = template.Library()


@register.filter
def moment(at: datetime, precision: str = "minutes") -> str:
    """Day and time of an instant with its zone, such as "3 May 2026, 05:56 (Europe/Dublin)".

    `precision` is "minutes" or "seconds".
    """
    zone = settings.PHR_LEGAL_ZONE
    seconds = ":%S" if precision == "seconds" else ""
    return f"{timezone.localtime(at, zone):%-d %B %Y, %H:%M{seconds}} ({zone})"
