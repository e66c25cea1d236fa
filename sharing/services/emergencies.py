"""Emergencies (`break_glass`, HL7 v3 PurposeOfUse BTG): armed by a patient, opened by a facility's
person with the code on her card, looked at by staff afterwards."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse

from accounts import keys, ledger
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import Patient
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import (
    EmergencyAccess,
    EmergencyPlan,
    NoticeKind,
    Organization,
    Outcome,
)
from sharing.policy import Action
from sharing.services import notices
from sharing.services.recipients import Refused
from sharing.tokens import label_tokens, labels_of

# Crockford's Base32: no letter looks like a digit. 80 bits, of which a guess is hopeless.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SIGNS, GROUP = 16, 4
READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
HOURS = 4
OPEN = "break-glass"
NOTHING = (
    "This code opens nothing for you now. Check it. A facility and a person can open only so many "
    "records in an emergency on one day."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a patient lets be opened in an emergency; `code` is "" while it is not armed."""

    categories: tuple[Category, ...]
    labels: tuple[Sensitivity, ...]
    names_her: bool = True
    says_birth_date: bool = True
    code: str = ""
    name: str = ""
    born: date | None = None

    @property
    def armed(self) -> bool:
        return bool(self.code)

    @property
    def typed(self) -> str:
        """The code in groups, as it stands on the card."""
        return "-".join(self.code[at : at + GROUP] for at in range(0, len(self.code), GROUP))

    @property
    def url(self) -> str:
        return settings.PHR_ORIGIN + reverse("sharing:emergency_card", args=[self.typed])


def plan(actor: Actor) -> Plan | None:
    """The actor's own plan; None until she made one. Raises `Denied` without a record."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = EmergencyPlan.objects.filter(patient=patient).first()
        return _shown(patient, row) if row else None


def _shown(patient: Patient, row: EmergencyPlan) -> Plan:
    sealed = bytes(row.code_sealed)
    code = keys.unseal(patient.pk, keys.Purpose.BODY, _place(row), sealed).decode()
    return Plan(
        tuple(one for one in Category if one.value in row.categories),
        tuple(labels_of(patient.pk, row.labels)),
        row.names_her,
        row.says_birth_date,
        code if row.armed_at else "",
        accounts.name_of(patient) if row.names_her else "",
        accounts.born_of(patient) if row.says_birth_date else None,
    )


def _place(row: EmergencyPlan) -> str:
    return f"sharing_emergencyplan/{row.pk}/code/{row.card}"


def arm(actor: Actor, chosen: Plan) -> None:
    """Let these kinds be opened in an emergency, with a new code: an earlier card ends.

    Raises `Denied` for who acts for somebody: a card has no end, and hers would outlast her.
    """
    if actor.acting_for:
        raise Denied("arm", patient_id=actor.acting_for)
    with acting_as(actor):
        patient = _held(actor, Action.SHARE)
        old = EmergencyPlan.objects.filter(patient=patient).first()
        if old:
            ledger.remember(Kind.REVOCATION, str(old.card))
        row = EmergencyPlan(patient=patient, armed_at=Now(), card=uuid4())
        tokens = label_tokens(patient.pk)
        row.categories = [one.value for one in chosen.categories]
        row.labels = [tokens[one] for one in chosen.labels]
        row.names_her, row.says_birth_date = chosen.names_her, chosen.says_birth_date
        code = "".join(secrets.choice(ALPHABET) for _ in range(SIGNS))
        row.lookup = _lookup(code)
        row.code_sealed = keys.seal(patient.pk, keys.Purpose.BODY, _place(row), code.encode())
        row.save(force_insert=old is None, force_update=old is not None)
        note("arm", patient_id=patient.pk, basis="owner")


def disarm(actor: Actor) -> None:
    """Let nothing be opened in an emergency any more. What was opened before is ended apart."""
    with acting_as(actor):
        patient = _held(actor, Action.READ)
        row = EmergencyPlan.objects.filter(patient=patient, armed_at__isnull=False).first()
        if row:
            ledger.remember(Kind.REVOCATION, str(row.card))
            EmergencyPlan.objects.filter(pk=row.pk).update(armed_at=None)
            note("disarm", patient_id=patient.pk, basis="owner")


def replay_disarming(actor: Actor) -> int:
    """After a restore: disarm again the cards that ended since. For a job; returns how many."""
    ended = ledger.latest(Kind.REVOCATION)
    with acting_as(actor):
        rows = EmergencyPlan.objects.filter(armed_at__isnull=False).values_list("pk", "card")
        again = [pk for pk, card in rows if ledger.token(Kind.REVOCATION, str(card)) in ended]
    for patient_id in again:
        with acting_as(actor, about=patient_id):
            EmergencyPlan.objects.filter(pk=patient_id).update(armed_at=None)
            note("disarm", patient_id=patient_id, basis="ledger")
    return len(again)


def _held(actor: Actor, action: Action) -> Patient:
    own = policy.require_own(actor, action)
    return Patient.objects.select_for_update(no_key=True).get(pk=own.pk)


def _lookup(code: str) -> bytes:
    """What the database finds a plan by: HMAC-SHA256 under a key that it does not know."""
    return hmac.digest(keys.portal_key("emergency"), code.encode(), sha256)


def as_written(typed: str) -> str:
    """A code as it was made, however it was typed."""
    return typed.strip().upper().translate(READ_AS)


# --- who helps --------------------------------------------------------------------------------------


def facilities(actor: Actor) -> list[Organization]:
    """Where the actor could open a record in an emergency from. Raises `Denied` for nowhere."""
    with acting_as(actor):
        found = list(policy.workplaces(actor))
        if not found:
            raise Denied(OPEN)
        return found


def break_glass(actor: Actor, typed: str, *, organization_id: UUID, reason: str) -> UUID:
    """Open a record in an emergency, for `HOURS` at most. Returns the Patient's id.

    The caller has looked that the second factor was proved in this session; the database looks at
    all the rest. The patient gets a notice. Raises `Refused` when the code opens nothing.
    """
    lookup, opened = _lookup(as_written(typed)), None
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute("SELECT phr_plan_of(%s)", [lookup])
        (whose,) = cursor.fetchone() or (None,)
        if whose:
            opened = _opened(actor, whose, lookup, organization_id, reason)
        if opened is None:
            # Without the code: it may be right and refused for another reason.
            note("break-glass-refused")
    if opened is None:
        raise Refused(NOTHING)
    return opened


def _opened(
    actor: Actor, whose: UUID, lookup: bytes, organization_id: UUID, reason: str
) -> UUID | None:
    grant_id, access_id = uuid4(), uuid4()
    place = f"sharing_emergencyaccess/{access_id}/reason"
    sealed = keys.seal(whose, keys.Purpose.BODY, place, reason.encode())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT phr_break_glass(%s, %s, %s, %s, %s, nextval('sharing_grant_serial'))",
            [lookup, organization_id, grant_id, access_id, sealed],
        )
        (opened,) = cursor.fetchone() or (None,)
    if opened is None:
        return None
    notices.tell(
        actor,
        NoticeKind.EMERGENCY,
        patient_id=whose,
        grant_id=grant_id,
        organization_id=organization_id,
    )
    subject = f"EmergencyAccess/{access_id}"
    note(OPEN, patient_id=whose, subject=subject, basis=f"grant:{grant_id}")
    return UUID(str(opened))


# --- the patient's own pages ------------------------------------------------------------------------


def reasons(actor: Actor) -> list[tuple[EmergencyAccess, str, accounts.Person]]:
    """Each time that the actor's own record was opened in an emergency: why, and by whom."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        rows = EmergencyAccess.objects.filter(patient=patient).select_related("organization")
        found = list(rows.order_by("-opened_at", "-id"))
        people = accounts.people({row.person_id for row in found})
        return [(row, reason_of(row), people[row.person_id]) for row in found]


