"""What happens to people: becoming a patient or a practitioner, being verified, signing in and out."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.utils import timezone

from accounts import audit, consents, keys, leaving, licences, purposes
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Patient, Practitioner, User
from accounts.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Sides:
    """Which sides of the portal a person uses."""

    patient: bool = False
    practitioner: bool = False
    restricted: bool = False
    acting_for: str = ""


def sides(actor: Actor) -> Sides:
    if actor.user_id is None:
        return Sides()
    with acting_as(actor):
        if actor.acting_for:
            patient = Patient.objects.filter(pk=actor.acting_for).first()
        else:
            patient = Patient.objects.filter(user_id=actor.user_id).first()
        return Sides(
            acting_for=name_of(patient) if actor.acting_for and patient else "",
            patient=patient is not None,
            restricted=patient is not None and patient.restricted_at is not None,
            practitioner=Practitioner.objects.filter(user_id=actor.user_id).exists(),
        )


def begin_record(actor: Actor, *, name: str) -> UUID:
    """Make the signed-in person a patient with a key of her own. Returns the Patient's id.

    Also writes down that she agreed to it, in today's words (GDPR Art. 9(2)(a)). Doing it again
    changes nothing. Raises `Denied` for who is not signed in, or whose old record is still going.
    """
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("begin")
    with acting_as(actor):
        # Two presses of the button wait for each other here.
        User.objects.select_for_update(no_key=True).get(pk=actor.user_id)
        known = Patient.objects.filter(user_id=actor.user_id).first()
        if known:
            return known.pk
        if leaving.is_patient_leaving(actor):
            raise Denied("begin")
        patient = Patient(id=uuid4(), user_id=actor.user_id)
        keys.create_patient_key(patient.pk)
        patient.name_sealed = _seal_name(patient.pk, name)
        patient.save()
        consents.give(actor, Purpose.KEEP, sha256=purposes.current(Purpose.KEEP).sha256)
        note("begin", patient_id=patient.pk, subject=f"Patient/{patient.pk}", basis="owner")
        return patient.pk


def begin_dependent(actor: Actor, *, name: str, born: date) -> Patient:
    """Make a patient without an account, with a key of her own, whom the actor opens a record for.

    Nobody signs in as the placeholder that stands where her account would be: it has no password and
    no address (RFC 2606). Within an act. Raises `Denied` for who is not here for herself, or leaves.
    """
    if actor.door is not Door.SESSION or actor.user_id is None or actor.acting_for:
        raise Denied("begin")
    # Who deletes her account meanwhile waits here, or is seen to have: a record is left to nobody.
    here = User.objects.select_for_update(no_key=True).filter(is_active=True)
    if here.filter(pk=actor.user_id).first() is None:
        raise Denied("begin")
    user_id = uuid4()
    user = User(id=user_id, email=f"{user_id}@dependent.invalid", password=make_password(None))
    user.save(force_insert=True)
    patient = Patient(id=uuid4(), user=user, opened_by_id=actor.user_id)
    keys.create_patient_key(patient.pk)
    patient.name_sealed = _seal_name(patient.pk, name)
    patient.born_sealed = _seal_born(patient.pk, born)
    patient.save(force_insert=True)
    note("begin", patient_id=patient.pk, subject=f"Patient/{patient.pk}", basis="proxy")
    return patient


def _seal_name(patient_id: UUID, name: str) -> bytes:
    return keys.seal(patient_id, keys.Purpose.BODY, _name_place(patient_id), name.encode())


def _name_place(patient_id: UUID) -> str:
    return f"accounts_patient/{patient_id}/name"


def name_of(patient: Patient) -> str:
    """The patient's name, for somebody whom the policy already let through."""
    sealed = bytes(patient.name_sealed)
    return keys.unseal(patient.pk, keys.Purpose.BODY, _name_place(patient.pk), sealed).decode()


def _born_place(patient_id: UUID) -> str:
    return f"accounts_patient/{patient_id}/born"


def _seal_born(patient_id: UUID, born: date) -> bytes:
    text = born.isoformat().encode()
    return keys.seal(patient_id, keys.Purpose.BODY, _born_place(patient_id), text)


def born_of(patient: Patient) -> date | None:
    """The patient's birth date where she told it, for somebody whom the policy already let through."""
    if patient.born_sealed is None:
        return None
    sealed = bytes(patient.born_sealed)
    text = keys.unseal(patient.pk, keys.Purpose.BODY, _born_place(patient.pk), sealed)
    return date.fromisoformat(text.decode())


