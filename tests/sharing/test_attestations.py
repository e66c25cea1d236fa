"""Copies after a permission was taken back: who is asked, who answers, and who is told of it."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, System
from sharing.leaving import forget_patient, leave_others
from sharing.models import (
    Answer,
    Attestation,
    Grant,
    Notice,
    NoticeChoice,
    NoticeKind,
    Organization,
    PractitionerRole,
    Reason,
    Role,
)  # fmt: skip
from sharing.services import (
    attestations,
    closing,
    endings,
    facilities,
    granting,
    members,
    notices,
)  # fmt: skip
from sharing.services.recipients import Recipient
from tests.cast import ALL, ORDINARY, PURGER, Cast, user_of
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import FACTS, employ, opened
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
JOB = Actor.job(System.MAIL)


@dataclass(frozen=True)
class Closed:
    """A facility that closed, a nurse of it, and what it held."""

    pk: UUID
    nina: Actor
    grants: tuple[UUID, ...]


def copy(cast: Cast, grant_id: UUID) -> None:
    """Bob takes a copy of something under this permission."""
    with acting_as(cast.bob):
        note(
            "copy", patient_id=cast.alice_id, records=[keep(cast.alice_id).pk],
            basis=f"grant:{grant_id}",
        )  # fmt: skip


@pytest.fixture
def asked(cast: Cast) -> attestations.Asked:
    """Alice took back what bob had copied something under."""
    grant_id = cast.share()
    copy(cast, grant_id)
    granting.revoke(cast.alice, grant_id)
    (one,) = attestations.asked_of_me(cast.bob)
    return one


def kinds(actor: Actor) -> list[NoticeKind]:
    return [told.kind for told in notices.mine(actor)]


def test_who_copied_is_asked_at_once_and_told_whose(cast: Cast, asked: attestations.Asked) -> None:
    assert (asked.patient_name, asked.state) == ("Alice Archer", "waiting")
    assert timedelta(days=29) < asked.row.due_at - timezone.now() < timedelta(days=31)
    assert NoticeKind.DESTROY in kinds(cast.bob)
    assert attestations.asked_of_me(cast.carol) == []
    with pytest.raises(Denied):
        attestations.one_of_mine(cast.carol, asked.row.pk)


def test_who_copied_is_asked_when_it_ends_by_itself(cast: Cast) -> None:
    grant_id = cast.share()
    cast.share(ALL)
    copy(cast, grant_id)
    assert attestations.ask_expired(JOB) == 0
    open_walls()
    with as_owner():
        Grant.objects.update(ends_at=timezone.now())

    assert (attestations.ask_expired(JOB), attestations.ask_expired(JOB)) == (1, 0)
    (one,) = attestations.asked_of_me(cast.bob)
    assert one.row.grant_id == grant_id


@pytest.fixture
def closed(cast: Cast) -> Closed:
    """A facility of bob's closed: nina copied under one permission, and under an earlier one."""
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    grants = []
    for _ in range(2):
        grants.append(granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL))
        with acting_as(nina):
            note("copy", patient_id=cast.alice_id, records=[keep(cast.alice_id).pk],
                 basis=f"grant:{grants[-1]}")  # fmt: skip
    granting.revoke(cast.alice, grants[0])
    late = members.invite(cast.bob, pk, "carol@example.org", code=Role.ADMINISTRATOR, ends_at=None)
    open_walls()
    with as_owner():
        Organization.objects.filter(pk=pk).update(closing_at=timezone.now())
    while closing.work(Actor.job(System.DIRECTORY)):
        pass
    with as_owner():
        PractitionerRole.objects.filter(pk=late).update(
            user=cast.carol.user_id, accepted_at=timezone.now() + timedelta(seconds=1)
        )
    return Closed(pk, nina, tuple(grants))


def test_a_facility_that_closes_is_asked_and_answers(cast: Cast, closed: Closed) -> None:
    found = attestations.asked_of_me(cast.bob)
    assert {one.row.grant_id for one in found} == set(closed.grants)
    assert NoticeKind.DESTROY in kinds(cast.bob)

    for one in found:
        attestations.attest(
            cast.bob, one.row.pk, answer=Answer.DESTROYED, reason=None, words="Shredded."
        )
    assert set(attestations.states(cast.alice).values()) == {"answered"}
    assert kinds(cast.alice).count(NoticeKind.ATTESTED) == 2


