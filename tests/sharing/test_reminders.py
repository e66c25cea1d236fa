"""Both sides are reminded, once, that sharing ends by itself soon."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actors import Actor, System
from sharing.models import Grant, NoticeKind
from sharing.services import notices, reminders
from tests.cast import Cast
from tests.raw import as_owner, open_walls

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
JOB = Actor.job(System.MAIL)


def ends(days: float, *, began: float = 30) -> None:
    open_walls()
    now = timezone.now()
    with as_owner():
        Grant.objects.update(
            ends_at=now + timedelta(days=days), starts_at=now - timedelta(days=began)
        )


def kinds(actor: Actor) -> list[NoticeKind]:
    return [told.kind for told in notices.mine(actor)]


def test_both_sides_are_told_once(cast: Cast) -> None:
    cast.share()
    ends(6)

    assert (reminders.tell_ending(JOB), reminders.tell_ending(JOB)) == (1, 0)
    assert kinds(cast.alice).count(NoticeKind.ENDING) == 1
    assert kinds(cast.bob).count(NoticeKind.ENDING) == 1


@pytest.mark.parametrize(("days", "began"), [(8, 30), (-1, 30), (3, 1)])
def test_nobody_is_told_too_early_too_late_or_of_what_was_short(
    cast: Cast, days: float, began: float
) -> None:
    cast.share()
    ends(days, began=began)

    assert reminders.tell_ending(JOB) == 0


def test_every_permission_is_told_of_by_itself(cast: Cast) -> None:
    cast.share()
    cast.share()
    ends(2)

    assert reminders.tell_ending(JOB) == 2
    assert kinds(cast.bob).count(NoticeKind.ENDING) == 2
