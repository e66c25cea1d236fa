"""Requests that come by e-mail or letter: written down by staff as a case of the person's own."""

from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import User
from rights import casework, clocks, letters
from rights.casework import Refused
from rights.models import Case
from rights.regimes import Jurisdiction, Right

OLDEST: Final = timedelta(days=90)
TAKEN_IN: Final = "taken in"


def take_in(
    actor: Actor,
    email: str,
    *,
    right: Right,
    jurisdiction: Jurisdiction,
    received_on: date,
    words: str,
) -> str:
    """Write down a request that came another way. Returns the case's reference.

    The clock starts on the day it came. The person is told by mail to the address she signs in with
    and reads the case there, so whoever wrote in her name gains nothing. Raises `Refused` for an
    address nobody signs in with and for a day that cannot be, `Denied` for anybody but staff and
    for one's own account.
    """
    if actor.door is not Door.STAFF:
        raise Denied("case-take-in")
    with acting_as(actor):
        user = User.objects.filter(email=email.lower(), is_active=True).first()
        if user is None:
            raise Refused("Nobody signs in with this address.")
        if user.pk == actor.user_id:
            raise Denied("case-take-in")
        case = Case(user_id=user.pk, jurisdiction=jurisdiction, received_at=_instant(received_on))
        case.patient_id = _record_of(user)
        case.save()
        casework.begin(case, right, received_on)
        letters.write(case, words, by_desk=True, about=TAKEN_IN)
        note("case-take-in", patient_id=case.patient_id, subject=f"Case/{case.pk}", basis="desk")
        casework.tell(case)
        return case.reference


def _instant(day: date) -> datetime:
    today = clocks.today("portal")
    if not today - OLDEST <= day <= today:
        raise Refused(f"The day must be within the last {OLDEST.days} days.")
    return datetime.combine(day, time.min, tzinfo=settings.PHR_LEGAL_ZONE)


def _record_of(user: User) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_record_of(%s)", [user.pk])
        row = cursor.fetchone()
    return row[0] if row else None
