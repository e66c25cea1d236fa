"""Every cell of `docs/who-may-see-what.md`, tried through the services that the pages call."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts import directory
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.audit import about
from accounts.models import Patient, User
from phr.models import Binary, Record
from phr.services import files, looks, marks, records, removal
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Grant, Organization, PractitionerRole, Role
from sharing.policy import Action
from sharing.scopes import Scope
from sharing.services import closing, granting, listing, members, rosters, vetting
from sharing.services.recipients import Recipient
from tests.cast import ALL, Cast, join
from tests.raw import as_owner, open_walls
from tests.worlds import both_ways
from tests.worlds.facilities import DIRECTORY, employ, opened
from tests.worlds.kept import keep, with_file

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

TEXT = (Path(settings.BASE_DIR) / "docs" / "who-may-see-what.md").read_text(encoding="utf-8")
VIEW = Scope((Category.LABORATORY,), (Sensitivity.N,), may_copy=False, ends_at=None)
LOOK = replace(ALL, may_copy=False)
LETTERS = replace(VIEW, categories=(Category.DOCUMENTS,))


def table(heading: str) -> dict[str, dict[str, str]]:
    """The first table under a heading: row name → column name → cell."""
    lines = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    columns = rows[0][1:]
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows[2:]}


PEOPLE, JOBS = table("People"), table("The portal's own jobs")


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


# --- who, and when --------------------------------------------------------------------------------


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
    "carol, another patient": lambda at: at.cast.carol,
    "carol, a verified professional without a permission": verified,
    "sam, staff at the staff desk": lambda at: at.cast.sam,
    "sam, staff and superuser on the ordinary pages": lambda at: Actor.session(
        at.cast.sam.user_id or at.cast.alice_id
    ),
    "somebody not signed in": lambda _at: Actor(),
}


# --- what -----------------------------------------------------------------------------------------


def opens(which: str) -> Callable[[Actor, Stage], str]:
    def try_it(actor: Actor, at: Stage) -> str:
        row: Record = getattr(at, which)
        opened = records.open_record(actor, at.cast.alice_id, row.pk)
        page = records.timeline(actor, at.cast.alice_id)
        assert opened.id in {item.id for item in page.items}
        return "yes"

    return try_it


def takes(which: str, *, copy: bool) -> Callable[[Actor, Stage], str]:
    def try_it(actor: Actor, at: Stage) -> str:
        binary: Binary = getattr(at, which)
        opened = files.open_file(actor, at.cast.alice_id, at.test.pk, binary.pk, copy=copy)
        assert b"".join(opened.pieces) == which.encode()
        return "yes"

    return try_it


# What came of sorting, deleting and sharing; anything else is a mistake.
DECIDES: dict[tuple[bool, ...], str] = {
    (True, True, True): "yes",
    (False, True, False): "delete only",
    (False, False, False): "no",
}


def decides(actor: Actor, at: Stage) -> str:
    """All of it, nothing of it, or deleting alone."""
    acts: list[Callable[[], object]] = [
        lambda: records.classify(actor, at.test.pk, labels=[Sensitivity.HIV]),
        lambda: removal.hide_record(actor, at.test.pk),
        lambda: share_alices(actor, at),
    ]
    done = []
    for act in acts:
        try:
            with transaction.atomic():
                act()
            done.append(True)
        except Http404:
            done.append(False)
    return DECIDES[tuple(done)]


def share_alices(actor: Actor, at: Stage) -> None:
    """Anybody with a record may share; what counts is whose record it is."""
    grant_id = granting.grant(actor, "dora@example.org", scope=ALL)
    with as_owner():
        patient_id = Grant.objects.get(pk=grant_id).patient_id
    if patient_id != at.cast.alice_id:
        raise Http404


def sees_looks(actor: Actor, at: Stage) -> str:
    with acting_as(actor):
        visible = about(at.cast.alice_id).exists()
    try:
        told = bool(looks.log(actor).lines)
    except Http404:
        told = False
    if visible:
        return "yes" if told else "ids only"
    return "no"


COLUMNS: dict[str, Callable[[Actor, Stage], str]] = {
    "open the blood test": opens("test"),
    "look at its picture": takes("picture", copy=False),
    "download its file": takes("file", copy=True),
    "open the mental-health item": opens("mental"),
    "open the unsorted item": opens("unsorted"),
    "open the letter": opens("letter"),
    "open the deleted item": opens("deleted"),
    "sort, delete or share": decides,
    "see who has looked": sees_looks,
}


@pytest.mark.parametrize("name", list(PEOPLE))
def test_every_cell_of_a_row_is_true(cast: Cast, name: str) -> None:
    open_walls()
    at = Stage.enter(cast)
    who = SCENES[name](at)

    tried = {}
    for column, does in COLUMNS.items():
        with transaction.atomic():
            try:
                with transaction.atomic():
                    tried[column] = does(who, at)
            except Http404:
                tried[column] = "no"
            transaction.set_rollback(True)

    assert tried == PEOPLE[name]


def test_the_page_and_this_test_have_the_same_rows_and_columns() -> None:
    assert set(PEOPLE) == set(SCENES)
    assert set(JOBS) == set(System)
    for row in PEOPLE.values():
        assert list(row) == list(COLUMNS)


MEANT = {
    "add items": {Action.CREATE},
    "change items": {Action.UPDATE},
    "destroy items": {Action.DELETE},
    "read or copy items": {Action.READ, Action.COPY},
    "share": {Action.SHARE, Action.REVOKE, Action.RESHARE, Action.CONTRIBUTE},
}


@pytest.mark.parametrize("name", list(JOBS))
def test_every_cell_of_a_job_is_true(cast: Cast, name: str) -> None:
    row, actor = keep(cast.alice_id), Actor.job(System(name))
    assert set().union(*MEANT.values()) == set(Action)
    for column, cell in JOBS[name].items():
        for action in MEANT[column]:
            with acting_as(actor, about=cast.alice_id):
                found = policy.records(actor, action, Record.objects.all(), cast.alice_id)
                assert list(found) == ([row] if cell == "yes" else []), (name, action)


@pytest.mark.parametrize("job", list(System))
def test_no_job_touches_a_record_that_is_being_erased(cast: Cast, job: System) -> None:
    open_walls()
    at = Stage.enter(cast)
    patient(at, **ERASING)
    with acting_as(Actor.job(job), about=cast.alice_id):
        for action in Action:
            found = policy.records(Actor.job(job), action, Record.objects.all(), cast.alice_id)
            assert not found.exists()
