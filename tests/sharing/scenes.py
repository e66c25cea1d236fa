"""Who may see what, and when: each row of `docs/who-may-see-what.md` as a scene."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import directory
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient, User
from phr.models import Binary, Record
from phr.services import marks
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Authority, Grant, Organization, PractitionerRole, Role
from sharing.scopes import Scope
from sharing.services import closing, granting, listing, members, rosters, vetting
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, Cast, join
from tests.raw import as_owner
from tests.worlds import both_ways, by_code
from tests.worlds.facilities import DIRECTORY, employ, opened
from tests.worlds.kept import keep, with_file

VIEW = Scope((Category.LABORATORY,), (Sensitivity.N,), may_copy=False, ends_at=None)
LOOK = replace(ALL, may_copy=False)
LETTERS = replace(VIEW, categories=(Category.DOCUMENTS,))
LOOKS = ActsFor(Authority.CHOSEN)
MANAGES = replace(LOOKS, may_manage=True)


@dataclass
class Stage:
    """Alice's items, as the page describes them."""

    cast: Cast
    test: Record
    picture: Binary
    file: Binary
    mental: Record
    unsorted: Record
    letter: Record
    deleted: Record

    @classmethod
    def enter(cls, cast: Cast) -> "Stage":
        patient_id = cast.alice_id
        test = keep(patient_id)
        return cls(
            cast,
            test,
            with_file(test, b"picture", use=Binary.Use.PICTURE),
            with_file(test, b"file"),
            keep(patient_id, labels=[Sensitivity.PSY]),
            keep(patient_id, labels=[Sensitivity.UNCLASSIFIED]),
            keep(patient_id, category=Category.DOCUMENTS),
            keep(patient_id, hidden=True),
        )


def patient(at: Stage, **state: object) -> None:
    with as_owner():
        Patient.objects.filter(pk=at.cast.alice_id).update(**state)


def switched_off(who: Actor) -> None:
    with as_owner():
        User.objects.filter(pk=who.user_id or "").update(is_active=False)


def alice(at: Stage) -> Actor:
    return at.cast.alice


def bob(*scopes: Scope) -> Callable[[Stage], Actor]:
    def scene(at: Stage) -> Actor:
        for scope in scopes:
            at.cast.share(scope)
        return at.cast.bob

    return scene


def and_then(
    scene: Callable[[Stage], Actor], change: Callable[[Stage], object]
) -> Callable[[Stage], Actor]:
    def changed(at: Stage) -> Actor:
        who = scene(at)
        change(at)
        return who

    return changed


def invited(at: Stage) -> Actor:
    granting.grant(at.cast.alice, "bob@example.org", scope=ALL)
    return at.cast.bob


def grants(**state: object) -> Callable[[Stage], object]:
    def change(_at: Stage) -> None:
        with as_owner():
            assert Grant.objects.update(**state) == 1

    return change


def take_back(at: Stage) -> None:
    with acting_as(at.cast.alice):
        grant_id = Grant.objects.get().pk
    granting.revoke(at.cast.alice, grant_id)


def then(act: Callable[[Actor, UUID], object]) -> Callable[[Stage], object]:
    """What alice does to her one permission."""

    def change(at: Stage) -> None:
        (held,) = (one for one in listing.given(at.cast.alice) if one.state in {"active", "paused"})
        act(at.cast.alice, held.grant.pk)

    return change


def narrowed(of: Callable[[Stage], Scope]) -> Callable[[Stage], Actor]:
    def scene(at: Stage) -> Actor:
        at.cast.share(of(at))
        return at.cast.bob

    return scene


def tagged(at: Stage) -> Scope:
    marks.tag(at.cast.alice, at.test.pk, name="heart")
    with acting_as(at.cast.alice):
        (token,) = Record.objects.get(pk=at.test.pk).tags
    return replace(LOOK, tags=(token,))


def verified(at: Stage) -> Actor:
    words = dict.fromkeys(("name", "profession", "specialty", "licence_number"), "x")
    accounts.verify_practitioner(
        at.cast.sam, accounts.register_practitioner(at.cast.carol, **words)
    )
    return at.cast.carol


def employed(code: Role, *, scope: Scope = VIEW) -> Callable[[Stage], Actor]:
    """Somebody who works at a facility that alice shares with."""

    def scene(at: Stage) -> Actor:
        pk = opened(at.cast)
        granting.grant(at.cast.alice, Recipient(organization_id=pk), scope=scope)
        return employ(at.cast, pk, "nina@example.org", code)

    return scene


def invited_to_work(at: Stage) -> Actor:
    pk = opened(at.cast)
    granting.grant(at.cast.alice, Recipient(organization_id=pk), scope=ALL)
    members.invite(at.cast.bob, pk, "nina@example.org", code=Role.NURSE, ends_at=None)
    return Actor.session(join("nina@example.org").pk)


