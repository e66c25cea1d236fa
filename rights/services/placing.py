"""Placing, releasing and opening legal holds: two members of staff, neither about herself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.wake import wake
from rights.models import Erasure, Hold, RightRequest
from rights.models.erasures import PART, Scope
from rights.models.holds import LONGEST
from rights.regimes import Right

NEXT_REVIEW = timedelta(days=180)


def ask_hold(
    actor: Actor, patient_id: UUID, record_id: UUID, *, ground: Hold.Ground, review_on: date
) -> UUID:
    """Ask that one item be kept whatever is erased; it counts once a colleague confirms.

    Returns the Hold's id. Raises `Denied` for who is no staff, for her own record, for an item that
    is not there, is being destroyed or is held on this ground already; ValueError for a review day
    that is not within a year.
    """
    today = timezone.now().date()
    if not today < review_on <= today + LONGEST:
        raise ValueError("The review must be within a year.")
    with acting_as(actor):
        staff_id = _staff(actor, f"Record/{record_id}")
        Hold.lock(patient_id)
        _require_there(patient_id, record_id)
        _require_new(record_id, ground)
        hold = Hold(
            patient_id=patient_id,
            record_id=record_id,
            ground=ground.value,
            review_on=review_on,
            placed_after_request=_asked_to_erase(patient_id, record_id),
            asked_by=staff_id,
        )
        hold.save(force_insert=True)
        _note(hold, "hold-ask")
        return hold.pk


def confirm_hold(actor: Actor, hold_id: UUID) -> None:
    """Let a hold that a colleague asked for count from now on; the patient is told.

    Raises `Denied` for whoever asked, for one's own record, and when the item is gone or going.
    """
    with _deciding(actor, hold_id, "hold") as hold:
        _require(hold.state == "waiting" and hold.asked_by != actor.user_id, hold, "hold")
        _require_there(hold.patient_id, hold.record_id)
        hold.confirmed_by, hold.confirmed_at = actor.user_id, timezone.now()
        hold.placed_after_request = _asked_to_erase(hold.patient_id, hold.record_id)
        hold.save(update_fields=["confirmed_by", "confirmed_at", "placed_after_request"])
        wake("rights.tasks.hold_due")


def decline_hold(actor: Actor, hold_id: UUID) -> None:
    """Turn down, or take back, what was asked; it never counts. Anybody of the staff may."""
    with _deciding(actor, hold_id, "hold-decline") as hold:
        _require(hold.state == "waiting", hold, "hold-decline")
        hold.declined_by, hold.declined_at = actor.user_id, timezone.now()
        hold.save(update_fields=["declined_by", "declined_at"])


def review_hold(actor: Actor, hold_id: UUID) -> None:
    """The ground was looked at again and still holds; the next look is due in half a year."""
    with _deciding(actor, hold_id, "hold-review") as hold:
        _require(hold.state == "in force", hold, "hold-review")
        now = timezone.now()
        hold.reviewed_by, hold.reviewed_at = actor.user_id, now
        hold.review_on = (now + NEXT_REVIEW).date()
        hold.save(update_fields=["reviewed_by", "reviewed_at", "review_on"])


def ask_release(actor: Actor, hold_id: UUID) -> None:
    """Ask that a hold end. Raises `Denied` for one's own record."""
    with _deciding(actor, hold_id, "hold-release-ask") as hold:
        _require(hold.state == "in force", hold, "hold-release-ask")
        hold.release_asked_by, hold.release_asked_at = actor.user_id, timezone.now()
        hold.save(update_fields=["release_asked_by", "release_asked_at"])


def decline_release(actor: Actor, hold_id: UUID) -> None:
    """The hold goes on. Anybody of the staff may, but for her own record."""
    with _deciding(actor, hold_id, "hold-release-decline") as hold:
        _require(hold.state == "release asked", hold, "hold-release-decline")
        hold.release_asked_by = hold.release_asked_at = None
        hold.save(update_fields=["release_asked_by", "release_asked_at"])


def confirm_release(actor: Actor, hold_id: UUID) -> None:
    """End a hold whose release a colleague asked for; what was kept for it alone is destroyed at once.

    Raises `Denied` for whoever asked, and for one's own record.
    """
    with _deciding(actor, hold_id, "hold-release") as hold:
        other = hold.release_asked_by != actor.user_id
        _require(hold.state == "release asked" and other, hold, "hold-release")
        ledger.remember(ledger.Kind.HOLD, str(hold.pk))
        hold.released_by, hold.released_at = actor.user_id, timezone.now()
        hold.save(update_fields=["released_by", "released_at"])
        wake("rights.tasks.destroy_held", hold.pk)