def reason_of(row: EmergencyAccess) -> str:
    """Why somebody opened a record, in her words."""
    place = f"sharing_emergencyaccess/{row.pk}/reason"
    sealed = bytes(row.reason_sealed)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, place, sealed).decode()


# --- staff ------------------------------------------------------------------------------------------


def review(actor: Actor, access_id: UUID) -> tuple[EmergencyAccess, str]:
    """One emergency access, and why it was, for staff who look at it. Noted; raises `Denied`."""
    with acting_as(actor):
        rows = EmergencyAccess.objects.select_related("organization")
        row = rows.filter(pk=access_id).first()
        if actor.door is not Door.STAFF or row is None:
            raise Denied("review", subject=f"EmergencyAccess/{access_id}")
        subject = f"EmergencyAccess/{access_id}"
        note("emergency-read", patient_id=row.patient_id, subject=subject, basis="staff")
        return row, reason_of(row)


def close(actor: Actor, access_ids: Sequence[UUID], *, outcome: Outcome) -> int:
    """Say what staff found. Misuse ends the access at once, and the patient is told.

    Nobody closes her own, nor one from a facility that she works or worked at. Returns how many
    were closed.
    """
    done = 0
    for access_id in access_ids:
        with acting_as(actor), connection.cursor() as cursor:
            cursor.execute("SELECT phr_close_emergency(%s, %s)", [access_id, outcome.value])
            (grant_id,) = cursor.fetchone() or (None,)
            if grant_id is None:
                raise Denied("review", subject=f"EmergencyAccess/{access_id}")
            row = EmergencyAccess.objects.get(pk=access_id)
            about, subject = row.patient_id, f"EmergencyAccess/{access_id}"
            note(f"emergency-{outcome.value}", patient_id=about, subject=subject, basis="staff")
            if outcome is Outcome.MISUSE:
                ledger.remember(Kind.REVOCATION, str(grant_id))
                notices.tell(actor, NoticeKind.ENDED, patient_id=about, grant_id=grant_id)
            done += 1
    return done
