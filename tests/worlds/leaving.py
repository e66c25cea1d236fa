"""People who leave, each with something of every kind, and those who stay; made by rows, not files."""

from dataclasses import dataclass, replace
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts import consents, mail, purposes, services
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.purposes import Purpose
from phr.models import Binary
from phr.services import deliveries, remarks, renewing
from rights.models import Erasure
from rights.regimes import Jurisdiction, Right
from rights.services import cases, erasures
from sharing.models import AccessRequest
from sharing.services import granting
from tests.cast import ALL, IMPORTER, PURGER, Cast, join, receive, user_of
from tests.worlds.archive import made
from tests.worlds.held import ask_for, hold, item, una
from tests.worlds.kept import keep, with_file, with_past
from tests.worlds.quinn import neighbour

# Where something of a leaver is before she goes.
EVERYWHERE = frozenset(
    {
        "account_emailaddress", "accounts_auditevent", "accounts_consent", "accounts_patient",
        "accounts_practitioner", "accounts_user", "mfa_authenticator", "phr_binary", "phr_delivery",
        "phr_provenance", "phr_record", "phr_recordfile", "phr_recordversion", "phr_remark",
        "phr_renewal",
        "phr_upload", "rights_case", "rights_casemessage", "rights_export", "rights_hold",
        "sharing_accessrequest", "sharing_grant", "usersessions_usersession", "vault_patientkey",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Leaver:
    """Somebody who will ask for a deletion: her item with a file, and the names of all her files."""

    actor: Actor
    addresses: tuple[str, str]
    patient_id: UUID
    record_id: UUID
    upload_id: UUID
    export_id: UUID
    scan: str
    files: frozenset[str]


@dataclass(frozen=True)
class Town:
    """The cast, a second member of staff, and a neighbour nobody has anything to do with."""

    cast: Cast
    una: Actor
    neighbour: tuple[UUID, UUID]

    @classmethod
    def enter(cls) -> "Town":
        cast = Cast.enter()
        dora, patient_id = neighbour(cast)
        with_file(keep(patient_id, text="Iron"), b"a scan of dora's")
        hold(cast, colleague := una(), item(cast))
        assert dora.user_id
        return cls(cast, colleague, (dora.user_id, patient_id))

    def leaver(self, number: int) -> Leaver:
        """Somebody who will leave."""
        email, second = f"leaver{number}@example.org", f"second{number}@example.org"
        actor = Actor.session(join(email).pk)
        patient_id = services.begin_record(actor, name=f"Lea {number}")
        record_id, scan = self._keep(patient_id)
        export_id = made(actor)
        _sign_in(actor, second)
        _ask(actor)
        upload_id = receive(actor, b"{}", "waiting.json")
        self._share(actor, email, patient_id)
        for address in (email, second):
            mail.send(address, "rights/hold", link="about:blank")
        with acting_as(IMPORTER, about=patient_id):
            rows = Binary.objects.filter(patient_id=patient_id)
            names = frozenset(rows.values_list("name", flat=True))
        return Leaver(
            actor, (email, second), patient_id, record_id, upload_id, export_id, scan, names
        )

    def _keep(self, patient_id: UUID) -> tuple[UUID, str]:
        """Items, one of them held; the one that is asked to be held, and the name of its file."""
        row = keep(patient_id, text="Shadow")
        renewing.renew(Actor.job(System.RENEW), patient_id)
        with_past(row)
        scan = with_file(row, b"a scan of a lung" * 500)
        with_file(keep(patient_id), b"a picture", use=Binary.Use.PICTURE)
        kept = keep(patient_id, text="Kidney stone")
        with_past(kept)
        with_file(kept, b"a scan of a kidney" * 500)
        hold(self.cast, self.una, kept)
        ask_for(self.cast, patient_id, row.pk)
        return row.pk, scan.name

    def _share(self, actor: Actor, email: str, patient_id: UUID) -> None:
        """Bob sees her record, she may see carol's and is a professional herself."""
        inward = replace(ALL, inward_categories=ALL.categories, inward_labels=ALL.labels)
        granting.accept(self.cast.bob, granting.grant(actor, "bob@example.org", scope=inward))
        deliveries.begin(self.cast.bob, patient_id, file_name="a.json")[1].close()
        remarks.write_note(self.cast.bob, patient_id, text="Call her")
        with acting_as(self.cast.bob):
            AccessRequest.objects.create(
                asker_id=user_of(self.cast.bob), email=email, asked_sealed=b"-",
                expires_at=timezone.now(),
            )  # fmt: skip
        services.register_practitioner(
            actor, name="Dr Lea", profession="Doctor", specialty="", licence_number="GMC 7"
        )
        granting.accept(actor, granting.grant(self.cast.carol, email, scope=ALL))


def _sign_in(actor: Actor, second: str) -> None:
    """She has a second address, a second factor and a device, and wants news."""
    user_id = actor.user_id
    EmailAddress.objects.create(user_id=user_id, email=second)
    Authenticator.objects.create(user_id=user_id, type="totp", data={})
    session = SessionStore()
    session.create()
    UserSession.objects.create(
        user_id=user_id, ip="203.0.113.77", user_agent="Firefox", session_key=session.session_key
    )
    consents.give(actor, Purpose.NEWS, sha256=purposes.current(Purpose.NEWS).sha256)


def _ask(actor: Actor) -> None:
    """An open case with a message."""
    reference = cases.open_case(
        actor, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="Please help."
    )
    cases.write_message(actor, reference, text="And also this.")


def delete_account(user_id: str) -> None:
    """What the last page of the deletion does once the password was right."""
    erasures.erase_everything(Actor.session(UUID(user_id)), account=True, undo_hours=0)


def undo_deletion(user_id: str) -> None:
    """What the page for undoing a deletion does once the password was right."""
    with acting_as(PURGER):
        reference = Erasure.objects.get(user_id=user_id).reference
    erasures.undo(Actor.session(UUID(user_id)), reference)