def ask_opening(actor: Actor, hold_id: UUID) -> None:
    """Ask that the operator may take a held item out of the portal, once (for a court, an authority)."""
    with _deciding(actor, hold_id, "hold-opening-ask") as hold:
        _require(hold.state in {"in force", "release asked"}, hold, "hold-opening-ask")
        hold.opening_asked_by, hold.opening_asked_at = actor.user_id, timezone.now()
        hold.opening_allowed_by = hold.opening_allowed_at = None
        hold.save(
            update_fields=[
                "opening_asked_by", "opening_asked_at", "opening_allowed_by", "opening_allowed_at",
            ]
        )  # fmt: skip


def allow_opening(actor: Actor, hold_id: UUID) -> None:
    """Allow it, within seven days. Raises `Denied` for whoever asked, and for one's own record."""
    with _deciding(actor, hold_id, "hold-opening") as hold:
        other = hold.opening_asked_by not in {None, actor.user_id}
        open_ = hold.state in {"in force", "release asked"} and hold.opening_allowed_at is None
        _require(open_ and other, hold, "hold-opening")
        hold.opening_allowed_by, hold.opening_allowed_at = actor.user_id, timezone.now()
        hold.save(update_fields=["opening_allowed_by", "opening_allowed_at"])


def _staff(actor: Actor, subject: str) -> UUID:
    if actor.door is not Door.STAFF or actor.user_id is None:
        raise Denied("hold", subject=subject)
    return actor.user_id


@contextmanager
def _deciding(actor: Actor, hold_id: UUID, action: str) -> Iterator[Hold]:
    """One hold in a member of staff's hands, locked; what she does with it is noted."""
    with acting_as(actor):
        _staff(actor, f"Hold/{hold_id}")
        found = Hold.objects.filter(pk=hold_id, patient_id__isnull=False)
        Hold.lock(found.values_list("patient_id", flat=True).first())
        # Behind the wall, nobody gets her own record's hold for a change.
        hold = found.select_for_update(no_key=True).first()
        if hold is None:
            raise Denied(action, subject=f"Hold/{hold_id}")
        yield hold
        _note(hold, action)


def _require(right: bool, hold: Hold, action: str) -> None:  # noqa: FBT001 - an assertion
    if not right:
        raise Denied(action, subject=f"Hold/{hold.pk}")


def _note(hold: Hold, action: str) -> None:
    note(
        action,
        patient_id=hold.patient_id,
        records=[hold.record_id] if hold.record_id else [],
        subject=f"Hold/{hold.pk}",
        basis=hold.ground,
    )


def _require_there(patient_id: UUID | None, record_id: UUID | None) -> None:
    """Raise `Denied` unless the item is there, is another person's, and is not being destroyed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_may_hold(%s, %s)", [patient_id, record_id])
        there = cursor.fetchone() == (True,)
    # From its claim on, after the undo window, a worker may have looked which holds there are.
    begun = _erasures(patient_id, record_id).filter(attempts__gt=0, purge_after__lte=Now())
    if not there or begun.exists():
        raise Denied("hold", subject=f"Record/{record_id}")


def _require_new(record_id: UUID, ground: Hold.Ground) -> None:
    same = Hold.objects.filter(record_id=record_id, ground=ground.value)
    if same.filter(declined_at=None, released_at=None, emptied_at=None).exists():
        raise Denied("hold", subject=f"Record/{record_id}")


def _asked_to_erase(patient_id: UUID | None, record_id: UUID | None) -> bool:
    """Whether the person had asked for deletion before: with her own button, or at the desk."""
    asked = RightRequest.objects.filter(patient_id=patient_id, right=Right.ERASURE)
    open_ = asked.exclude(state="withdrawn")
    return _erasures(patient_id, record_id).exists() or open_.exists()


def _erasures(patient_id: UUID | None, record_id: UUID | None) -> QuerySet[Erasure]:
    """What was asked of this item or of all, and not undone.

    While an import is being undone that may be any item: staff cannot see which came with it.
    """
    either = Q(record_id=record_id) | Q(scope__in=set(Scope) - PART)
    either |= Q(scope=Scope.IMPORT, purged_at=None)
    return Erasure.objects.filter(either, patient_id=patient_id, undone_at=None)