def ninas() -> PractitionerRole:
    with as_owner():
        return PractitionerRole.objects.get(invited_email="nina@example.org")


def at_facility(act: Callable[[Actor, UUID], object]) -> Callable[[Stage], object]:
    """What its administrator does to nina's role."""
    return lambda at: act(at.cast.bob, ninas().pk)


def desk(act: Callable[[Actor, UUID], object]) -> Callable[[Stage], object]:
    """What staff do to the facility."""
    return lambda at: act(at.cast.sam, ninas().organization_id)


def closed(at: Stage) -> None:
    closing.announce(at.cast.bob, ninas().organization_id, on=closing.first_day())
    with as_owner():
        Organization.objects.update(closing_at=timezone.now())
    while closing.work(DIRECTORY):
        pass


def on_call(begins: int) -> Callable[[Stage], object]:
    """A shift of three hours that begins so many hours from now."""

    def change(at: Stage) -> None:
        start, role = timezone.now() + timedelta(hours=begins), ninas()
        end = start + timedelta(hours=3)
        rosters.add(at.cast.bob, role.organization_id, role.pk, starts_at=start, ends_at=end)

    return change


def administers(at: Stage) -> Actor:
    pk = opened(at.cast)
    granting.grant(at.cast.alice, Recipient(organization_id=pk), scope=ALL)
    return at.cast.bob


def chosen(at: Stage) -> Actor:
    words = dict.fromkeys(("name", "profession", "specialty", "licence_number"), "x")
    pk = accounts.register_practitioner(at.cast.bob, **words)
    accounts.verify_practitioner(at.cast.sam, pk)
    directory.keep_entry(at.cast.bob, place="", listed=True)
    granting.grant(at.cast.alice, Recipient(practitioner_id=pk), scope=VIEW)
    return at.cast.bob


NOW, DAY = timezone.now(), timedelta(days=1)
RESTRICTED, ERASING = {"restricted_at": NOW}, {"erasing_at": NOW}


@dataclass(frozen=True)
class Dana:
    """Whom alice named, by herself and while she acts for her."""

    by_herself: Actor
    acting: Actor


def dana(at: Stage, acts: ActsFor = LOOKS) -> Dana:
    user = join("dana@example.org").pk
    found = Dana(Actor.session(user), Actor.session(user, acting_for=at.cast.alice_id))
    pk = granting.grant(at.cast.alice, Recipient("dana@example.org", acts), scope=ALL)
    granting.accept(found.by_herself, pk)
    return found


