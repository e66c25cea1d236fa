"""What every page shows of sharing around its content."""

from django.http import HttpRequest

from accounts.acting import acting_as
from accounts.context import portal
from accounts.requests import actor_of
from sharing.services import notices, proxies


def around(request: HttpRequest) -> dict[str, object]:
    """What `accounts.context.portal` gives, and, asked in one transaction with it:

    `unseen_notices`: how many notices this person has not marked as read; `decides`: whether she
    decides about the record that the page is about.
    """
    actor = actor_of(request)
    if actor.user_id is None:
        return portal(request) | {"unseen_notices": 0, "decides": False}
    with acting_as(actor):
        told = {"unseen_notices": notices.unseen(actor), "decides": proxies.decides(actor)}
        return portal(request) | told