def own_born(actor: Actor) -> date | None:
    """The birth date that the signed-in patient told. Raises `Denied` for who is none."""
    with acting_as(actor):
        return born_of(_own_patient(actor))


def set_born(actor: Actor, *, born: date | None) -> None:
    """Keep, change or (None) forget the signed-in patient's birth date. Raises `Denied`."""
    with acting_as(actor):
        patient = _own_patient(actor)
        if patient.restricted_at is not None:
            raise Denied("born", patient_id=patient.pk, subject=f"Patient/{patient.pk}")
        patient.born_sealed = born and _seal_born(patient.pk, born)
        patient.save(update_fields=["born_sealed"])
        note("born", patient_id=patient.pk, subject=f"Patient/{patient.pk}", basis="owner")


def _own_patient(actor: Actor) -> Patient:
    row = None
    if actor.door is Door.SESSION and actor.user_id:
        row = Patient.objects.filter(user_id=actor.user_id, erasing_at=None).first()
    if row is None:
        raise Denied("born")
    return row


def patient_of_address(actor: Actor, email: str) -> UUID:
    """The Patient whose user signs in with this address, for the operator. Raises `Denied`."""
    with acting_as(actor):
        row = Patient.objects.filter(user__email=email.lower()).first()
        if actor.door is not Door.SYSTEM or row is None:
            raise Denied("find")
        return row.pk


def register_practitioner(
    actor: Actor, *, name: str, profession: str, specialty: str, licence_number: str
) -> UUID:
    """Make the signed-in person a care professional, unverified. Returns the Practitioner's id."""
    if actor.door is not Door.SESSION or actor.user_id is None:
        raise Denied("register")
    with acting_as(actor):
        row, made = Practitioner.objects.get_or_create(
            user_id=actor.user_id,
            defaults={
                "name": name,
                "profession": profession,
                "specialty": specialty,
                "licence_number": licence_number,
            },
        )
        if made:
            note("register", subject=f"Practitioner/{row.pk}")
        return row.pk


def verify_practitioner(actor: Actor, practitioner_id: UUID) -> None:
    """Staff found the licence in the register, for the first time or again when that was due.

    Raises `Denied` for anybody else, for herself, and for one that is verified and not due.
    """
    with acting_as(actor):
        due = Q(verified_at=None) | Q(recheck_due_at__isnull=False)
        row = Practitioner.objects.filter(due, pk=practitioner_id).first()
        if actor.door is not Door.STAFF or row is None or row.user_id == actor.user_id:
            raise Denied("verify", subject=f"Practitioner/{practitioner_id}")
        row.verified_at, row.verified_by_id = timezone.now(), actor.user_id
        row.recheck_on, row.recheck_due_at = licences.next_check(), None
        row.save(update_fields=["verified_at", "verified_by", "recheck_on", "recheck_due_at"])
        note("verify", subject=f"Practitioner/{practitioner_id}")


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody is shown to others: a practitioner by name and licence, else the address."""

    name: str
    role: str = ""
    verified: bool = False

    @property
    def title(self) -> str:
        """What a professional calls herself, and whether that has been checked."""
        return self.role if self.verified or not self.role else f"{self.role}, unverified"


def people(user_ids: set[UUID]) -> dict[UUID, Person]:
    """How these users are shown to a patient who shares with them or whose record they opened."""
    theirs = (
        f"practitioner__{name}" for name in ("name", "profession", "specialty", "verified_at")
    )
    rows = User.objects.filter(pk__in=user_ids).values_list("pk", "email", *theirs)
    return {pk: _person(*shown) for pk, *shown in rows}


def _person(
    email: str, name: str | None, profession: str, specialty: str, verified_at: datetime | None
) -> Person:
    if name is None:
        return Person(email)
    role = ", ".join(part for part in (profession, specialty) if part)
    return Person(name, role, verified_at is not None)


def verified_addresses(user_id: UUID) -> list[str]:
    """The e-mail addresses this user has proved to own, in lower case."""
    rows = EmailAddress.objects.filter(user_id=user_id, verified=True)
    return [address.lower() for address in rows.values_list("email", flat=True)]


def note_sign_in(actor: Actor) -> None:
    with acting_as(actor):
        note("sign-in")


def note_sign_out(actor: Actor) -> None:
    if actor.user_id:
        with acting_as(actor):
            note("sign-out")


def note_failed_sign_in(actor: Actor) -> None:
    """A failed attempt, without the address that was tried: it may be anybody's, or a password."""
    with acting_as(actor):
        audit_event = audit.Event(actor, "sign-in", outcome=audit.DENIED)
        audit.write([audit_event])