@pytest.mark.usefixtures("static_files")
def test_the_administrator_of_a_closed_facility_finds_the_page(closed: Closed) -> None:
    bob = sign_in("bob@example.org")
    assert 'href="/shared/copies/"' in text(bob.get("/notices/"))
    page = text(bob.get("/shared/copies/"))
    assert (page.count("Alice Archer"), page.count("Riverside Clinic")) == (2, 2)

    for address in re.findall(r'href="(/shared/copies/[^"]+/)"', page):
        assert bob.get(address).status_code == 200
        assert bob.post(address, {"answer": "none-kept"}).status_code == 302
    page = text(bob.get("/shared/copies/"))
    assert page.count("No copy was kept") == 2
    for how in ("because the facility closed its account here", "The patient took it back on"):
        assert page.count(how) == 1
    del closed


@pytest.mark.usefixtures("static_files")
def test_two_questions_of_one_patient_are_told_apart_by_number_and_day(cast: Cast) -> None:
    day, first, second = timezone.now(), cast.share(), cast.share()
    for grant_id, names in ((first, ["Gout"]), (second, ["Asthma", "Measles"])):
        with acting_as(cast.bob):
            rows = [keep(cast.alice_id, text=name).pk for name in names]
            for _ in range(2):
                note("copy", patient_id=cast.alice_id, records=rows, basis=f"grant:{grant_id}")
    granting.revoke_all(cast.alice)

    page = text(sign_in("bob@example.org").get("/shared/copies/"))
    for many in ("1 item, copied on", "2 items, copied on"):
        assert page.count(f"{many} {day.day} {day:%B %Y}.") == 1
    assert (page.count(str(first)), page.count(str(second))) == (1, 1), "as on the letter"
    assert "The patient took it back on" in page
    for one in attestations.asked_of_me(cast.bob):
        page += text(sign_in("bob@example.org").get(f"/shared/copies/{one.row.pk}/"))
    for name in ("Gout", "Asthma", "Measles"):
        assert name not in page


def test_who_is_not_asked_learns_nothing_of_how_it_ended(
    cast: Cast, asked: attestations.Asked
) -> None:
    grant_id = asked.row.grant_id
    assert endings.of_asked(cast.bob, [grant_id]).keys() == {grant_id}
    assert endings.of_own(cast.alice, grant_id)
    for other in (cast.carol, cast.sam, Actor(), Actor.link(grant_id)):
        assert endings.of_asked(other, [grant_id]) == {}
    still = cast.share()
    assert endings.of_asked(cast.bob, [still]) == {}


def test_only_who_administered_it_then_answers_for_it(cast: Cast, closed: Closed) -> None:
    for other in (closed.nina, cast.carol, cast.alice):
        assert attestations.asked_of_me(other) == []
        with acting_as(other), connection.cursor() as cursor:
            cursor.execute("SELECT phr_answers_for()")
            assert cursor.fetchall() == []


def test_who_answers_for_a_closed_facility_has_nothing_else_of_it(
    cast: Cast, closed: Closed
) -> None:
    with acting_as(cast.bob), connection.cursor() as cursor:
        cursor.execute("SELECT phr_administers() UNION ALL SELECT phr_teams()")
        assert cursor.fetchall() == []
        assert not Grant.objects.exists()
        assert not PractitionerRole.objects.administering().exists()
        assert not PractitionerRole.objects.exclude(user=cast.bob.user_id).exists()
    with pytest.raises(Denied):
        facilities.change(cast.bob, closed.pk, FACTS, listed=False)


def test_who_only_looked_is_not_asked(cast: Cast) -> None:
    granting.revoke(cast.alice, cast.share())

    assert attestations.asked_of_me(cast.bob) == []


def test_a_changed_permission_is_asked_about_when_its_last_form_ends(cast: Cast) -> None:
    first = cast.share()
    copy(cast, first)
    second = granting.change(cast.alice, first, scope=ORDINARY)
    assert attestations.asked_of_me(cast.bob) == []

    granting.revoke(cast.alice, second)
    assert [one.row.grant_id for one in attestations.asked_of_me(cast.bob)] == [first]


