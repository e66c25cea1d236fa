"""What every page shows of its reader around its content."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache, partial

from django.http import HttpRequest

from accounts.context import portal
from accounts.requests import actor_of
from sharing.services import surroundings
from sharing.services.surroundings import Around


def around(request: HttpRequest) -> dict[str, object]:
    """What `accounts.context.portal` gives and each field of `Around`.

    They are functions, which templates call: a page that shows none of them asks for none.
    """
    found = cache(partial(surroundings.around, actor_of(request)))
    return portal(request) | {field.name: _shown(field.name, found) for field in fields(Around)}


def _shown(name: str, found: Callable[[], Around]) -> Callable[[], object]:
    return lambda: getattr(found(), name)
