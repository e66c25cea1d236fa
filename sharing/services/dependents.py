"""A record for somebody who has no account: her child, or an adult whom she was appointed for.

What who opens it may do ends by itself: the policy judges the two permissions made here at each
access, and needs no job on a birthday.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import Patient
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Authority, Grant, Path, Purpose
from sharing.scopes import Scope, seal_agreement, whole
from sharing.services.granting import Refused

MOST = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """Whom a record is to be opened for, by what right, and until which day a court said so.

    `authority` is PARENT or GUARDIAN; `ends_on` is the last day of a guardian.
    """

    name: str
    born: date
    authority: Authority
    ends_on: date | None = None

    @property
    def decides_until(self) -> datetime | None:
        """When who opens it stops keeping the record and deciding about it; None is never."""
        if self.authority is Authority.PARENT:
            return birthday(self.born, settings.PHR_PROTECTED_FROM_AGE)
        ends = _midnight(self.ends_on, days=1) if self.ends_on else None
        majority = birthday(self.born, settings.PHR_MAJORITY_AGE)
        if majority > timezone.now():
            return min(ends, majority) if ends else majority
        return ends

    @property
    def looks_until(self) -> datetime | None:
        """When a parent stops looking at what is not sensitive; None where that never begins."""
        if self.authority is not Authority.PARENT:
            return None
        until = birthday(self.born, settings.PHR_MAJORITY_AGE)
        return until if self.decides_until and until > self.decides_until else None

    @property
    def hands_over_from(self) -> datetime:
        """From when on the person it is about can have an account of her own."""
        return birthday(self.born, settings.PHR_PROTECTED_FROM_AGE)

    def words(self) -> list[str]:
        """What is declared and agreed to, one sentence each; a page shows it and it is kept."""
        declared = _PARENT if self.authority is Authority.PARENT else _GUARDIAN
        said = (declared.format(name=self.name), _AGREED.format(name=self.name))
        return [said[0], *_foretold(self), said[1]]


_PARENT = "I am a parent of {name}, or have the duties of one. No court has taken that from me."
_GUARDIAN = "A court or an authority appointed me to decide for {name} about health care."
_AGREED = (
    "I agree, for {name}, that this portal keeps information about the health of {name}, as the page"
    " on privacy says."
)


def _foretold(draft: Draft) -> list[str]:
    name, ends, looks = draft.name, draft.decides_until, draft.looks_until
    begin = f"Until {_day(ends)}" if ends else "Until this is ended"
    if draft.authority is Authority.PARENT:
        begin += f", when {name} is {settings.PHR_PROTECTED_FROM_AGE},"
    words = [f"{begin} I keep the whole record of {name}, and I decide who else may see it."]
    if not (ends and looks):
        over = f"I can hand the record over to {name}. Then I see nothing of it any more."
        if draft.hands_over_from > timezone.now():
            over = f"From {_day(draft.hands_over_from)} on {over}"
        return [*words, over]
    later = (
        f"From then until {_day(looks)} I may only look at what is not sensitive, and send in such"
        f" items. I decide nothing then, and {name} can take even this away."
    )
    over = f"From {_day(ends)} on I can hand the record over to {name}, who then decides about it alone."
    return [*words, later, over]


def _day(at: datetime) -> str:
    return f"{timezone.localtime(at, settings.PHR_LEGAL_ZONE):%-d %B %Y}"


def birthday(born: date, age: int) -> datetime:
    """When the day begins on which somebody reaches an age; 28 February for a leap day."""
    year = born.year + age
    return _midnight(
        born.replace(day=1, year=year), days=min(born.day, _days(year, born.month)) - 1
    )


def _days(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _midnight(day: date, *, days: int) -> datetime:
    later = date.fromordinal(day.toordinal() + days)
    return datetime.combine(later, time.min, settings.PHR_LEGAL_ZONE)


def check(draft: Draft) -> None:
    """Raise `Refused` for whom nobody may open a record like this."""
    if draft.decides_until and draft.decides_until <= timezone.now():
        if draft.authority is Authority.GUARDIAN:
            raise Refused("This day is in the past. Then there is nothing to decide any more.")
        raise Refused(
            f"{draft.name} is {settings.PHR_PROTECTED_FROM_AGE} or older, and may have things to tell a"
            f" doctor in confidence. Let {draft.name} open an account and name you under “Somebody to"
            " act for you”."
        )


def open_record(actor: Actor, draft: Draft) -> UUID:
    """Open a record for somebody without an account, to act for her. Returns the Patient's id.

    Raises `Denied` for who is not here for herself, `Refused` for a child who is too old for it, for
    a day that is over and for too many records.
    """
    check(draft)
    with acting_as(actor):
        patient = accounts.begin_dependent(actor, name=draft.name, born=draft.born)
        if Patient.objects.filter(opened_by_id=actor.user_id).count() > MOST:
            raise Refused(f"You have opened {MOST} records for others. Hand one over first.")
        keeping = whole(_scope(ends_at=draft.decides_until))
        _give(actor, keeping, patient, draft, decides=True)
        if draft.looks_until:
            looking = _scope(starts_at=draft.decides_until, ends_at=draft.looks_until)
            _give(actor, looking, patient, draft)
        return patient.pk


def _scope(*, starts_at: datetime | None = None, ends_at: datetime | None) -> Scope:
    ordinary, every = (Sensitivity.N,), tuple(Category)
    return Scope(
        every, ordinary, may_copy=False, starts_at=starts_at, ends_at=ends_at,
        purpose=Purpose.FAMILY, inward_categories=every, inward_labels=ordinary,
    )  # fmt: skip


def _give(
    actor: Actor, scope: Scope, patient: Patient, draft: Draft, *, decides: bool = False
) -> None:
    row: Grant = scope.drawn_up(patient)
    row.path, row.authority = Path.PROXY, draft.authority
    row.may_manage = row.may_decide = decides
    row.grantee_id, row.accepted_at = actor.user_id, Now()
    row.invitation_ends_at = timezone.now()
    row.agreement_sealed = seal_agreement(row, "\n\n".join(draft.words()))
    row.save(force_insert=True)
    note("share", patient_id=patient.pk, subject=f"Grant/{row.pk}", basis="proxy")
