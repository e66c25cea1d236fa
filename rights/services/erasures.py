"""Erasing (GDPR Art. 17): what a person asks for, what she and others can see of it, and undoing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from accounts import leaving, ledger, mail
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import Patient, User
from accounts.wake import wake
from phr.services import removal, undoing
from rights import certificates
from rights.certificates import Issued
from rights.models import Erasure
from rights.models.erasures import PART, Scope, reference_of
from sharing import policy
from sharing.categories import Category
from sharing.holding import hold
from sharing.policy import Action

UNDONE = "undone"
KINDS = {Scope.ITEM: Kind.RECORD, Scope.IMPORT: Kind.IMPORT}
MOST_SHOWN = 100
# One sentence for every reason: it must not tell whether a password was right.
NOT_UNDONE = "Check the email address and the password. It may also be too late to undo this."

KEEPS = (
    "You opened a record for somebody who has no account here. Hand it over or delete it first, under"
    " “People I act for”. If you can do neither, write to us."
)


class Refused(Exception):
    """An erasure that cannot be begun or undone; the text is one sentence for the person."""


def erase_record(actor: Actor, record_id: UUID) -> UUID:
    """Erase one of the actor's own records. Returns the Erasure's id."""
    erasure = _new(Scope.ITEM, record_id=record_id)
    with acting_as(actor):
        erasure.patient_id, category = removal.hide_record(actor, record_id)
        erasure.planned = {category: 1}
        _remember(erasure)
        _begin(erasure)
    return erasure.pk


def undo_import(actor: Actor, upload_id: UUID) -> str:
    """Erase what came with one of the actor's own files alone, and the file. Returns the reference.

    Raises `Denied` for a file that was not added, `Restricted` while the record must rest.
    """
    erasure = _new(Scope.IMPORT, upload_id=upload_id)
    with acting_as(actor):
        erasure.patient_id, erasure.planned = undoing.hide_import(actor, upload_id)
        _remember(erasure)
        _begin(erasure)
    return erasure.reference


def erase_everything(actor: Actor, *, account: bool, undo_hours: int) -> str:
    """Erase the actor's whole record, and her account too where `account` says so.

    Hidden from everyone in this transaction; destroyed once `undo_hours` have passed. Returns the
    reference. Raises `Denied` where there is nothing to erase, `Refused` for staff and for who
    opened a record for somebody else and would leave it to nobody.
    """
    scope = Scope.ACCOUNT if account else Scope.RECORD
    erasure = _new(scope, purge_after=timezone.now() + timedelta(hours=undo_hours))
    with acting_as(actor):
        user = _leaver(actor)
        if begun := _begun(user, account=account, undo_hours=undo_hours):
            return begun
        if account and Patient.objects.filter(opened_by=user.pk, erasing_at=None).exists():
            raise Refused(KEEPS)
        patient = Patient.objects.filter(user_id=user.pk).first()
        if patient is None and not account:
            raise Denied("erase")
        erasure.user_id, erasure.patient_id = user.pk, patient.pk if patient else None
        erasure.planned = removal.counts(actor) if patient else {}
        _remember(erasure)
        _begin(erasure)
        tell(erasure, accounts.verified_addresses(user.pk))
        hide(erasure)
    return erasure.reference


def erase_dependent(actor: Actor) -> str:
    """Erase the whole record of the dependent whom the actor acts and decides for.

    The placeholder goes with it, and nothing can be undone: nobody signs in to it. Returns the
    reference. Raises `Denied`.
    """
    erasure = _new(Scope.ACCOUNT)
    with acting_as(actor):
        # Before it is decided: who takes the record over meanwhile keeps it.
        if actor.acting_for:
            hold(actor.acting_for)
        patient, opener = require_dependent(actor)
        erasure.user_id, erasure.patient_id = patient.user_id, patient.pk
        erasure.planned = removal.counts(actor)
        _remember(erasure)
        _begin(erasure)
        tell(erasure, accounts.verified_addresses(opener))
        hide(erasure)
    return erasure.reference


def require_dependent(actor: Actor) -> tuple[Patient, UUID]:
    """The dependent whom the actor acts and decides for, and who opened her record, or `Denied`."""
    with acting_as(actor):
        patient = policy.require_own(actor, Action.DELETE)
        if patient.opened_by_id is None:
            raise Denied("erase", patient_id=patient.pk, subject=f"Patient/{patient.pk}")
        return patient, patient.opened_by_id


def _leaver(actor: Actor) -> User:
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("erase")
    user = User.objects.select_for_update(no_key=True).get(pk=actor.user_id)
    if user.is_staff:
        raise Refused("You are a member of staff. Ask a colleague to end that first.")
    return user


def _begun(user: User, *, account: bool, undo_hours: int) -> str:
    """The reference of what this person asked for already: a button may be pressed twice.

    Deleting the account ends the time in which deleting the record could be undone.
    """
    open_ = Erasure.objects.filter(user_id=user.pk, undone_at=None, purged_at=None)
    row = open_.exclude(scope__in=PART).order_by("-hidden_at").first()
    if row is None or (account and row.scope == Scope.RECORD):
        if row is not None and undo_hours:
            raise Refused(
                "Your record is being deleted already. Undo that first, or choose no time to"
                " change your mind."
            )
        if row is not None:
            open_.filter(pk=row.pk).update(purge_after=Now(), due_at=Now())
        return ""
    return row.reference


def _new(
    scope: Scope,
    *,
    record_id: UUID | None = None,
    upload_id: UUID | None = None,
    purge_after: datetime | None = None,
) -> Erasure:
    pk = uuid4()
    now = timezone.now()
    return Erasure(
        id=pk,
        reference=reference_of(pk),
        scope=scope,
        record_id=record_id,
        upload_id=upload_id,
        hidden_at=now,
        purge_after=purge_after or now,
        due_at=now,
    )


def _remember(erasure: Erasure) -> None:
    """Write it into the ledger before anything happens: whatever is killed now, it will be done."""
    kind = KINDS.get(Scope(erasure.scope), Kind.ERASURE)
    state = f"{erasure.scope} {erasure.purge_after.isoformat(timespec='seconds')}"
    ledger.remember(kind, subject(erasure), state=state, entry_id=erasure.pk)


def subject(erasure: Erasure) -> str:
    """What the ledger names this erasure by."""
    if erasure.scope == Scope.ACCOUNT:
        return f"user {erasure.user_id}"
    return str(erasure.record_id or erasure.upload_id or erasure.patient_id)


def _begin(erasure: Erasure) -> None:
    erasure.save(force_insert=True)
    subject = f"Erasure/{erasure.pk}"
    note("erase", patient_id=erasure.patient_id, subject=subject, basis="owner")
    wake("rights.tasks.purge", erasure.pk)


def tell(erasure: Erasure, addresses: Iterable[str]) -> None:
    """To every address of hers: if it was not she, she learns of it in time."""
    link = settings.PHR_ORIGIN + reverse("rights:erasure", args=[erasure.reference])
    undo = erasure.purge_after if erasure.purge_after > timezone.now() else None
    for address in addresses:
        mail.send(address, "rights/erasure", link=link, undo_until=undo)


def hide(erasure: Erasure) -> None:
    """Inside the caller's act: from its commit on nobody sees anything of the record or account."""
    if erasure.patient_id:
        with connection.cursor() as cursor:
            cursor.execute("SELECT phr_hide(%s)", [erasure.patient_id])
    if erasure.scope == Scope.ACCOUNT and erasure.user_id:
        leaving.close(erasure.user_id)


