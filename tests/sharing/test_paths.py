"""The one list: whatever lets anybody reach anything stands in it, and what does not is not there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Denied
from accounts.models import Patient, User
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import (
    AccessRequest,
    Grant,
    Organization,
    Path,
    PractitionerRole,
    ShareLink,
    Shift,
)
from sharing.policy import Action
from sharing.services import emergencies, granting, links, listing, paths, reaching
from sharing.services.paths import Kind
from tests.cast import ALL, ORDINARY, Cast, join, user_of
from tests.doors import sign_in
from tests.property.people import opened
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture
def everything(cast: Cast) -> Cast:
    """Alice has given a permission by every way there is; some of them are not in force."""
    person = cast.share()
    granting.grant(cast.alice, "nobody@example.org", scope=ALL)
    ended = cast.share()
    granting.revoke(cast.alice, ended)
    paused = cast.share(ORDINARY)
    granting.pause(cast.alice, paused)
    others = {name: join(f"{name}@example.org") for name in ("dana", "nina", "otto", "pia")}
    open_walls()
    with as_owner():
        clinic = opened("Harbour Clinic", others["nina"], others["otto"])
        roles = {
            name: PractitionerRole.objects.create(
                organization=clinic, user=others[name], code=code, accepted_at=timezone.now(),
                starts_at=timezone.now(), invited_email=f"{name}@example.org",
            )
            for name, code in (("nina", "nurse"), ("otto", "on-call"), ("pia", "admin"))
        }  # fmt: skip
        Shift.objects.create(
            role=roles["otto"], starts_at=timezone.now() + timedelta(hours=2),
            ends_at=timezone.now() + timedelta(hours=9),
        )  # fmt: skip
        row = Grant.objects.get(pk=person)
        for path, fields in {
            Path.FACILITY: {"organization_id": clinic.pk, "grantee_id": None},
            Path.EMERGENCY: {"organization_id": clinic.pk, "grantee_id": others["nina"].pk,
                             "may_copy": False, "ends_at": timezone.now() + timedelta(hours=4)},
            Path.PROXY: {"grantee_id": others["dana"].pk, "authority": "chosen"},
            Path.PERSON: {"grantee_id": others["pia"].pk, "via_id": person},
        }.items():  # fmt: skip
            assert isinstance(fields, dict)
            row.pk, row.path, row._state.adding = None, path, True
            copied = {f.attname: getattr(row, f.attname) for f in Grant._meta.concrete_fields
                      if f.name not in {"id", "serial"}}  # fmt: skip
            Grant.objects.create(**copied | fields)
    return cast


def test_every_way_stands_under_its_heading(everything: Cast) -> None:
    found = paths.ways(everything.alice)

    assert [kind for kind, _ in found.open] == [
        Kind.EMERGENCY, Kind.PROXY, Kind.PERSON, Kind.FACILITY,
    ]  # fmt: skip
    people = dict(found.open)[Kind.PERSON]
    assert sorted(way.state for way in people) == ["active", "paused", "waiting"]
    (above,) = [way for way in people if way.passed_on]
    assert [way.held.person.name for way in above.passed_on] == ["pia@example.org"]
    assert [way.state for way in found.over] == ["revoked"]
    with as_owner():
        asked_for = {"inward_categories": ["laboratory"], "inward_labels": [1]}
        rows = Grant.objects.filter(pk__in=[way.held.grant.pk for way in people])
        rows.update(categories=[], labels=[], **asked_for)
    assert len(dict(paths.ways(everything.alice).open)[Kind.PERSON]) == len(people)


def test_a_facility_says_who_can_look_now_and_how_many_are_on_call(everything: Cast) -> None:
    found = dict(paths.ways(everything.alice).open)
    (way,), (emergency,) = found[Kind.FACILITY], found[Kind.EMERGENCY]

    assert way.team
    assert [one.person.name for one in way.team.now] == ["nina@example.org"]
    assert way.team.on_call == 1
    assert emergency.team is None
    granting.pause(everything.alice, way.held.grant.pk)
    (way,) = dict(paths.ways(everything.alice).open)[Kind.FACILITY]
    assert way.team is None


def test_the_list_is_what_decides(everything: Cast) -> None:
    """Nobody reaches an item who is not in the list, and whom it shows as looking can look."""
    row = keep(everything.alice_id)
    with acting_as(everything.alice):
        may = policy.people(Action.READ, row)

        shown = [way for way in paths.listed(paths.ways(everything.alice)) if way.state == "active"]
        seeing = policy.holders(way.held.grant for way in shown)

    assert seeing == may - {user_of(everything.alice)}
    assert len(may) == 5
    known = {way.held.grant.pk for way in paths.listed(paths.ways(everything.alice))}
    with acting_as(everything.alice):
        standing = Grant.objects.active().filter(patient=everything.alice_id)
        assert set(standing.values_list("pk", flat=True)) <= known


def test_what_was_passed_on_rests_with_that_from_which_it_was(everything: Cast) -> None:
    def above() -> paths.Way:
        people = dict(paths.ways(everything.alice).open)[Kind.PERSON]
        return next(way for way in people if way.passed_on)

    granting.pause(everything.alice, above().held.grant.pk)
    (rests,) = above().passed_on
    assert rests.state == "paused"
    assert reaching.why_nobody(everything.alice, rests.held.grant.pk) == reaching.ABOVE
    row = Grant.objects.filter(pk=above().held.grant.pk)
    with as_owner():
        row.update(ends_at=timezone.now())
    over = paths.ways(everything.alice).over
    assert [way.state for way in over if way.held.grant.via_id] == ["ended"]
    with as_owner():
        row.update(ends_at=None)
    granting.revoke(everything.alice, above().held.grant.pk)
    assert {way.state for way in paths.ways(everything.alice).over} == {"revoked"}


def shown(cast: Cast) -> dict[str, tuple[str, str]]:
    """Of each permission that goes on by its path, its state and why nobody looks; not passed on."""
    return {
        way.held.grant.path: (way.state, way.why)
        for way in paths.listed(paths.ways(cast.alice))
        if way.state in {"active", "nobody"} and not way.held.grant.via_id
    }


def holding(cast: Cast, path: Path) -> set[UUID]:
    with acting_as(cast.alice):
        rows = Grant.objects.active().filter(patient=cast.alice_id, path=path)
        return policy.holders(rows.filter(via=None))


def test_whom_the_list_shows_as_looking_can_look_and_nobody_else(everything: Cast) -> None:
    """Each is taken away what lets her look, and nothing of the permission itself."""
    clinic = Organization.objects.filter(name="Harbour Clinic")
    nina = PractitionerRole.objects.filter(user__email="nina@example.org")
    changes: list[tuple[QuerySet[Any], dict[str, Any], dict[Path, str]]] = [
        (Shift.objects.all(), {"starts_at": timezone.now()}, {}),
        (nina, {"suspended_at": timezone.now()}, {Path.EMERGENCY: reaching.LEFT}),
        (Shift.objects.all(), {"starts_at": timezone.now() + timedelta(hours=2)},
         {Path.FACILITY: reaching.EMPTY, Path.EMERGENCY: reaching.LEFT}),
        (nina, {"suspended_at": None, "code": "admin"},
         {Path.FACILITY: reaching.EMPTY, Path.EMERGENCY: reaching.LEFT}),
        (nina, {"code": "nurse"}, {}),
        (clinic, {"suspended_at": timezone.now()},
         {Path.FACILITY: reaching.SUSPENDED, Path.EMERGENCY: reaching.SUSPENDED}),
        (clinic, {"suspended_at": None}, {}),
        (User.objects.filter(email__in=["nina@example.org", "dana@example.org"]),
         {"is_active": False},
         {Path.FACILITY: reaching.EMPTY, Path.EMERGENCY: reaching.SWITCHED_OFF,
          Path.PROXY: reaching.SWITCHED_OFF}),
        (Patient.objects.filter(pk=everything.alice_id), {"restricted_at": timezone.now()},
         dict.fromkeys((Path.FACILITY, Path.EMERGENCY, Path.PROXY, Path.PERSON), reaching.RESTS)),
    ]  # fmt: skip
    for rows, change, gone in changes:
        with as_owner():
            assert rows.update(**change)
        found = shown(everything)
        assert {path: why for path, (state, why) in found.items() if state == "nobody"} == gone
        assert len(found) == 4
        assert not any(why for state, why in found.values() if state == "active")
        for way in paths.listed(paths.ways(everything.alice)):
            if way.state in {"active", "nobody"}:
                assert reaching.why_nobody(everything.alice, way.held.grant.pk) == way.why
        for path, (state, _) in found.items():
            assert bool(holding(everything, Path(path))) is (state == "active"), (path, change)


def test_what_was_passed_on_says_that_whoever_did_is_switched_off(everything: Cast) -> None:
    with as_owner():
        User.objects.filter(email="bob@example.org").update(is_active=False)
    (way,) = [one for one in paths.listed(paths.ways(everything.alice)) if one.held.grant.via_id]
    assert (way.state, way.why) == ("nobody", reaching.GIVER_OFF)
    alice = sign_in("alice@example.org")
    receipt = alice.get(f"/sharing/receipts/{way.held.grant.via_id}/").content.decode()
    assert f"because {reaching.SWITCHED_OFF}." in receipt
    page = alice.get("/sharing/").content.decode()
    assert f"because {reaching.GIVER_OFF}." in page
    assert "They can look now" in page
    assert " 0 people" not in page


def test_a_link_that_was_guessed_at_too_often_opens_for_nobody(cast: Cast) -> None:
    week = replace(ORDINARY, ends_at=timezone.now() + timedelta(days=7))
    made = links.make(cast.alice, "Dr Lee", scope=week)
    assert shown(cast)["link"] == ("active", "")
    open_walls()
    with as_owner():
        assert ShareLink.objects.filter(grant=made.grant_id).update(attempts_left=0)
    assert shown(cast)["link"] == ("nobody", reaching.GUESSED)


def test_what_was_used_last_comes_first(cast: Cast) -> None:
    first, second = cast.share(), cast.share()
    with acting_as(cast.bob):
        note("read", patient_id=cast.alice_id, basis=f"grant:{first}")

    (_, found) = paths.ways(cast.alice).open[0]
    assert [way.held.grant.pk for way in found] == [first, second]


def test_nobody_without_a_record_has_a_list(cast: Cast) -> None:
    with pytest.raises(Denied):
        paths.ways(cast.bob)


def test_stopping_everything_empties_the_list(everything: Cast) -> None:
    alice = everything.alice
    emergencies.arm(alice, emergencies.Plan((Category.MEDICATIONS,), (Sensitivity.N,)))
    with acting_as(everything.bob):
        asked = AccessRequest.objects.create(
            asker_id=user_of(everything.bob), email="alice@example.org", asked_sealed=b"-",
            expires_at=timezone.now() + timedelta(days=3),
        )  # fmt: skip
    assert paths.ways(alice).armed
    with acting_as(alice):
        assert AccessRequest.objects.open().filter(pk=asked.pk).exists()

    granting.revoke_all(alice)
    with acting_as(alice):
        assert not AccessRequest.objects.open().exists()
    assert not paths.ways(alice).armed

    assert paths.ways(everything.alice).open == []
    assert {held.state for held in listing.given(everything.alice)} == {"revoked"}
