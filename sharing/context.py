"""What every page shows of sharing around its content."""

from django.http import HttpRequest

from accounts.requests import actor_of
from sharing.services import notices


def told(request: HttpRequest) -> dict[str, object]:
    """`unseen_notices`: how many notices this person has not marked as read."""
    return {"unseen_notices": notices.unseen(actor_of(request))}
