"""Whoever takes a record over is asked about each that others shared of it, one by one."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import AuditEvent, User
from phr.services import looks, records
from sharing.models import NoticeKind, Role
from sharing.services import granting, handovers, inherited, listing, notices
from sharing.services.recipients import Recipient
from tests.cast import ALL, PASSWORD, Cast, user_of
from tests.doors import sign_in, text, visitor
from tests.raw import as_owner, open_walls
from tests.sharing.test_dependents import child, move_on, opened
from tests.sharing.test_handovers import GUARDED, MIA, Commit, form, named, token
from tests.worlds.facilities import employ
from tests.worlds.facilities import opened as facility
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
KEPT = "kept what was shared before this record was handed over"
PAGE = "/sharing/taken-over/"


@pytest.fixture(autouse=True)
def looked_at_by_the_owner(cast: Cast) -> None:  # noqa: ARG001 - once there is something
    """What a test reads behind the walls, it reads as the tables' owner."""
    open_walls()


def taken(cast: Cast, patient_id: UUID, commit: Commit) -> Actor:
    """The record in the hands of whom it is about."""
    link = token(named(cast.bob, patient_id, commit))
    handovers.claim(Actor(), link, password=PASSWORD, sha256=form()["sha256"])
    return user(MIA)


def user(email: str) -> Actor:
    return Actor.session(User.objects.get(email=email).pk)


def decide(client: Client, grant_id: UUID, decision: str) -> str:
    said = {"grant": str(grant_id), "decision": decision}
    return client.post(PAGE, said).headers["Location"]


def test_what_a_guardian_gave_where_she_works_is_asked_about_and_ends(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    keep(patient_id, text="A cold")
    place = facility(cast)
    nina = employ(cast, place, "nina@example.org", Role.NURSE)
    hers = granting.grant(acting, Recipient(organization_id=place), scope=ALL)
    carols = granting.grant(acting, "carol@example.org", scope=ALL)
    granting.accept(cast.carol, carols)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    done = visitor().post(f"/claim/{link}/", form())
    mia = Client()
    first = mia.post(done.headers["Location"], {"login": MIA, "password": PASSWORD}, follow=True)

    assert first.redirect_chain[-1][0] == PAGE
    page = text(first)
    assert "shared it with 2 people or facilities" in page
    assert page.count('value="keep"') == page.count('value="end"') == 2
    assert not re.search(r"<input[^>]*(checked|radio)", page)
    assert PAGE in text(mia.get("/notices/"))
    assert PAGE in text(mia.get("/sharing/"))
    assert records.timeline(nina, patient_id).items, "it goes on until she says so"

    assert decide(mia, hers, "perhaps") == PAGE
    assert decide(mia, hers, "end") == PAGE
    with pytest.raises(Denied):
        records.timeline(nina, patient_id)
    assert "shared it with 1 person or facility" in text(mia.get(PAGE))
    assert decide(mia, carols, "keep") == "/sharing/"
    assert records.timeline(cast.carol, patient_id).items
    assert mia.get(PAGE).headers["Location"] == "/records/"
    assert PAGE not in text(mia.get("/sharing/"))
    said = {line.what: line.who for line in looks.log(user(MIA)).lines}
    assert said[KEPT] == "You"


def test_a_child_is_asked_about_her_parent_and_about_what_was_passed_on(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, child())
    move_on(patient_id, years=9)
    herself = taken(cast, patient_id, django_capture_on_commit_callbacks)

    asked = inherited.asked(herself)

    assert [held.grant.grantee_id for held in asked.first] == [user_of(cast.bob)]
    given = granting.grant(herself, "carol@example.org", scope=ALL)
    granting.accept(cast.carol, given)
    assert inherited.count(herself) == 1, "what she gives herself is her own"
    new = granting.change(herself, asked.first[0].grant.pk, scope=asked.first[0].scope)
    assert inherited.asked(herself).count == 0, "what she changed she has chosen"
    assert new in {held.grant.pk for held in listing.given(herself) if held.state == "active"}


def test_who_took_nothing_over_is_asked_nothing_and_nobody_decides_for_another(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    carols = granting.grant(acting, "carol@example.org", scope=ALL)
    granting.accept(cast.carol, carols)
    alices = cast.share()
    alice = sign_in("alice@example.org")
    assert alice.get(PAGE).headers["Location"] == "/records/"
    herself = taken(cast, patient_id, django_capture_on_commit_callbacks)

    inherited.keep(cast.alice, alices)
    assert KEPT not in {line.what for line in looks.log(cast.alice).lines}
    for somebody in (cast.alice, cast.bob, cast.carol, acting):
        with pytest.raises(Denied):
            inherited.keep(somebody, carols)
    assert alice.post(PAGE, {"grant": carols, "decision": "end"}).status_code == 404
    assert inherited.count(herself) == 1
    for _ in range(2):
        inherited.keep(herself, carols)
    assert inherited.count(herself) == 0


def test_she_is_told_only_where_something_goes_on(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    herself = taken(cast, patient_id, django_capture_on_commit_callbacks)

    assert NoticeKind.TAKEN_OVER not in {told.kind for told in notices.mine(herself)}
    assert inherited.asked(herself).first == []


MANY = """
    INSERT INTO accounts_auditevent (id, at, door, system, action, outcome, patient_id, records,
        subject, basis, request_id, writer, number, previous_number, mac)
    SELECT gen_random_uuid(), now() - n * interval '1 minute', 'session', '', 'read', 'success',
        %s, '{}', '', 'owner', '', gen_random_uuid(), 1, 0, '' FROM generate_series(1, 10000) n
"""


def test_what_she_is_asked_about_is_found_without_reading_her_whole_log(cast: Cast) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(MANY, [cast.alice_id])
        cursor.execute("ANALYZE accounts_auditevent")
    before = timezone.now() - timedelta(days=30)
    with acting_as(cast.alice):
        for action in (inherited.CLAIMED, inherited.KEPT):
            rows = AuditEvent.objects.filter(patient_id=cast.alice_id, action=action)
            plan = rows.filter(at__gte=before).explain()
            assert "audit_of_taking_over" in plan, plan
        with CaptureQueriesContext(connection) as asked:
            assert inherited.count(cast.alice) == 0
        (said,) = [
            one["sql"] for one in asked.captured_queries if "accounts_auditevent" in one["sql"]
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {said}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "audit_of_taking_over" in plan, plan
    assert "Rows Removed" not in plan, plan
