"""When the stages of an erasure are expected, reckoned from how the portal is set up now (C12, M34)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from rights.backups.catalogue import EXPIRY_EVERY
from rights.certificates import GONE, HIDDEN, UNREADABLE, Issued
from rights.models.erasures import PART
from rights.services import backups
from rights.services.erasures import Followed

# Workers look for due work every half minute; a large record takes some minutes.
PURGE_WITHIN = timedelta(hours=1)
# Of a single item a backup can still be read: its key is that of the whole record.
UNREADABLE_TITLES = {False: "Destroyed and unreadable", True: "Destroyed here"}


@dataclass(frozen=True, slots=True)
class Dates:
    """The latest instants at which the stages of an erasure asked for now come to pass."""

    hidden: datetime
    purged: datetime
    unreadable: datetime
    gone: datetime


def dates(*, undo_hours: int = 0) -> Dates:
    """For an erasure that is asked for now."""
    now = timezone.now()
    return _dates(now, now + timedelta(hours=undo_hours) + PURGE_WITHIN)


def _dates(hidden: datetime, purged: datetime) -> Dates:
    return Dates(
        hidden,
        purged,
        _gone("vault", purged),
        _gone("default", purged),
    )


def _gone(kind: str, purged: datetime) -> datetime:
    """When the last backup that holds anything from before `purged` will be seen gone."""
    ahead = purged - timezone.now()
    to_come = [backups.latest_gone_by(kind) + ahead] if ahead > timedelta() else []
    held = [row.expires_at + 2 * EXPIRY_EVERY for row in backups.exposures(purged, kind)]
    return max(to_come + held, default=timezone.now())


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the three stages: what it means, and when it was reached or is expected.

    `by` is None when the day that was reckoned is past already: no other is known.
    """

    number: int
    title: str
    at: datetime | None
    by: datetime | None
    certificate: Issued | None

    @property
    def is_near(self) -> bool:
        """Whether the hour is worth telling: further ahead, the day is as much as can be promised."""
        return self.by is not None and self.by < timezone.now() + timedelta(days=1)


def stages(followed: Followed) -> list[Stage]:
    """The three stages of one erasure; none once it was undone."""
    if followed.undone_at:
        return []
    item = followed.scope in PART
    soonest = max(followed.purge_after + PURGE_WITHIN, timezone.now())
    reckoned = _dates(followed.hidden_at, followed.purged_at or soonest)
    issued = {one.stage: one for one in followed.certificates}
    rows = (
        (HIDDEN, "Hidden from everyone", "hidden", reckoned.hidden),
        (
            UNREADABLE,
            UNREADABLE_TITLES[item],
            "unreadable",
            reckoned.purged if item else reckoned.unreadable,
        ),
        (GONE, "Gone from the last backup", "gone", reckoned.gone),
    )
    return [
        Stage(number, title, _at(followed, step), _ahead(by), issued.get(number))
        for number, title, step, by in rows
    ]


def _ahead(by: datetime) -> datetime | None:
    return by if by > timezone.now() else None


def _at(followed: Followed, step: str) -> datetime | None:
    if step == "hidden":
        # True from the request on; its certificate is written a moment later.
        return followed.hidden_at
    text = followed.steps.get(step)
    return datetime.fromisoformat(text) if text else None
