"""Asking whoever held a permission to destroy copies, and what they answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from accounts import audit, keys
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Patient, User
from sharing import policy
from sharing.models import (
    Answer,
    Attestation,
    Grant,
    NoticeKind,
    Path,
    PractitionerRole,
    Reason,
)  # fmt: skip
from sharing.policy import Action
from sharing.services import endings, notices
from sharing.services.endings import Ended

ASKED = (Path.PERSON, Path.PROXY, Path.FACILITY)
COPIED = """
    WITH RECURSIVE ended AS (
        SELECT id FROM unnest(%(ids)s::uuid[]) AS id
        UNION
        SELECT g.replaces FROM sharing_grant g JOIN ended ON g.id = ended.id
        WHERE g.patient_id = %(patient)s AND g.replaces IS NOT NULL
    )
    SELECT id FROM ended WHERE EXISTS (
        SELECT 1 FROM accounts_auditevent e
        WHERE e.basis = 'grant:' || ended.id AND e.patient_id = %(patient)s
          AND e.action = %(action)s AND e.outcome = %(outcome)s
    )
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question about copies, as its patient or who is to answer sees it."""

    row: Attestation
    patient_name: str
    words: str
    facility: str
    who: str = ""
    ended: Ended | None = None

    @property
    def how(self) -> str:
        """How the permission ended, told to who is asked."""
        if self.ended is None or self.ended.at is None:
            return ""
        return self.ended.sentence(endings.TO_HOLDER, date_format(self.ended.at, "j F Y"))

    @property
    def state(self) -> str:
        """One of: answered, overdue, waiting."""
        if self.row.answered_at:
            return "answered"
        return "overdue" if self.row.due_at <= timezone.now() else "waiting"


def ask(actor: Actor, patient_id: UUID, grant_ids: Iterable[UUID]) -> int:
    """Ask about the copies taken under permissions that have just ended, within the open act.

    Nobody is asked who copied nothing, nor whose permission was only changed and goes on. Returns
    how many are asked now.
    """
    copied = _copied(patient_id, list(grant_ids))
    if not copied:
        return 0
    name = accounts.name_of(Patient.objects.get(pk=patient_id))
    rows = [_question(grant, name) for grant in copied]
    Attestation.objects.bulk_create(rows, ignore_conflicts=True)
    for row in rows:
        notices.tell(
            actor, NoticeKind.DESTROY, patient_id=patient_id, grant_id=row.grant_id,
            organization_id=row.organization_id, to=_answerers(row),
        )  # fmt: skip
    return len(rows)


def ask_expired(actor: Actor, *, most: int = 200) -> int:
    """Ask about the copies taken under permissions that ended by themselves. For a job.

    Looked for is what ended within the last `PHR_DESTROY_DAYS`. Returns how many are asked now.
    """
    since = timezone.now() - timedelta(days=settings.PHR_DESTROY_DAYS)
    with acting_as(actor):
        rows = Grant.objects.filter(
            ~Exists(Attestation.objects.filter(grant=OuterRef("pk"))),
            revoked_at=None, ends_at__lte=Now(), ends_at__gt=since, path__in=ASKED,
        )  # fmt: skip
        ended = rows.order_by("patient_id", "pk").values_list("patient_id", "pk")
        each = groupby(ended, lambda one: one[0])
        found = {whose: [pk for _, pk in both] for whose, both in each}
    done = 0
    for patient_id, grant_ids in found.items():
        if done >= most:
            break
        with acting_as(actor, about=patient_id):
            done += ask(actor, patient_id, grant_ids)
    return done


def _copied(patient_id: UUID, grant_ids: list[UUID]) -> list[Grant]:
    """Those under which something was copied, with those that they replaced."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"ids": grant_ids, "patient": patient_id}
        cursor.execute(COPIED, values | {"action": Action.COPY.value, "outcome": audit.SUCCESS})
        found = [pk for (pk,) in cursor.fetchall()]
    if not found:
        return []
    goes_on = Grant.objects.filter(replaces=OuterRef("pk"), revoked_at=None)
    over = Q(revoked_at__isnull=False) | Q(ends_at__lte=Now())
    return list(Grant.objects.filter(over, ~Exists(goes_on), path__in=ASKED, pk__in=found))


def _question(grant: Grant, name: str) -> Attestation:
    facility = grant.path == Path.FACILITY
    row = Attestation(
        grant=grant,
        patient_id=grant.patient_id,
        grantee_id=None if facility else grant.grantee_id,
        organization_id=grant.organization_id if facility else None,
        due_at=timezone.now() + timedelta(days=settings.PHR_DESTROY_DAYS),
    )
    row.name_sealed = _seal(row, "name", name)
    return row


def _seal(row: Attestation, field: str, text: str) -> bytes:
    return keys.seal(row.patient_id, keys.Purpose.BODY, _place(row, field), text.encode())


def _open(row: Attestation, field: str, sealed: bytes | memoryview | None) -> str:
    if sealed is None:
        return ""
    place = _place(row, field)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, place, bytes(sealed)).decode()


def _place(row: Attestation, field: str) -> str:
    return f"sharing_attestation/{row.pk}/{field}"


