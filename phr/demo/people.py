"""The people of the demo and how they come to be, through the same services as real ones."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp

from accounts import services as accounts
from accounts.actors import Actor, System
from accounts.models import User
from phr.demo import circle
from phr.services import imports, reviews, uploads
from sharing.models import Role

FOLDER = Path(__file__).parent
FILES = ("alice.json", "vaccination-card.jpg", "letter.pdf", "knee.dcm")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented. Passwords are public: this is a demo."""

    email: str
    password: str
    what: str


ALICE = Person("alice@example.org", "alice-keeps-her-own-records", "a patient")
BOB = Person("bob@example.org", "bob-listens-to-quiet-hearts", "her doctor, head of a clinic")
CAROL = Person("carol@example.org", "carol-has-an-empty-folder", "another patient")
DANA = Person(
    "dana@example.org", "dana-helps-her-older-sister", "who acts for alice, and for her son"
)
NINA = Person("nina@example.org", "nina-works-nights-on-ward-two", "a nurse of the clinic")
SAM = Person("sam@example.org", "sam-sees-no-health-data-here", "staff, at /admin/")
PEOPLE = (ALICE, BOB, CAROL, DANA, NINA, SAM)
# Seen on pages; nobody signs in as them.
OSCAR = Person("oscar@example.org", "", "on call at the clinic")
UNA = Person("una@example.org", "", "staff")


def fill() -> bool:
    """Make the people and their records once. Returns whether there was anything to do."""
    if User.objects.exists():
        return False
    staff = _hire(SAM), _hire(UNA)
    bob, nina, clinic = _open_clinic(staff)
    alice = _join(ALICE)
    alice_id = accounts.begin_record(alice, name="Alice Archer")
    accounts.set_born(alice, born=date(1963, 4, 18))
    accounts.begin_record(_join(CAROL), name="Carol Clark")
    for name in FILES:
        _put_in(alice, FOLDER / name)
    circle.share_with_doctor(alice, bob, BOB.email)
    circle.share_with_clinic(alice, clinic)
    dana = _join(DANA)
    circle.name_somebody(alice, dana, DANA.email)
    circle.keep_for_a_child(dana)
    circle.make_links(alice, alice_id)
    circle.help_in_an_emergency(alice, nina, clinic)
    circle.ask(nina, ALICE.email, clinic)
    circle.write(bob, alice_id)
    return True


def _open_clinic(staff: tuple[Actor, Actor]) -> tuple[Actor, Actor, UUID]:
    """Bob's clinic, with a nurse and somebody on call. Returns him, her, and its id."""
    bob, nina, oscar = _join(BOB), _join(NINA), _join(OSCAR)
    circle.register(bob, "Dr Bob Brown", "Doctor", "General practice", "DEMO 4711")
    circle.register(nina, "Nina Novak", "Nurse", "", "DEMO 4712")
    circle.register(oscar, "Dr Oscar Olsen", "Doctor", "Emergency medicine", "DEMO 4713")
    circle.vouch(staff[0], bob)
    clinic = circle.open_clinic(bob, staff)
    circle.employ(bob, clinic, nina, NINA.email, Role.NURSE)
    circle.put_on_call(bob, clinic, circle.employ(bob, clinic, oscar, OSCAR.email, Role.ON_CALL))
    _give_second_step(NINA)
    return bob, nina, clinic


def _join(person: Person) -> Actor:
    user, _ = User.objects.get_or_create(email=person.email)
    if person.password:
        user.set_password(person.password)
    else:
        user.set_unusable_password()
    user.save()
    EmailAddress.objects.get_or_create(
        user=user, email=person.email, defaults={"verified": True, "primary": True}
    )
    return Actor.session(user.pk)


def _put_in(actor: Actor, path: Path) -> None:
    upload_id, writer = uploads.begin_upload(actor, file_name=path.name)
    with writer:
        writer.write(path.read_bytes())
    uploads.complete_upload(actor, upload_id, size=writer.size)
    imports.import_upload(Actor.job(System.IMPORT), upload_id)
    reviews.confirm(actor, upload_id, about_me=True)
    imports.import_upload(Actor.job(System.IMPORT), upload_id)


def _hire(person: Person) -> Actor:
    _join(person)
    user = User.objects.get(email=person.email)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    _give_second_step(person)
    return Actor.staff(user.pk)


def _give_second_step(person: Person) -> None:
    """She signs in with a second step; the demo's mailbox shows its code."""
    totp.TOTP.activate(User.objects.get(email=person.email), totp.generate_totp_secret())


def codes() -> list[tuple[str, str]]:
    """Who of the demo needs a second step, and the six digits that a telephone would show now."""
    emails = [person.email for person in PEOPLE]
    rows = Authenticator.objects.filter(user__email__in=emails, type=Authenticator.Type.TOTP)
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return [
        (row.user.email, _code(row, counter))
        for row in rows.select_related("user").order_by("user__email")
    ]


def _code(row: Authenticator, counter: int) -> str:
    value = totp.hotp_value(totp.decrypt(row.data["secret"]), counter)
    return str(totp.format_hotp_value(value))
