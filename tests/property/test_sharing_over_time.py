"""Months of sharing through the services themselves, and after each step one rule asked in five ways.

The list, the check, its explanation, who is told to have access, and the walls of the database say
of everybody what `over_time.py` says.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast
from uuid import UUID

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as search
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from pytest_django import Settings

from accounts.actors import Actor
from accounts.models import Patient, User
from phr.models import Record, Tag
from phr.services import marks
from phr.tags import token_of
from sharing.labels import Sensitivity
from sharing.models import Authority, Grant, PractitionerRole, Role, Shift
from sharing.policy import Action
from sharing.services import granting, links, members, passing_on, rosters
from sharing.services.recipients import ActsFor, Recipient
from sharing.tokens import label_tokens
from tests.property.months import (
    ADMINISTRATOR,
    CATEGORIES,
    DAY,
    FOREVER,
    LABELS,
    NAMES,
    Ground,
    Months,
    asked,
    askers,
    codes,
    managers,
    parts,
    patients,
    some,
    things,
    users,
    words,
)
from tests.property.over_time import USERS, Given, Job, Part, Thing, Who
from tests.raw import as_owner, open_walls

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
    pytest.mark.timeout(3600),
]
THOROUGH = search.get_current_profile_name() == "thorough"


EVERYTHING = {
    "categories": frozenset(one.value for one in CATEGORIES),
    "labels": frozenset(one.value for one in LABELS),
}


class Sharing(Months):
    """Each step is one act of the portal, and the same in the model."""

    # --- permissions ------------------------------------------------------------------------------

    @rule(
        asker=askers,
        patient=patients,
        to=users,
        part=parts,
        manages=st.sampled_from([None, None, False, True]),
    )
    def grant(self, asker: Any, patient: int, to: int, part: Part, manages: bool | None) -> None:
        """To somebody, who may act for her, and keep all of her record, or not."""
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE)
        acts = None if manages is None else ActsFor(Authority.CHOSEN, manages)
        recipient = Recipient(f"{NAMES[to]}@example.org", acts=acts)
        given = Given(
            about or 0,
            "proxy" if acts else "person",
            to,
            self.given_part(part, bool(manages)),
            self.open_until(),
            manages=bool(manages),
        )
        self.give(who, recipient, part, given, may=about is not None and to != about)

    def given_part(self, part: Part, manages: bool) -> Part:
        everything: dict[str, Any] = {**EVERYTHING, "tags": frozenset()}
        whole = replace(part, copy=True, reshare=False, **everything)
        return self.dated(whole if manages else part)

    @rule(asker=askers, patient=patients, part=parts)
    def grant_to_the_facility(self, asker: Any, patient: int, part: Part) -> None:
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE)
        given = Given(about or 0, "facility", None, self.dated(part), 0, accepted=True)
        recipient = Recipient(organization_id=self.ground.facility)
        self.give(who, recipient, part, given, may=about is not None)

    def give(self, who: Who, to: Recipient, part: Part, given: Given, *, may: bool) -> None:
        made: list[UUID] = []
        scope = self.scope(part, given.patient)
        done = asked(lambda: made.append(granting.grant(self.actor(who), to, scope=scope)))
        assert done == may
        if done:
            self.keep(given, made)

    @rule(which=some, asker=askers, part=parts)
    def change(self, which: int, asker: Any, part: Part) -> None:
        if (at := self.one_of(self.model.given, which)) is None:
            return
        old = self.model.given[at]
        who = self.asker(asker, old.patient)
        over = old.revoked or old.part.ends <= self.model.now or old.path == "link"
        over |= old.via is not None and part.reshare
        may = self.model.keeps(who, Action.SHARE) == old.patient and not over
        made, scope = list[UUID](), self.scope(part, old.patient)
        act = partial(granting.change, self.actor(who), self.grants[at], scope=scope)
        assert asked(lambda: made.append(act())) == may
        if may:
            self.model.end(old)
            further = self.given_part(part, old.manages)
            fresh = replace(old, part=further, waits_until=self.open_until(), revoked=False)
            self.keep(fresh, made)

    @rule(which=some, who=users)
    def accept(self, which: int, who: int) -> None:
        at = self.one_of(self.model.given, which)
        if at is None or who in self.model.off:
            return
        given = self.model.given[at]
        may = self.model.waits(given) and given.who == who
        assert asked(lambda: granting.accept(self.actor(Who(who)), self.grants[at])) == may
        given.accepted |= may

    @rule(which=some)
    def accept_by_who_was_asked(self, which: int) -> None:
        waiting = [at for at, one in enumerate(self.model.given) if self.model.waits(one)]
        if waiting:
            at = waiting[which % len(waiting)]
            self.accept(at, self.model.given[at].who or 0)

    @rule(
        which=some,
        asker=askers,
        act=st.sampled_from([granting.pause, granting.resume, granting.revoke]),
    )
    def pause_or_revoke(self, which: int, asker: Any, act: Any) -> None:
        if (at := self.one_of(self.model.given, which)) is None:
            return
        given = self.model.given[at]
        who = self.asker(asker, given.patient)
        action = Action.SHARE if act is granting.resume else Action.REVOKE
        may = self.model.keeps(who, action) == given.patient
        assert asked(lambda: act(self.actor(who), self.grants[at])) == may
        if may and act is granting.revoke:
            self.model.end(given)
        elif may and given.accepted and not given.revoked:
            given.paused = act is granting.pause

    @rule(asker=askers, patient=patients)
    def revoke_all(self, asker: Any, patient: int) -> None:
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.REVOKE) if who.acts_for is None else None
        assert asked(lambda: granting.revoke_all(self.actor(who))) == (about is not None)
        for one in self.model.given:
            one.revoked |= one.patient == about

    @rule(which=some, user=st.none() | users, to=users, days=st.sampled_from([None, 1.5]))
    def pass_on(self, which: int, user: int | None, to: int, days: float | None) -> None:
        if (at := self.one_of(self.model.given, which)) is None:
            return
        above = self.model.given[at]
        who = Who(above.who or 0 if user is None else user)
        by = self.model.by(who, Action.RESHARE, above.patient)
        plain = above.path == "person" and above.via is None
        may = plain and to != who.user and any(one is above for one in by)
        ends = None if days is None else timezone.now() + days * DAY
        made, email = list[UUID](), f"{NAMES[to]}@example.org"
        act = partial(
            passing_on.pass_on, self.actor(who), self.grants[at], email=email, ends_at=ends
        )
        assert asked(lambda: made.append(act())) == may
        if may:
            until = min(above.part.ends, self.model.now + (days or FOREVER))
            part = replace(above.part, reshare=False, ends=until)
            self.keep(Given(above.patient, "person", to, part, self.open_until(), via=above), made)

    @rule(asker=askers, patient=patients, part=parts)
    def make_link(self, asker: Any, patient: int, part: Part) -> None:
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE) if who.acts_for is None else None
        may = about is not None and part.ends != FOREVER
        made, scope = list[UUID](), self.scope(part, about or 0)
        act = partial(links.make, self.actor(who), "Dr Lee", scope=scope, passcode=False)
        assert asked(lambda: made.append(act().grant_id)) == may
        if may:
            part = replace(self.dated(part), reshare=False)
            self.keep(Given(about or 0, "link", None, part, 0, accepted=True), made)

    @rule(asker=askers, patient=patients, days=st.sampled_from([1.5, 5.5]))
    def make_drop_box(self, asker: Any, patient: int, days: float) -> None:
        """Who holds it sends in, and sees nothing."""
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE) if who.acts_for is None else None
        nothing: frozenset[str] = frozenset()
        part = Part(nothing, nothing, nothing, copy=False, reshare=False, starts=0.0, ends=days)
        scope = replace(
            self.scope(part, about or 0), inward_categories=CATEGORIES, inward_labels=LABELS
        )
        made = list[UUID]()
        act = partial(links.make_drop_box, self.actor(who), "Dr Lee", scope=scope, passcode=False)
        assert asked(lambda: made.append(act().grant_id)) == (about is not None)
        if about is not None:
            self.keep(Given(about, "link", None, self.dated(part), 0, accepted=True), made)

    # --- the facility -----------------------------------------------------------------------------

    def manage(self, by: int, act: Callable[[Actor], object], *, may: bool = True) -> bool:
        done = asked(lambda: act(self.actor(Who(by))))
        assert done == (may and by == ADMINISTRATOR)
        return done

    @rule(by=managers, user=st.sampled_from(USERS[1:4]), code=codes)
    def invite(self, by: int, user: int, code: Role) -> None:
        same = (one for one in self.model.jobs if (one.user, one.code) == (user, code))
        there = any(self.model.now < one.ends for one in same)
        made, to = list[UUID](), f"{NAMES[user]}@example.org"
        facility = self.ground.facility
        act = partial(members.invite, organization_id=facility, email=to, code=code, ends_at=None)
        if self.manage(by, lambda actor: made.append(act(actor)), may=not there):
            self.roles += made
            self.model.jobs.append(Job(user, code, self.open_until()))

    @rule(which=some, who=st.none() | users)
    def begin_to_work(self, which: int, who: int | None) -> None:
        at = self.one_of(self.model.jobs, which)
        if at is None or who in self.model.off:
            return
        job = self.model.jobs[at]
        who = job.user if who is None else who
        over = job.accepted or job.suspended or self.model.now >= min(job.waits_until, job.ends)
        may = who == job.user and not over
        assert asked(lambda: members.accept(self.actor(Who(who)), self.roles[at])) == may
        job.accepted |= may

    @rule(
        which=some, by=managers, act=st.sampled_from([members.suspend, members.resume, members.end])
    )
    def suspend_or_end(self, which: int, by: int, act: Any) -> None:
        if (at := self.one_of(self.model.jobs, which)) is None:
            return
        job = self.model.jobs[at]
        done = self.manage(by, lambda actor: act(actor, self.roles[at]))
        if done and self.model.now < job.ends:
            if act is members.end:
                job.ends = self.model.now
            else:
                job.suspended = act is members.suspend

    @rule(which=some, by=managers, code=codes)
    def change_role(self, which: int, by: int, code: Role) -> None:
        if (at := self.one_of(self.model.jobs, which)) is None:
            return
        old, made = self.model.jobs[at], list[UUID]()
        may = old.accepted and self.model.now < old.ends
        change = partial(members.change, role_id=self.roles[at], code=code, ends_at=None)
        if self.manage(by, lambda actor: made.append(change(actor)), may=may) and code != old.code:
            self.roles += made
            waits: dict[str, Any] = {"accepted": False, "waits_until": self.open_until()}
            self.model.jobs.append(replace(old, code=code, shifts=[], **waits))
            old.ends = self.model.now

    @rule(
        which=some,
        by=managers,
        begins=st.sampled_from([0.0, 0.5]),
        length=st.sampled_from([0.5, 2.0]),
    )
    def put_on_call(self, which: int, by: int, begins: float, length: float) -> None:
        if (at := self.one_of(self.model.jobs, which)) is None:
            return
        job, now = self.model.jobs[at], timezone.now()
        span: dict[str, Any] = {
            "starts_at": now + begins * DAY,
            "ends_at": now + (begins + length) * DAY,
        }
        act = partial(rosters.add, organization_id=self.ground.facility, role_id=self.roles[at])
        if self.manage(
            by, lambda actor: act(actor, **span), may=job.code == "on-call" and job.accepted
        ):
            job.shifts.append((self.model.now + begins, self.model.now + begins + length))

    # --- records ----------------------------------------------------------------------------------

    @rule(thing=things, asker=askers, word=words, on=st.booleans())
    def tag(self, thing: int, asker: Any, word: str, on: bool) -> None:
        of, pk = self.model.things[thing], self.ground.records[thing]
        who = self.asker(asker, of.patient)
        may = self.writes(who, of)
        if on:
            assert asked(lambda: marks.tag(self.actor(who), pk, name=word)) == may
        else:
            tag_id = self.word(of.patient, word)
            assert asked(lambda: marks.untag(self.actor(who), pk, tag_id=tag_id)) == may
        if may:
            of.tags = of.tags | {word} if on else of.tags - {word}

    def writes(self, who: Who, of: Thing) -> bool:
        kept = self.model.keeps(who, Action.UPDATE) == of.patient
        return kept and self.model.may(who, Action.UPDATE, of)

    def word(self, patient: int, word: str) -> UUID:
        about = self.ground.patients[patient]
        with as_owner():
            found = Tag.objects.filter(patient_id=about, token=token_of(about, word)).first()
        return found.pk if found else about

    @rule(thing=things, asker=askers, back=st.booleans())
    def keep_back(self, thing: int, asker: Any, back: bool) -> None:
        of, pk = self.model.things[thing], self.ground.records[thing]
        who = self.asker(asker, of.patient)
        act = partial(marks.keep_back, self.actor(who), pk, never_shared=back)
        may = self.writes(who, of)
        assert asked(act) == may
        of.kept_back = back if may else of.kept_back

    @rule(thing=things, labels=st.frozensets(st.sampled_from(LABELS), min_size=1))
    def label_anew(self, thing: int, labels: frozenset[Sensitivity]) -> None:
        """As an import does that knows more."""
        of = self.model.things[thing]
        tokens = label_tokens(self.ground.patients[of.patient])
        with as_owner():
            kept = Record.objects.filter(pk=self.ground.records[thing])
            kept.update(labels=[tokens[one] for one in labels])
        of.labels = {one.value for one in labels}

    # --- what else happens ------------------------------------------------------------------------

    @rule(days=st.sampled_from([1, 1, 5, 20]))
    def time_passes(self, days: int) -> None:
        """Everything that was to be at some time is that much sooner."""
        spans: dict[Any, tuple[str, ...]] = {
            Grant: ("starts_at", "ends_at", "invitation_ends_at"),
            PractitionerRole: ("starts_at", "ends_at", "created_at"),
            Shift: ("starts_at", "ends_at"),
        }
        with as_owner():
            for table, columns in spans.items():
                table.objects.update(**{name: F(name) - days * DAY for name in columns})
        self.model.now += days

    @rule(patient=patients, on=st.booleans())
    def restrict(self, patient: int, on: bool) -> None:
        with as_owner():
            row = Patient.objects.filter(pk=self.ground.patients[patient])
            row.update(restricted_at=timezone.now() if on else None)
        (self.model.resting.add if on else self.model.resting.discard)(patient)

    @rule(user=st.sampled_from(USERS[:4]), on=st.booleans())
    def switch_off(self, user: int, on: bool) -> None:
        with as_owner():
            User.objects.filter(pk=self.ground.users[user]).update(is_active=not on)
        (self.model.off.add if on else self.model.off.discard)(user)


def test_months_of_sharing(settings: Settings) -> None:
    settings.PHR_INVITATIONS_A_DAY = 1_000_000
    ground = Ground.enter()
    open_walls()
    run_state_machine_as_test(
        cast("Any", lambda: Sharing(ground)),
        settings=search(
            max_examples=300 if THOROUGH else 4,
            stateful_step_count=40 if THOROUGH else 10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
