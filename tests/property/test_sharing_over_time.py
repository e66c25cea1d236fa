"""Months of sharing through the services themselves, and after each step one rule asked in five ways.

The list, the check, its explanation, who is told to have access, and the walls of the database say
of everybody what `over_time.py` says.
"""

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

from accounts.models import Patient, User
from phr.models import Record, Tag
from phr.services import marks
from phr.tags import token_of
from sharing.labels import Sensitivity
from sharing.models import (
    AccessRequest,
    Authority,
    EmergencyAccess,
    EmergencyPlan,
    Grant,
    PractitionerRole,
    Shift,
)
from sharing.policy import Action
from sharing.services import granting, links, passing_on
from sharing.services.recipients import ActsFor, Recipient
from sharing.tokens import label_tokens
from tests.property.at_work import AtWork
from tests.property.months import (
    CATEGORIES,
    DAY,
    FOREVER,
    KEEPS,
    LABELS,
    NAMES,
    Ground,
    asked,
    askers,
    parts,
    patients,
    some,
    things,
    users,
    words,
)
from tests.property.over_time import CHILD, OPENER, USERS, Given, Part, Thing, Who
from tests.raw import as_owner

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
    pytest.mark.timeout(3600),
]
THOROUGH = search.get_current_profile_name() == "thorough"


class Sharing(AtWork):
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
        may = about is not None and to != about and self.model.gives(who, given)
        self.give(who, recipient, part, given, may=may)

    def given_part(self, part: Part, manages: bool) -> Part:
        whole = replace(KEEPS, starts=part.starts, ends=part.ends)
        return self.dated(whole if manages else part)

    @rule(asker=askers, patient=patients, part=parts)
    def grant_to_the_facility(self, asker: Any, patient: int, part: Part) -> None:
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE)
        given = Given(about or 0, "facility", None, self.dated(part), 0, accepted=True)
        recipient = Recipient(organization_id=self.ground.facility)
        may = about is not None and self.model.gives(who, given)
        self.give(who, recipient, part, given, may=may)

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
        over = old.revoked or old.part.ends <= self.model.now or old.path in {"link", "emergency"}
        over |= old.via is not None and part.reshare
        fresh = replace(old, part=self.given_part(part, old.manages), revoked=False)
        may = self.alters(who, Action.SHARE, old) and not over and self.model.gives(who, fresh)
        made, scope = list[UUID](), self.scope(part, old.patient)
        act = partial(granting.change, self.actor(who), self.grants[at], scope=scope)
        assert asked(lambda: made.append(act())) == may
        if may:
            self.model.end(old)
            self.keep(replace(fresh, waits_until=self.open_until()), made)

    def alters(self, who: Who, action: Action, given: Given) -> bool:
        """Whether she ends or changes it; who stands in does not who acts for the child."""
        hers = self.model.keeps(who, action) == given.patient
        return hers and not (who.acts_for is not None and given.path == "proxy")

    @rule(which=some, who=users)
    def accept(self, which: int, who: int) -> None:
        at = self.one_of(self.model.given, which)
        if at is None or who in self.model.off:
            return
        given = self.model.given[at]
        opened_it = (given.patient, who) == (CHILD, OPENER)
        may = self.model.waits(given) and given.who == who and not opened_it
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
        may = self.alters(who, action, given)
        assert asked(lambda: act(self.actor(who), self.grants[at])) == may
        if may and act is granting.revoke:
            self.model.end(given)
        elif may and given.accepted and not given.revoked:
            given.paused = act is granting.pause

    @rule(asker=askers, patient=patients)
    def revoke_all(self, asker: Any, patient: int) -> None:
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.REVOKE)
        assert asked(lambda: granting.revoke_all(self.actor(who))) == (about is not None)
        for one in self.model.given:
            one.revoked |= one.patient == about and self.alters(who, Action.REVOKE, one)
        if about is not None:
            self.model.stop(about)

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
        about = self.model.keeps(who, Action.SHARE)
        given = Given(about or 0, "link", None, self.linked(part), 0, accepted=True)
        may = about is not None and part.ends != FOREVER and self.model.gives(who, given)
        made, scope = list[UUID](), self.scope(part, about or 0)
        act = partial(links.make, self.actor(who), "Dr Lee", scope=scope, passcode=False)
        assert asked(lambda: made.append(act().grant_id)) == may
        if may:
            self.keep(given, made)

    def linked(self, part: Part) -> Part:
        return replace(self.dated(part), reshare=False)

    @rule(asker=askers, patient=patients, days=st.sampled_from([1.5, 5.5]))
    def make_drop_box(self, asker: Any, patient: int, days: float) -> None:
        """Who holds it sends in, and sees nothing."""
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE)
        nothing: frozenset[str] = frozenset()
        part = Part(nothing, nothing, nothing, copy=False, reshare=False, starts=0.0, ends=days)
        scope = replace(
            self.scope(part, about or 0), inward_categories=CATEGORIES, inward_labels=LABELS
        )
        given = Given(about or 0, "link", None, self.linked(part), 0, accepted=True)
        may, made = about is not None and self.model.gives(who, given), list[UUID]()
        act = partial(links.make_drop_box, self.actor(who), "Dr Lee", scope=scope, passcode=False)
        assert asked(lambda: made.append(act().grant_id)) == may
        if may:
            self.keep(given, made)

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
        may = self.model.keeps(who, Action.SHARE) == of.patient
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

    @rule(days=st.sampled_from([0.125, 1, 5, 20]))
    def time_passes(self, days: float) -> None:
        """Everything that was to be at some time is that much sooner."""
        spans: dict[Any, tuple[str, ...]] = {
            Grant: ("starts_at", "ends_at", "invitation_ends_at"),
            PractitionerRole: ("starts_at", "ends_at", "created_at"),
            Shift: ("starts_at", "ends_at"),
            EmergencyPlan: ("armed_at",),
            EmergencyAccess: ("opened_at", "due_at"),
            AccessRequest: ("made_at", "expires_at", "refused_at"),
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
    settings.PHR_INVITATIONS_A_DAY = settings.PHR_REQUESTS_A_DAY = 1_000_000
    ground = Ground.enter()
    run_state_machine_as_test(
        cast("Any", lambda: Sharing(ground)),
        settings=search(
            max_examples=300 if THOROUGH else 3,
            stateful_step_count=40 if THOROUGH else 8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
