"""What has run out is cleared away: sessions, devices of sessions, counters of attempts to sign in."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor


def clear_expired(actor: Actor) -> int:
    """Delete what no one can use any more, with the network addresses in it. Returns how many rows."""
    with acting_as(actor):
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        alive = Session.objects.filter(session_key=OuterRef("session_key"))
        devices, _ = UserSession.objects.exclude(Exists(alive)).delete()
        return int(sessions + devices + _clear_counters())


def _clear_counters() -> int:
    # Django's cache in the database deletes nothing by itself until it is full.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_cache WHERE expires < statement_timestamp()")
        return int(cursor.rowcount)