def _answerers(row: Attestation) -> list[UUID]:
    """The ids of the users who may answer: the holder, or who administers the facility.

    Of one that has closed: who did then.
    """
    if row.grantee_id:
        return [row.grantee_id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_answerers(%s)", [row.organization_id])
        return [user_id for (user_id,) in cursor.fetchall()]


def asked_of_me(actor: Actor, *, most: int = 200) -> list[Asked]:
    """What the actor, or a facility she manages, was asked about copies; unanswered ones first."""
    with acting_as(actor):
        rows = _mine(actor).order_by("-answered_at", "due_at", "id")
        waiting, done = rows.filter(answered_at=None), rows.filter(answered_at__isnull=False)
        return _with_ends(actor, [_told(row) for row in [*waiting[:most], *done[:most]]])


def _with_ends(actor: Actor, asked: list[Asked]) -> list[Asked]:
    ends = endings.of_asked(actor, [one.row.grant_id for one in asked])
    return [replace(one, ended=ends.get(one.row.grant_id)) for one in asked]


def _mine(actor: Actor) -> QuerySet[Attestation]:
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("read")
    managed = PractitionerRole.objects.answering().filter(user=actor.user_id)
    hers = Q(grantee=actor.user_id) | Q(organization__in=managed.values("organization"))
    return Attestation.objects.filter(hers).select_related("organization")


def one_of_mine(actor: Actor, attestation_id: UUID) -> Asked:
    """One such question, or `Denied`."""
    with acting_as(actor):
        return _with_ends(actor, [_told(_one(actor, attestation_id))])[0]


def _one(actor: Actor, attestation_id: UUID) -> Attestation:
    row = _mine(actor).filter(pk=attestation_id).first()
    if row is None:
        raise Denied("attest", subject=f"Attestation/{attestation_id}")
    return row


def _told(row: Attestation, who: str = "") -> Asked:
    return Asked(
        row,
        _open(row, "name", row.name_sealed),
        _open(row, "words", row.words_sealed),
        row.organization.name if row.organization else "",
        who,
    )


def attest(
    actor: Actor, attestation_id: UUID, *, answer: Answer, reason: Reason | None, words: str
) -> None:
    """Answer, once, what became of the copies; its patient is told. Raises `Denied` for others.

    Raises ValueError where a reason is missing, or given for copies that are gone.
    """
    if (reason is None) is (answer is Answer.CANNOT):
        raise ValueError("a reason belongs to copies that cannot be destroyed")
    with acting_as(actor):
        row = _one(actor, attestation_id)
        answered = Attestation.objects.filter(pk=row.pk, answered_at=None).update(
            answer=answer, reason=reason or "", answered_at=Now(), answered_by_id=actor.user_id,
            words_sealed=_seal(row, "words", words) if words else None,
        )  # fmt: skip
        if not answered:
            raise Denied("attest", patient_id=row.patient_id, subject=f"Attestation/{row.pk}")
        notices.tell(
            actor, NoticeKind.ATTESTED, patient_id=row.patient_id, grant_id=row.grant_id,
            organization_id=row.organization_id,
        )  # fmt: skip
        note("attest", patient_id=row.patient_id, subject=f"Grant/{row.grant_id}",
             basis=f"grant:{row.grant_id}")  # fmt: skip


def of_grant(actor: Actor, grant_id: UUID) -> Asked | None:
    """What was asked and answered about one of the actor's own permissions."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = Grant.objects.filter(pk=grant_id, patient=patient).first()
        return of_permission(row) if row else None


def can_be_answered(actor: Actor, grant_id: UUID) -> bool:
    """Whether somebody was asked about one of the actor's own permissions and can answer here."""
    with acting_as(actor):
        mine = Attestation.objects.filter(patient=policy.require_own(actor), answered_at=None)
        row = mine.filter(grant=grant_id).first()
        there = _answerers(row) if row else []
        return User.objects.filter(pk__in=there, is_active=True).exists()


def of_permission(grant: Grant) -> Asked | None:
    """The same of a permission that the policy already let through. Within an open act."""
    row = Attestation.objects.filter(grant=grant).select_related("organization").first()
    return _told(row, _who(row)) if row else None


def _who(row: Attestation) -> str:
    people = accounts.people({row.answered_by_id} if row.answered_by_id else set())
    return people[row.answered_by_id].name if row.answered_by_id in people else ""


def states(actor: Actor, *, patient: Patient | None = None) -> dict[UUID, str]:
    """For each of the actor's own permissions about which was asked: answered, overdue, waiting.

    `patient` is herself, where the open act knows her already.
    """
    with acting_as(actor):
        rows = Attestation.objects.filter(patient=patient or policy.require_own(actor))
        return {row.grant_id: Asked(row, "", "", "").state for row in rows}


def tell_overdue(actor: Actor, *, most: int = 200) -> int:
    """Tell both sides of questions that nobody answered in time, each once. Returns how many."""
    done = 0
    while done < most and _tell_one(actor):
        done += 1
    return done


def _tell_one(actor: Actor) -> bool:
    with acting_as(actor):
        late = Attestation.objects.select_for_update(skip_locked=True, of=("self",))
        row = late.filter(due_at__lte=Now(), answered_at=None, overdue_told_at=None).first()
        if row is None:
            return False
        Attestation.objects.filter(pk=row.pk).update(overdue_told_at=Now())
        for to in (None, _answerers(row)):
            notices.tell(
                actor, NoticeKind.UNANSWERED, patient_id=row.patient_id, to=to,
                grant_id=row.grant_id, organization_id=row.organization_id,
            )  # fmt: skip
        return True