SCENES: dict[str, Callable[[Stage], Actor]] = {
    "alice herself": alice,
    "alice, while her record is restricted": and_then(alice, lambda at: patient(at, **RESTRICTED)),
    "alice, while her record is being erased": and_then(alice, lambda at: patient(at, **ERASING)),
    "alice, after her account was switched off": and_then(
        alice, lambda at: switched_off(at.cast.alice)
    ),
    "bob, who may view": bob(VIEW),
    "bob, who may view and copy": bob(replace(VIEW, may_copy=True)),
    "bob, who may view letters only": bob(LETTERS),
    "bob, who may view mental health too": bob(
        replace(VIEW, labels=(Sensitivity.N, Sensitivity.PSY))
    ),
    "bob, who may view unsorted items too": bob(
        replace(VIEW, labels=(Sensitivity.N, Sensitivity.UNCLASSIFIED))
    ),
    "bob, who may view and copy everything": bob(ALL),
    "bob, who may view test results, and by a second permission copy letters": bob(
        VIEW, replace(LETTERS, may_copy=True)
    ),
    "bob, who may view everything but the blood test": narrowed(
        lambda at: replace(LOOK, besides=(at.test.pk,))
    ),
    "bob, who may view one letter of everything": narrowed(
        lambda at: replace(LOOK, records=(at.letter.pk,))
    ),
    "bob, who may view what has a tag that the blood test has": narrowed(tagged),
    "bob, who may view what was before this year": bob(
        replace(LOOK, data_until=datetime(NOW.year, 1, 1, tzinfo=UTC))
    ),
    "bob, who may view reports by their type": bob(replace(LOOK, types=("DiagnosticReport",))),
    "bob, while his permission is paused": and_then(bob(ALL), then(granting.pause)),
    "bob, after his permission was paused and goes on": and_then(
        and_then(bob(ALL), then(granting.pause)), then(granting.resume)
    ),
    "bob, after alice changed his permission to letters": and_then(
        bob(ALL), then(lambda alice, pk: granting.change(alice, pk, scope=LETTERS))
    ),
    "bob, after alice stopped everything at once": and_then(
        bob(ALL), lambda at: granting.revoke_all(at.cast.alice)
    ),
    "bob, invited but not yet accepted": invited,
    "bob, before his permission begins": and_then(bob(ALL), grants(starts_at=NOW + DAY)),
    "bob, after the end date": and_then(bob(ALL), grants(ends_at=NOW - DAY)),
    "bob, after alice took it back": and_then(bob(ALL), take_back),
    "bob, while alice's record is restricted": and_then(
        bob(ALL), lambda at: patient(at, **RESTRICTED)
    ),
    "bob, while alice's record is being erased": and_then(
        bob(ALL), lambda at: patient(at, **ERASING)
    ),
    "bob, after his own account was switched off": and_then(
        bob(ALL), lambda at: switched_off(at.cast.bob)
    ),
    "bob, after alice's account was switched off": and_then(
        bob(VIEW), lambda at: switched_off(at.cast.alice)
    ),
    "nina, a nurse of a facility that may view": employed(Role.NURSE),
    "nina, a clinician of a facility that may view and copy everything": employed(
        Role.CLINICIAN, scope=ALL
    ),
    "nina, invited to the facility but not yet accepted": invited_to_work,
    "nina, while she is suspended at the facility": and_then(
        employed(Role.NURSE), at_facility(members.suspend)
    ),
    "nina, after she left the facility": and_then(employed(Role.NURSE), at_facility(members.end)),
    "nina, while the facility is suspended": and_then(employed(Role.NURSE), desk(vetting.suspend)),
    "nina, after staff took the verification of the facility back": and_then(
        employed(Role.NURSE), desk(vetting.doubt)
    ),
    "nina, after the facility closed": and_then(employed(Role.NURSE), closed),
    "nina, while alice pauses what she shares with the facility": and_then(
        employed(Role.NURSE), then(granting.pause)
    ),
    "nina, after alice took it back from the facility": and_then(employed(Role.NURSE), take_back),
    "oscar, on call at the facility, during his shift": and_then(
        employed(Role.ON_CALL), on_call(-1)
    ),
    "oscar, on call at the facility, outside his shift": and_then(
        employed(Role.ON_CALL), on_call(1)
    ),
    "bob, who administers the facility and is nothing else there": administers,
    "bob, a professional whom alice chose in the directory": chosen,
    "bob, who may send in and see nothing": lambda at: both_ways.sends_in(at.cast),
    "bob, who asked for access and has no answer": lambda at: both_ways.asked(at.cast),
    "bob, after alice granted what he asked for": lambda at: both_ways.granted(at.cast),
    "rose, to whom bob passed on what he may view": lambda at: both_ways.passed_on(at.cast),
    "rose, to whom bob passed it on, after alice took it back from him": (
        lambda at: both_ways.passed_on_and_ended(at.cast)
    ),
    "whoever came in by a drop-box link": lambda at: both_ways.drops(at.cast),
    "dana, whom alice named to act for her and to look": lambda at: dana(at).by_herself,
    "dana, while she acts for alice and keeps her record": lambda at: dana(at, MANAGES).acting,
    "dana, acting for alice, after alice took it back": and_then(
        lambda at: dana(at, MANAGES).acting, then(granting.revoke)
    ),
    "lee, who opened a link of alice's to view": lambda at: by_code.linked(at.cast, VIEW),
    "lee, who opened a link of alice's to view and copy": (
        lambda at: by_code.linked(at.cast, replace(VIEW, may_copy=True))
    ),
    "lee, who opened a link of alice's, after she destroyed it": (
        lambda at: by_code.linked(at.cast, VIEW, then=granting.revoke)
    ),
    "lee, who opened a link of alice's, while she pauses it": (
        lambda at: by_code.linked(at.cast, VIEW, then=granting.pause)
    ),
    "dora, who opened alice's record in an emergency": lambda at: by_code.helped(at.cast),
    "dora, who opened alice's record in an emergency, after alice ended it": (
        lambda at: by_code.helped(at.cast, then=granting.revoke)
    ),
    "dora, who opened alice's record in an emergency, four hours later": and_then(
        lambda at: by_code.helped(at.cast), by_code.four_hours_later
    ),
    "dora, who opened alice's record in an emergency, after she left the facility": (
        lambda at: by_code.left(at.cast)
    ),
    "dora, who has no code of alice's emergency card": lambda at: by_code.without_code(at.cast),
    "carol, another patient": lambda at: at.cast.carol,
    "carol, a verified professional without a permission": verified,
    "sam, staff at the staff desk": lambda at: at.cast.sam,
    "sam, staff and superuser on the ordinary pages": lambda at: Actor.session(
        at.cast.sam.user_id or at.cast.alice_id
    ),
    "somebody not signed in": lambda _at: Actor(),
}