@dataclass(frozen=True, slots=True)
class Followed:
    """An erasure as anybody who was told its reference may see it."""

    reference: str
    scope: Scope
    planned: dict[str, int]
    steps: dict[str, str]
    hidden_at: datetime
    purge_after: datetime
    undone_at: datetime | None
    purged_at: datetime | None
    finished_at: datetime | None
    certificates: tuple[Issued, ...] = ()

    @property
    def items(self) -> list[tuple[str, int]]:
        """How many items there were, by the words for their category."""
        return [(Category(name).label, count) for name, count in sorted(self.planned.items())]

    @property
    def can_be_undone(self) -> bool:
        later = self.purge_after > timezone.now()
        return later and self.undone_at is None and "window" not in self.steps

    @property
    def mark(self) -> str:
        """Another text whenever a page that shows this erasure would say something else."""
        said = (self.purged_at, self.undone_at, self.finished_at, self.can_be_undone)
        return f"{len(self.certificates)}{''.join(str(int(bool(one))) for one in said)}"


COLUMNS = (
    "scope", "planned", "steps", "hidden_at", "purge_after", "undone_at", "purged_at", "finished_at",
)  # fmt: skip


def follow(actor: Actor, reference: str) -> Followed:
    """How far an erasure is, for whoever knows its reference. Raises Http404 for an unknown one."""
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM phr_erasure(%s)", [reference])  # noqa: S608
        row = cursor.fetchone()
    issued = tuple(certificates.issued(reference))
    if row is None:
        raise Http404
    fields = dict(zip(COLUMNS, row, strict=True))
    fields |= {name: orjson.loads(fields[name]) for name in ("planned", "steps")}
    return Followed(reference, certificates=issued, **fields)


def own(actor: Actor) -> list[Erasure]:
    """The erasures of single items and imports that a backup may still hold, newest first."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        rows = Erasure.objects.filter(patient_id=patient.pk, finished_at=None, scope__in=PART)
        return list(rows.order_by("-hidden_at")[:MOST_SHOWN])


def prove(email: str, password: str) -> Actor:
    """Who wants to undo an erasure after her account was closed. Raises `Refused`."""
    user_id = leaving.who_is_leaving(email, password)
    if user_id is None:
        raise Refused(NOT_UNDONE)
    return Actor.session(user_id)


def undo(actor: Actor, reference: str) -> None:
    """Undo one of the actor's own erasures inside its undo window. Raises `Refused` when it is over.

    The record comes back as it was, but every permission and session stays ended.
    """
    with acting_as(actor):
        rows = Erasure.objects.filter(reference=reference, user_id=actor.user_id, undone_at=None)
        # By the database's clock, and by what a worker may have begun: see the step `window`.
        row = rows.filter(purge_after__gt=Now()).select_for_update().first()
        if row is None or row.done("window") or actor.user_id is None:
            raise Refused(NOT_UNDONE)
        show_again(row)
        # Not before the commit: a ledger that says so too early could bring back what is erased.
        transaction.on_commit(partial(remember_undone, row), robust=True)
        note("undo", patient_id=row.patient_id, subject=f"Erasure/{row.pk}", basis="owner")


def undone(erasure_id: UUID) -> str:
    """How the ledger says that one erasure is not to be made again."""
    return f"{UNDONE} {erasure_id.hex}"


def remember_undone(erasure: Erasure) -> None:
    """Write into the ledger that this erasure is not to be made again."""
    ledger.remember(Kind.ERASURE, subject(erasure), state=undone(erasure.pk))


def show_again(erasure: Erasure) -> None:
    """Inside the caller's act: take the hiding back."""
    Erasure.objects.filter(pk=erasure.pk).update(undone_at=timezone.now())
    if erasure.user_id and erasure.scope == Scope.ACCOUNT:
        leaving.reopen(erasure.user_id)
    if erasure.patient_id:
        with connection.cursor() as cursor:
            cursor.execute("SELECT phr_show_again(%s)", [erasure.patient_id])
