"""With whom the demo's patient shares: a facility, somebody who acts for her, links, a card."""

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from accounts import directory as professionals
from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Practitioner
from phr import agreements as words
from phr.forms.entries.entry import PATIENT
from phr.services import deliveries, entries, records, remarks
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import AgreementKind, Authority, Regime, Role
from sharing.policy import Action
from sharing.scopes import Scope, whole
from sharing.services import (
    agreements,
    dependents,
    directory,
    emergencies,
    facilities,
    granting,
    links,
    members,
    proxies,
    requests,
    rosters,
    vetting,
)
from sharing.services.facilities import Facts
from sharing.services.recipients import ActsFor, Recipient

CLINIC = Facts(
    name="Riverside Health Centre",
    place="Lyon, France",
    identifier="FR 690 4711",
    regime=Regime.GDPR,
    policy_url="https://riverside.example.org/privacy",
    policy_version="2026-01",
)
DAY = timedelta(days=1)
KINDS = (Category.ALLERGIES, Category.CONDITIONS, Category.MEDICATIONS)
FOLDER = Path(__file__).parent
PEANUTS = {
    "resourceType": "AllergyIntolerance",
    "patient": PATIENT,
    "code": {"text": "Peanuts"},
    "clinicalStatus": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                "code": "active",
            }
        ]
    },
}


def register(who: Actor, name: str, profession: str, specialty: str, number: str) -> None:
    """Somebody says that she is a care professional."""
    accounts.register_practitioner(
        who, name=name, profession=profession, specialty=specialty, licence_number=number
    )


def vouch(staff: Actor, who: Actor) -> None:
    """Staff verify a professional, who wants to be found in the directory."""
    accounts.verify_practitioner(staff, Practitioner.objects.get(user=who.user_id).pk)
    professionals.keep_entry(who, place=CLINIC.place, listed=True)


def open_clinic(founder: Actor, staff: tuple[Actor, Actor]) -> UUID:
    """A facility in the directory that two members of staff verified, with an agreement."""
    pk = facilities.register(founder, CLINIC, listed=True)
    agreement = agreements.add(
        founder, pk, kind=AgreementKind.PROCESSING, version="3", signed_on=date(2026, 1, 12),
        ends_on=None, document=(FOLDER / "agreement.pdf").read_bytes(),
    )  # fmt: skip
    for one in staff:
        vetting.verify(one, pk, seen=vetting.read(one, pk).digest)
    vetting.confirm_agreement(staff[0], agreement)
    return pk


def employ(founder: Actor, clinic: UUID, who: Actor, email: str, code: Role) -> UUID:
    role = members.invite(founder, clinic, email, code=code, ends_at=None)
    members.accept(who, role)
    return role


def put_on_call(founder: Actor, clinic: UUID, role: UUID) -> None:
    """This night and the next, from eight to eight."""
    tonight = timezone.localtime().replace(hour=20, minute=0, second=0, microsecond=0)
    for begins in (tonight, tonight + DAY):
        rosters.add(founder, clinic, role, starts_at=begins, ends_at=begins + DAY / 2)


def share_with_doctor(patient: Actor, doctor: Actor, email: str) -> None:
    """To look at everything that is not sensitive."""
    scope = Scope(tuple(Category), (Sensitivity.N,), may_copy=False, ends_at=None)
    said = words.words(scope, email, ())
    granting.accept(doctor, granting.grant(patient, email, scope=scope, agreement=said))


def share_with_clinic(patient: Actor, clinic: UUID) -> None:
    """The same with a facility, for half a year, which may send in test results."""
    scope = Scope(
        tuple(Category), (Sensitivity.N,), may_copy=False, ends_at=timezone.now() + 180 * DAY,
        inward_categories=(Category.LABORATORY,), inward_labels=(Sensitivity.N,),
    )  # fmt: skip
    to = Recipient(organization_id=clinic)
    said = words.words(scope, CLINIC.name, (), directory.chosen(patient, to))
    granting.grant(patient, to, scope=scope, agreement=said)


def name_somebody(patient: Actor, who: Actor, email: str) -> None:
    """Let somebody keep the patient's whole record for her."""
    scope = whole(Scope((), (), may_copy=True, ends_at=timezone.now() + 365 * DAY))
    to = Recipient(email, acts=ActsFor(Authority.CHOSEN, may_manage=True))
    said = words.words(scope, email, ())
    granting.accept(who, granting.grant(patient, to, scope=scope, agreement=said))


def keep_for_a_child(mother: Actor) -> None:
    """A record of a boy of six, who has no account, with what his mother wrote down."""
    born = timezone.localdate() - 6 * 366 * DAY
    draft = dependents.Draft("Theo Archer", born, Authority.PARENT)
    entries.enter(proxies.act_for(mother, dependents.open_record(mother, draft)), PEANUTS)


def make_links(patient: Actor, patient_id: UUID) -> None:
    """A link to look at what a doctor needs first, and a drop-box through which a file came."""
    for_a_week = Scope(KINDS, (Sensitivity.N,), may_copy=True, ends_at=timezone.now() + 7 * DAY)
    links.make(patient, "Dr Lee, second opinion", scope=for_a_week)
    inward = Scope(
        (), (), may_copy=False, ends_at=timezone.now() + 7 * DAY,
        inward_categories=(Category.LABORATORY,), inward_labels=(Sensitivity.N,),
    )  # fmt: skip
    made = links.make_drop_box(patient, "Hilltop Laboratory", scope=inward, passcode=False)
    secret = links.one(patient, made.grant_id).url.rpartition("/drop/")[2].strip("/")
    name = "Ida Hill, Hilltop Laboratory"
    visitor = links.opened(Actor(), secret, recipient=name, action=Action.CONTRIBUTE)
    send(visitor, patient_id, FOLDER / "creatinine.json", named=name)


def send(who: Actor, patient_id: UUID, path: Path, *, named: str = "") -> None:
    """Deliver a file; a worker looks through it once the portal runs."""
    sent, writer = deliveries.begin(who, patient_id, file_name=path.name, named=named)
    with writer:
        writer.write(path.read_bytes())
    deliveries.complete(who, patient_id, sent, size=writer.size)


def help_in_an_emergency(patient: Actor, nurse: Actor, clinic: UUID) -> None:
    """A card, and somebody who used it: her reason waits for staff."""
    emergencies.arm(patient, emergencies.Plan(KINDS, (Sensitivity.N,)))
    armed = emergencies.plan(patient)
    emergencies.break_glass(
        nurse, armed.code if armed else "", organization_id=clinic,
        reason="Brought in after a fall, confused; we need her medicines.",
    )  # fmt: skip


def ask(nurse: Actor, email: str, clinic: UUID) -> None:
    """A request that waits for the patient's answer."""
    wish = requests.Wish(
        "You come to us on Monday. We would like to see your last scans, with copies.",
        (Category.IMAGING, Category.LABORATORY),
        may_copy=True,
    )
    requests.ask(nurse, email, wish=wish, organization_id=clinic)


def write(doctor: Actor, patient_id: UUID) -> None:
    """A note, and a question whether an item is right."""
    remarks.write_note(doctor, patient_id, text="Please have your blood pressure taken in May.")
    newest = records.timeline(doctor, patient_id, category=Category.LABORATORY).items[0]
    remarks.ask_correction(
        doctor, patient_id, newest.id, text="Is the date right? I have it a week later."
    )
