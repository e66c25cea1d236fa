"""Legal holds: what the person is told, and what workers do so that held items outlive an erasure.

How staff place and release them is in `placing.py`, how an item is sealed anew in `rehoming.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import ledger, mail
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, System
from accounts.due import each
from accounts.models import Patient, User
from phr.integrity import Beside
from phr.models import RecordFile
from phr.services import records, undoing
from rights.models import Erasure, HeldFile, Hold
from rights.models.erasures import PART, Scope
from rights.models.holds import HoldQuerySet
from rights.services import rehoming
from sharing import policy
from sharing.services import notices

OPEN_FOR = timedelta(days=7)
WHOLE = frozenset(set(Scope) - PART)


@dataclass(frozen=True, slots=True)
class Notice:
    """A hold as the person it is about may know it. `title` is empty where the item is gone."""

    record_id: UUID | None
    ground: Hold.Ground
    placed_at: datetime
    review_on: date
    placed_after_request: bool
    released_at: datetime | None
    title: str = ""

    @property
    def reason(self) -> str:
        """The ground in plain words."""
        if self.ground is Hold.Ground.LEGAL_OBLIGATION:
            return "A law says that we must keep it (GDPR Article 17(3)(b))."
        return "It is needed for a legal claim (GDPR Article 17(3)(e))."

    @property
    def certified(self) -> dict[str, str]:
        """What a certificate says of it: nothing that identifies."""
        when = "after" if self.placed_after_request else "before"
        return {
            "ground": self.reason,
            "review_on": self.review_on.isoformat(),
            "decided": f"{when} the request",
        }


def mine(actor: Actor) -> list[Notice]:
    """Every hold that ever counted on the actor's own items, newest first. Raises `Denied`."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        rows = list(Hold.objects.filter(patient_id=patient.pk, confirmed_at__isnull=False))
        named = records.titles(actor, [row.record_id for row in rows if row.record_id])
        return _notices(rows, named)


def left_out(actor: Actor, reference: str) -> list[Notice]:
    """What the erasure of this reference leaves out, for whoever knows it, newest first."""
    columns = "NULL, ground, placed_at, review_on, placed_after_request, released_at"
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM phr_erasure_holds(%s) ORDER BY placed_at DESC",  # noqa: S608
            [reference],
        )
        rows = cursor.fetchall()
    return [Notice(record_id, Hold.Ground(ground), *rest) for record_id, ground, *rest in rows]


def _notices(rows: list[Hold], named: dict[UUID, str]) -> list[Notice]:
    notices = [
        Notice(
            row.record_id,
            Hold.Ground(row.ground),
            row.confirmed_at,
            row.review_on,
            row.placed_after_request,
            row.released_at,
            named.get(row.record_id, "") if row.record_id else "",
        )
        for row in rows
        if row.confirmed_at
    ]
    return sorted(notices, key=lambda one: one.placed_at, reverse=True)


def rehome(actor: Actor, patient_id: UUID) -> int:
    """Seal every held item of a patient anew under its hold's key, before she and her key are purged.

    May be run again at any point. Call it when the erasure has been claimed (`attempts` counts), so
    that no hold is placed any more. Returns how many this run finished.
    """
    finished = _rehome(actor, patient_id, Q(), Q(), Q(scope__in=WHOLE))
    _forget_ended(actor, patient_id)
    return finished


def rehome_record(actor: Actor, patient_id: UUID, record_id: UUID) -> int:
    """The same before one record alone is purged, for every held one that a file of it belongs to."""
    with acting_as(actor, about=patient_id):
        files = Q(binary__records__record_id=record_id) | Q(
            binary__upload__provenances__record_id=record_id
        )
        losing = set(RecordFile.objects.filter(files).values_list("record_id", flat=True))
    going = Q(record_id=record_id)
    losers = Q(record_id__in=losing | {record_id})
    return _rehome(actor, patient_id, losers, going, going)


def rehome_import(actor: Actor, patient_id: UUID, upload_id: UUID) -> int:
    """The same before what came with one file is purged."""
    with acting_as(actor):
        kept = Hold.objects.filter(patient_id=patient_id, record_id__isnull=False)
        held = [one for one in kept.values_list("record_id", flat=True) if one]
    found = undoing.losing(actor, patient_id, upload_id, held)
    going = Q(record_id__in=[pk for pk, goes in found.items() if goes])
    return _rehome(actor, patient_id, Q(record_id__in=found), going, Q(upload_id=upload_id))


def _rehome(actor: Actor, patient_id: UUID, losing: Q, going: Q, asked: Q) -> int:
    """`losing` says which held items lose something, `going` which go, `asked` by which erasure."""
    with acting_as(actor):
        Hold.lock(patient_id)
        rows = Hold.objects.filter(patient_id=patient_id)
        asking = Erasure.objects.filter(asked, patient_id=patient_id, undone_at=None)
        rows.in_force().filter(going, erasure_id=None).update(
            erasure_id=asking.order_by("-hidden_at").values_list("pk", flat=True).first()
        )
        # Nobody confirmed in time; afterwards there is nothing left to hold.
        rows.waiting().filter(going).update(declined_at=Now())
        found = list(
            rows.homeless().filter(losing).order_by("asked_at").values_list("pk", flat=True)
        )
    return sum(rehoming.rehome(actor, hold_id, patient_id) for hold_id in found)


