"""What every page shows of sharing around its content."""

from django.http import HttpRequest

from accounts.requests import actor_of
from sharing.services import notices, proxies


def told(request: HttpRequest) -> dict[str, object]:
    """`unseen_notices`: how many notices this person has not marked as read; `decides`: whether she
    decides about the record that the page is about.
    """
    actor = actor_of(request)
    return {"unseen_notices": notices.unseen(actor), "decides": proxies.decides(actor)}
