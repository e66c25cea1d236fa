"""What has run out is cleared away with the network addresses in it; what is in use stays."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts import expiry
from tests.cast import PURGER, Cast
from tests.doors import sign_in

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def counters() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_cache")
        return int(cursor.fetchone()[0])


def test_an_ended_session_goes_with_its_device(cast: Cast) -> None:
    del cast
    cache.clear()
    sign_in("alice@example.org").get("/account/")
    staying = sign_in("bob@example.org")
    staying.get("/account/")
    gone = UserSession.objects.get(user__email="alice@example.org")
    Session.objects.filter(pk=gone.session_key).update(
        expire_date=timezone.now() - timedelta(minutes=1)
    )

    assert expiry.clear_expired(PURGER) == 2

    assert not Session.objects.filter(pk=gone.session_key).exists()
    assert [device.user.email for device in UserSession.objects.all()] == ["bob@example.org"]
    assert staying.get("/account/").status_code == 200


def test_a_counter_goes_when_its_time_is_over() -> None:
    cache.clear()
    cache.set("running", 1, timeout=60)
    cache.set("over", 1, timeout=60)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_cache SET expires = now() - interval '1 minute'"
            " WHERE cache_key LIKE '%over'"
        )

    assert expiry.clear_expired(PURGER) == 1

    assert cache.get("running") == 1
    assert counters() == 1


def test_a_flood_of_counters_pushes_none_out() -> None:
    cache.clear()
    for number in range(500):
        cache.set(f"attempt-{number}", number, timeout=60)

    assert cache.get("attempt-0") == 0
    assert counters() == 500