def _forget_ended(actor: Actor, patient_id: UUID) -> None:
    """Take the ids out of holds that keep nothing."""
    with acting_as(actor, about=patient_id):
        over = Q(declined_at__isnull=False) | Q(emptied_at__isnull=False)
        rows = Hold.objects.filter(over, patient_id=patient_id)
        rows.update(patient_id=None, record_id=None)


def destroy_held(actor: Actor, hold_id: UUID) -> bool:
    """Destroy what a released hold kept, and its key. Doing it twice changes nothing."""
    return rehoming.destroy(actor, hold_id)


def due(actor: Actor, *, most: int = 50) -> int:
    """Tell people of holds, and destroy what released ones kept. Returns how many were finished."""
    with acting_as(actor):
        ended = list(Hold.objects.ended().values_list("pk", flat=True)[:most])
        untold = list(_untold().values_list("pk", flat=True)[:most])
    destroyed = each(ended, lambda hold_id: destroy_held(actor, hold_id))
    return destroyed + each(untold, lambda hold_id: _tell(actor, hold_id))


def _untold() -> HoldQuerySet:
    placed = Q(confirmed_at__isnull=False, told_at=None)
    return Hold.objects.filter(placed | Q(released_at__isnull=False, release_told_at=None))


def _tell(actor: Actor, hold_id: UUID) -> bool:
    """Send a mail without content; there is nobody to send it to once the patient is erased."""
    with acting_as(actor):
        hold = _untold().select_for_update(skip_locked=True, no_key=True).filter(pk=hold_id).first()
        if hold is None:
            return False
        rows = Patient.objects.select_related("user", "opened_by")
        patient = rows.filter(pk=hold.patient_id).first() if hold.patient_id else None
        if patient and (reader := _reader(patient)):
            link = settings.PHR_ORIGIN + reverse("rights:holds")
            acting = settings.PHR_ORIGIN + reverse("sharing:acting")
            hers = reader.pk == patient.user_id
            mail.send(reader.email, "rights/hold", link=link, acting_link="" if hers else acting)
        hold.told_at = hold.told_at or timezone.now()
        hold.release_told_at = timezone.now() if hold.released_at else None
        hold.save(update_fields=["told_at", "release_told_at"])
        return True


def _reader(patient: Patient) -> User | None:
    """Who is told, also when she is leaving; of a dependent's who decides, or had it deleted."""
    if patient.opened_by is None:
        return patient.user
    return patient.opened_by if patient.erasing_at else notices.reader_of(patient.pk)


def replay(actor: Actor) -> int:
    """After a restore: end again every hold that had been released. Returns how many."""
    released = ledger.latest(ledger.Kind.HOLD)
    with acting_as(actor):
        rows = Hold.objects.filter(emptied_at=None, patient_id__isnull=False)
        found = list(rows.values_list("pk", "patient_id")) if released else []
    gone = [pair for pair in found if ledger.token(ledger.Kind.HOLD, str(pair[0])) in released]
    for hold_id, patient_id in gone:
        with acting_as(actor, about=patient_id):
            rehoming.empty(Hold.objects.select_for_update(no_key=True).get(pk=hold_id))
    return len(gone)


def beside(actor: Actor) -> Beside:
    """The files and keys of held items, for the check that files, rows and keys agree."""
    with acting_as(actor):
        rows = list(HeldFile.objects.values_list("name", "pk", "hold_id", "facts_sealed"))
        kept = set(
            Hold.objects.in_force().filter(rehomed_at__isnull=False).values_list("pk", flat=True)
        )
    whole = {name: pk for name, pk, hold_id, facts in rows if hold_id in kept and facts}
    return Beside({name for name, *_ in rows}, whole, kept)


def open_held(actor: Actor, hold_id: UUID) -> rehoming.Opened:
    """A re-homed item for the operator to hand over: once, within seven days of two people's order.

    Raises `Denied` without such an order, and for everybody but the operator.
    """
    with acting_as(actor):
        row = Hold.objects.in_force().filter(
            Q(opened_at=None) | Q(opened_at__lt=F("opening_allowed_at")),
            pk=hold_id,
            rehomed_at__isnull=False,
            opening_allowed_at__gt=timezone.now() - OPEN_FOR,
        )
        about = row.values_list("patient_id", flat=True).first()
        if actor.system != System.OPERATOR.value or about is None:
            raise Denied("hold-open", subject=f"Hold/{hold_id}")
    with acting_as(actor, about=about):
        hold = row.select_for_update(no_key=True).first()
        if hold is None:
            raise Denied("hold-open", subject=f"Hold/{hold_id}")
        hold.opened_at = timezone.now()
        hold.save(update_fields=["opened_at"])
        note(
            "hold-open",
            patient_id=about,
            subject=f"Hold/{hold.pk}",
            basis=hold.ground,
        )
        return rehoming.opened(hold)