def test_stopping_everything_asks_about_all(cast: Cast) -> None:
    grants = {cast.share(), cast.share()}
    for grant_id in grants:
        copy(cast, grant_id)
    granting.revoke_all(cast.alice)

    assert {one.row.grant_id for one in attestations.asked_of_me(cast.bob)} == grants
    assert kinds(cast.bob).count(NoticeKind.DESTROY) == 2


def test_the_answer_reaches_the_patient_once(cast: Cast, asked: attestations.Asked) -> None:
    attestations.attest(
        cast.bob, asked.row.pk, answer=Answer.CANNOT, reason=Reason.LAW, words="Ten years."
    )

    told = attestations.of_grant(cast.alice, asked.row.grant_id)
    assert told
    assert (told.state, told.who, told.words) == ("answered", "Dr Bob Brown", "Ten years.")
    assert (told.row.answer, told.row.reason) == (Answer.CANNOT, Reason.LAW)
    assert attestations.states(cast.alice) == {asked.row.grant_id: "answered"}
    assert NoticeKind.ATTESTED in kinds(cast.alice)
    with pytest.raises(Denied):
        attestations.attest(cast.bob, asked.row.pk, answer=Answer.DESTROYED, reason=None, words="")


def test_nobody_answers_for_another_and_nobody_without_a_reason(
    cast: Cast, asked: attestations.Asked
) -> None:
    for actor in (cast.alice, cast.carol, Actor()):
        with pytest.raises(Denied), transaction.atomic():
            attestations.attest(actor, asked.row.pk, answer=Answer.DESTROYED, reason=None, words="")
    with pytest.raises(ValueError, match="reason"):
        attestations.attest(cast.bob, asked.row.pk, answer=Answer.CANNOT, reason=None, words="")


def test_what_is_late_is_told_to_both_sides_once(cast: Cast, asked: attestations.Asked) -> None:
    assert attestations.tell_overdue(JOB) == 0
    open_walls()
    with as_owner():
        Attestation.objects.update(due_at=timezone.now() - timedelta(days=1))

    assert (attestations.tell_overdue(JOB), attestations.tell_overdue(JOB)) == (1, 0)
    for actor in (cast.alice, cast.bob):
        assert kinds(actor).count(NoticeKind.UNANSWERED) == 1
    assert attestations.states(cast.alice) == {asked.row.grant_id: "overdue"}


def test_the_words_are_sealed(cast: Cast, asked: attestations.Asked) -> None:
    attestations.attest(
        cast.bob, asked.row.pk, answer=Answer.NONE_KEPT, reason=None, words="Only on paper"
    )
    with acting_as(cast.alice):
        row = Attestation.objects.get()
    assert b"paper" not in bytes(row.words_sealed or b"")
    assert b"Alice" not in bytes(row.name_sealed)


def test_a_permission_for_everything_still_asks_nobody_before_it_is_accepted(cast: Cast) -> None:
    granting.revoke(cast.alice, granting.grant(cast.alice, "someone@example.org", scope=ALL))

    with acting_as(cast.alice):
        assert not Attestation.objects.exists()


def test_an_erased_record_takes_notices_and_questions_along(
    cast: Cast, asked: attestations.Asked
) -> None:
    assert forget_patient(PURGER, cast.alice_id) == 1

    with acting_as(PURGER):
        assert not Attestation.objects.exists()
        assert not Notice.objects.filter(patient=cast.alice_id).exists()
    del asked


def test_who_leaves_is_in_no_notice_and_her_answers_stay(
    cast: Cast, asked: attestations.Asked
) -> None:
    attestations.attest(cast.bob, asked.row.pk, answer=Answer.DESTROYED, reason=None, words="")
    notices.choose(cast.bob, by_mail=[])

    leave_others(PURGER, user_of(cast.bob))
    with acting_as(PURGER):
        hers = Q(recipient=cast.bob.user_id) | Q(person=cast.bob.user_id)
        assert not Notice.objects.filter(hers).exists()
        assert not NoticeChoice.objects.exists()
        assert Attestation.objects.get().answer == Answer.DESTROYED
