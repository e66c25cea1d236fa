"""The people of the demo and how they come to be, through the same services as real ones."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp

from accounts import services as accounts
from accounts.actors import Actor, System
from accounts.models import User
from phr.services import imports, reviews, uploads
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting

FOLDER = Path(__file__).parent
FILES = ("alice.json", "vaccination-card.jpg", "letter.pdf", "knee.dcm")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented. Passwords are public: this is a demo."""

    email: str
    password: str
    what: str


ALICE = Person("alice@example.org", "alice-keeps-her-own-records", "a patient")
BOB = Person("bob@example.org", "bob-listens-to-quiet-hearts", "her doctor")
CAROL = Person("carol@example.org", "carol-has-an-empty-folder", "another patient")
SAM = Person("sam@example.org", "sam-sees-no-health-data-here", "staff, at /admin/")
PEOPLE = (ALICE, BOB, CAROL, SAM)


def fill() -> bool:
    """Make the people and their records once. Returns whether there was anything to do."""
    if User.objects.exists():
        return False
    alice, bob = _start(ALICE, "Alice Archer"), _join(BOB)
    accounts.set_born(alice, born=date(1963, 4, 18))
    _start(CAROL, "Carol Clark")
    accounts.register_practitioner(
        bob,
        name="Dr Bob Brown",
        profession="Doctor",
        specialty="General practice",
        licence_number="DEMO 4711",
    )
    for name in FILES:
        _put_in(alice, FOLDER / name)
    scope = Scope(tuple(Category), (Sensitivity.N,), may_copy=False, ends_at=None)
    granting.accept(bob, granting.grant(alice, BOB.email, scope=scope))
    _hire(SAM)
    return True


def _join(person: Person) -> Actor:
    user, _ = User.objects.get_or_create(email=person.email)
    user.set_password(person.password)
    user.save()
    EmailAddress.objects.get_or_create(
        user=user, email=person.email, defaults={"verified": True, "primary": True}
    )
    return Actor.session(user.pk)


def _start(person: Person, name: str) -> Actor:
    actor = _join(person)
    accounts.begin_record(actor, name=name)
    return actor


def _put_in(actor: Actor, path: Path) -> None:
    upload_id, writer = uploads.begin_upload(actor, file_name=path.name)
    with writer:
        writer.write(path.read_bytes())
    uploads.complete_upload(actor, upload_id, size=writer.size)
    imports.import_upload(Actor.job(System.IMPORT), upload_id)
    reviews.confirm(actor, upload_id, about_me=True)
    imports.import_upload(Actor.job(System.IMPORT), upload_id)


def _hire(person: Person) -> None:
    """Staff sign in with a second step; the demo's mailbox shows its code."""
    _join(person)
    user = User.objects.get(email=person.email)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    totp.TOTP.activate(user, totp.generate_totp_secret())


def staff_code() -> str:
    """The six digits that the demo's staff member would read off a telephone now."""
    row = Authenticator.objects.filter(user__email=SAM.email, type=Authenticator.Type.TOTP).first()
    if row is None:
        return ""
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    value = totp.hotp_value(totp.decrypt(row.data["secret"]), counter)
    return str(totp.format_hotp_value(value))
