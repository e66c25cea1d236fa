"""The second wall with rows behind it: who gets what, asked in SQL and through `acting_as`."""

import contextlib
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import Client
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import User
from phr import privileges
from phr.models import Binary, Record, Renewal
from phr.tags import new_word
from rights.regimes import Jurisdiction, Right
from rights.services import holds
from rights.services.cases import open_case
from rights.services.erasures import erase_record
from rights.services.exports import request_export
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting
from tests.cast import IMPORTER, PURGER, Cast
from tests.raw import WALLED, as_role, count, every, ids, owner, tell
from tests.worlds import by_code
from tests.worlds.held import hold, una
from tests.worlds.kept import keep, with_file, with_past
from tests.worlds.waiting import wait_for_alice

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

CONTENT = [
    "phr_record", "phr_recordversion", "phr_recordfile", "phr_provenance", "phr_binary",
]  # fmt: skip
HAND_OVER = """
    INSERT INTO sharing_handover (id, patient_id, named_by_id, email, lookup, ends_at)
    VALUES (gen_random_uuid(), %s, %s, '', 'x', now())
"""
NARROW = Scope(
    (Category.LABORATORY, Category.IMAGING),
    (Sensitivity.N, Sensitivity.PSY),
    may_copy=False,
    ends_at=None,
)


@dataclass
class Kept:
    """Alice's records: what bob's permission covers and what it does not; one of carol's."""

    cast: Cast
    covered: list[Record]
    files: list[Binary]
    others: list[Record]
    carols: Record
    grant_id: UUID


@pytest.fixture
def kept(cast: Cast) -> Kept:
    alice, tests, scans = cast.alice_id, Category.LABORATORY, Category.IMAGING
    covered = [
        keep(alice),
        keep(alice, category=scans),
        keep(alice, labels=[Sensitivity.PSY]),
        keep(alice, labels=[Sensitivity.N, Sensitivity.PSY]),
    ]
    erased = keep(alice)
    others = [
        keep(alice, category=Category.DOCUMENTS),
        keep(alice, labels=[Sensitivity.HIV]),
        keep(alice, labels=[Sensitivity.PSY, Sensitivity.HIV]),
        keep(alice, category=tests, labels=[Sensitivity.UNCLASSIFIED]),
        keep(alice, hidden=True),
        keep(alice, never_shared=True),
        erased,
    ]
    carols = keep(cast.carol_id)
    files = [with_file(row, b"scan") for row in covered[:2]]
    for row in [*others, carols]:
        with_file(row, b"other")
    for row in [*covered, *others, carols]:
        with_past(row)
    erase_record(cast.alice, erased.pk)
    for actor in (cast.alice, cast.carol):
        open_case(actor, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="Please")
    request_export(cast.alice)
    with acting_as(IMPORTER, about=alice):
        new_word(alice, 1, "diet")
        Renewal.objects.create(patient_id=alice)
    hold(cast, una(), covered[0])
    by_code.over(cast, NARROW)
    holds.rehome(PURGER, alice)
    grant_id = cast.share(
        replace(NARROW, inward_categories=NARROW.categories, inward_labels=NARROW.labels)
    )
    wait_for_alice(cast)
    handed_over(cast)
    return Kept(cast, covered, files, others, carols, grant_id)


def handed_over(cast: Cast) -> None:
    with owner() as opened:
        opened.execute(HAND_OVER, [cast.alice_id, cast.sam.user_id])


def walled(alias: str = "default") -> list[str]:
    with owner(alias) as opened:
        names = [str(name) for (name,) in opened.execute(WALLED)]
        for name in names:
            # Else "nobody sees a row" would prove nothing.
            assert opened.execute(every(name)).fetchone(), f"nothing in {name}"
    return names


def see_nothing(
    opened: psycopg.Connection[tuple[Any, ...]], role: str, name: str, alias: str = "default"
) -> None:
    """The role gets no row of the table, or may not even ask."""
    if privileges.LISTED[alias][name][privileges.ROLES.index(role)]:
        assert opened.execute(every(name)).fetchall() == [], name
    else:
        with pytest.raises(InsufficientPrivilege), opened.transaction():
            opened.execute(every(name))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("role", ["phr_web", "phr_worker"])
def test_an_empty_context_sees_no_row(role: str) -> None:
    for alias in ("default", "vault"):
        for name in walled(alias):
            with as_role(role, alias=alias) as opened:
                see_nothing(opened, role, name, alias)


@pytest.mark.parametrize("role", ["phr_web", "phr_worker"])
def test_a_used_and_ended_context_sees_no_row(kept: Kept, role: str) -> None:
    """After its transaction a setting is not unset but the empty string (security.md §3.3)."""
    actor = kept.cast.alice if role == "phr_web" else IMPORTER
    names = walled()
    with as_role(role, actor, about=kept.cast.alice_id) as opened:
        assert opened.execute("SELECT 1 FROM phr_record").fetchone()
        opened.commit()
        opened.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        left = opened.execute("SELECT current_setting('phr.actor', true)").fetchone()
        assert left == ("",)
        for name in names:
            see_nothing(opened, role, name)


def test_nobody_is_nobody(kept: Kept) -> None:
    for actor in (Actor(), Actor.session(uuid4()), Actor(user_id=kept.cast.alice.user_id)):
        with acting_as(actor):
            for name in walled_for_web():
                assert count(name) == 0, name


def walled_for_web() -> list[str]:
    return [*CONTENT, "accounts_patient", "accounts_auditevent", "phr_upload", "sharing_grant",
            "rights_erasure", "rights_hold"]  # fmt: skip


def test_the_grantee_sees_exactly_the_covered_rows(kept: Kept) -> None:
    covered = {row.pk for row in kept.covered}
    filed = {row.pk for row in kept.covered[:2]}
    with acting_as(kept.cast.bob):
        assert ids("SELECT id FROM phr_record") == covered
        assert ids("SELECT record_id FROM phr_recordversion") == covered
        assert ids("SELECT record_id FROM phr_recordfile") == filed
        assert ids("SELECT record_id FROM phr_provenance") == filed
        assert ids("SELECT id FROM phr_binary") == {one.pk for one in kept.files}
        assert ids("SELECT id FROM accounts_patient") == {kept.cast.alice_id}
        assert ids("SELECT id FROM sharing_grant") == {kept.grant_id}
        for name in ("phr_upload", "rights_erasure", "rights_hold", "accounts_auditevent"):
            assert count(name) == 0, name


def test_the_grantee_sees_nothing_once_it_is_revoked(kept: Kept) -> None:
    granting.revoke(kept.cast.alice, kept.grant_id)

    with acting_as(kept.cast.bob):
        for name in [*CONTENT, "accounts_patient"]:
            assert count(name) == 0, name


def test_the_owner_sees_her_own_rows_and_no_other(kept: Kept) -> None:
    """Hidden rows too: the wall is coarse, `sharing.policy.records` leaves them out."""
    with acting_as(kept.cast.alice):
        assert ids("SELECT DISTINCT patient_id FROM phr_record") == {kept.cast.alice_id}
        assert count("phr_record") == len(kept.covered) + len(kept.others)
    with acting_as(kept.cast.carol):
        assert ids("SELECT id FROM phr_record") == {kept.carols.pk}
        assert ids("SELECT DISTINCT patient_id FROM phr_binary") == {kept.cast.carol_id}


def test_about_narrows_and_never_widens(kept: Kept) -> None:
    with acting_as(kept.cast.alice, about=kept.cast.carol_id):
        for name in CONTENT:
            assert count(name) == 0, name
    with acting_as(IMPORTER, about=kept.cast.carol_id):
        assert ids("SELECT id FROM phr_record") == {kept.carols.pk}
    with acting_as(IMPORTER):
        assert count("phr_record") == 0


def test_staff_see_states_and_no_content(kept: Kept) -> None:
    with acting_as(kept.cast.sam):
        for name in [*CONTENT, "accounts_patient", "sharing_grant"]:
            assert count(name) == 0, name
        for name in ("phr_upload", "accounts_auditevent", "rights_erasure", "rights_hold"):
            assert count(name) > 0, name


def test_a_grantee_changes_nothing(kept: Kept) -> None:
    bob = kept.cast.bob
    with as_role("phr_web", bob) as opened:
        for statement in (
            "UPDATE phr_record SET labels = labels",
            "UPDATE phr_record SET hidden_at = now()",
            "UPDATE phr_binary SET size = 0",
            "UPDATE accounts_patient SET access_epoch = 0",
            "UPDATE sharing_grant SET revoked_at = NULL",
            "DELETE FROM phr_binary",
            "DELETE FROM phr_upload",
        ):
            assert opened.execute(statement).rowcount == 0, statement
        for table in ("phr_record", "phr_binary", "accounts_patient", "sharing_grant"):
            assert opened.execute(every(table, "FOR UPDATE")).fetchall() == [], table


def test_nobody_gives_a_permission_for_another_patient(kept: Kept) -> None:
    insert = (
        "INSERT INTO sharing_grant (id, patient_id, grantee_id, invited_email, categories, labels,"
        " may_copy, invitation_ends_at, accepted_at)"
        " SELECT gen_random_uuid(), %s, %s, 'bob@example.org', '{laboratory}', '{1}', true, now(),"
        " now()"
    )
    for actor in (kept.cast.bob, kept.cast.carol, kept.cast.sam, Actor()):
        with (
            as_role("phr_web", actor) as opened,
            pytest.raises(InsufficientPrivilege, match="row-level security"),
        ):
            opened.execute(insert, [kept.cast.alice_id, actor.user_id or uuid4()])


def test_only_who_may_change_authority_moves_the_epoch(kept: Kept) -> None:
    def epoch_after(actor: Actor) -> int:
        with as_role("phr_web", actor) as opened:
            opened.execute("SELECT phr_move_epoch(%s)", [kept.cast.alice_id])
            tell(opened, "phr_worker", IMPORTER)
            statement = "SELECT access_epoch FROM accounts_patient WHERE id = %s"
            (epoch,) = opened.execute(statement, [kept.cast.alice_id]).fetchall()
            return int(epoch[0])

    before = epoch_after(Actor())
    for actor in (kept.cast.bob, kept.cast.carol, kept.cast.sam):
        assert epoch_after(actor) == before
    assert epoch_after(kept.cast.alice) == before + 1


def test_a_temporary_table_does_not_stand_in_for_a_real_one(kept: Kept) -> None:
    """The functions behind the walls must not ask tables that the attacker made."""
    with as_role("phr_web", kept.cast.carol) as opened:
        opened.execute(
            "CREATE TEMPORARY TABLE sharing_grant AS SELECT gen_random_uuid() AS id,"
            " %s::uuid AS patient_id, %s::uuid AS grantee_id, NULL::timestamptz AS revoked_at,"
            " now() - interval '1 day' AS starts_at, NULL::timestamptz AS ends_at,"
            " '{laboratory}'::text[] AS categories, '{}'::bigint[] AS labels",
            [kept.cast.alice_id, kept.cast.carol.user_id],
        )
        opened.execute(
            "CREATE TEMPORARY TABLE accounts_patient AS SELECT %s::uuid AS id, %s::uuid AS user_id,"
            " NULL::timestamptz AS erasing_at, NULL::timestamptz AS restricted_at",
            [kept.cast.alice_id, kept.cast.carol.user_id],
        )
        opened.execute("GRANT ALL ON sharing_grant, accounts_patient TO PUBLIC")

        rows = opened.execute("SELECT id FROM phr_record").fetchall()
        assert rows == [(kept.carols.pk,)]


# --- the context itself ---------------------------------------------------------------------------


def context() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user::text, COALESCE(current_setting('phr.actor', true), ''),"
            " COALESCE(current_setting('phr.door', true), ''),"
            " COALESCE(current_setting('phr.about', true), '')"
        )
        row = cursor.fetchone()
    assert row is not None
    return tuple(row)


def backend() -> set[UUID]:
    return ids("SELECT pg_backend_pid()")


def test_nested_acts_restore_what_was_told(cast: Cast) -> None:
    with acting_as(cast.alice):
        outer = context()
        with acting_as(PURGER, about=cast.carol_id):
            assert context() == ("phr_worker", "", "system", str(cast.carol_id))
            with acting_as(cast.bob):
                assert context() == ("phr_web", str(cast.bob.user_id), "session", "")
            assert context()[0] == "phr_worker"
        assert context() == outer == ("phr_web", str(cast.alice.user_id), "session", "")


def test_the_same_actor_within_stays_with_the_same_patient(cast: Cast) -> None:
    with acting_as(IMPORTER, about=cast.alice_id), acting_as(IMPORTER):
        assert context()[3] == str(cast.alice_id)


def test_a_failing_act_restores_what_was_told(cast: Cast) -> None:
    with acting_as(cast.alice):
        outer = context()
        with pytest.raises(LookupError), acting_as(PURGER, about=cast.carol_id):
            raise LookupError
        assert context() == outer


def test_an_act_inside_another_transaction_leaves_nothing_behind(cast: Cast) -> None:
    with transaction.atomic():
        with acting_as(cast.alice):
            assert context()[1] == str(cast.alice.user_id)
        assert context() == ("phr_web", "", "", "")


@pytest.mark.parametrize("fails", [False, True])
def test_the_context_ends_with_its_transaction(kept: Kept, fails: bool) -> None:
    with contextlib.suppress(ZeroDivisionError), acting_as(kept.cast.alice):
        assert count("phr_record") // int(not fails) > 0

    assert context() == ("phr_web", "", "", "")
    for name in walled_for_web():
        assert count(name) == 0, name


@pytest.mark.usefixtures("static_files")
def test_two_requests_on_one_connection_do_not_meet(kept: Kept) -> None:
    """Alice's page, then carol's, then nobody's, all through the connection of this thread."""
    pid = backend()
    for name, own in (("alice", kept.covered[0]), ("carol", kept.carols)):
        client = Client()
        client.force_login(User.objects.get(email=f"{name}@example.org"))
        answer = client.get("/records/")
        assert answer.status_code == 200
        assert str(own.pk) in answer.content.decode()
        other = kept.carols if own is not kept.carols else kept.covered[0]
        assert str(other.pk) not in answer.content.decode()
        assert client.get(f"/records/{other.pk}/").status_code == 404
        assert context() == ("phr_web", "", "", "")
    assert Client().get("/records/").status_code == 302
    assert backend() == pid
    assert count("phr_record") == 0


def test_the_vault_forgets_whose_key_was_asked_for(cast: Cast) -> None:
    keys.forget_all()
    assert keys.has_key(cast.alice_id)
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault_patientkey")
        assert cursor.fetchone() == (0,)


def test_a_patients_key_comes_alone(cast: Cast) -> None:
    with as_role("phr_web", about=cast.alice_id, alias="vault") as opened:
        rows = opened.execute("SELECT patient_id FROM vault_patientkey").fetchall()
        assert rows == [(cast.alice_id,)]


@pytest.mark.parametrize("job", list(System))
def test_a_job_sees_one_patients_records_or_none(kept: Kept, job: System) -> None:
    with acting_as(Actor.job(job)):
        assert count("phr_record") == 0
        assert count("phr_recordversion") == 0
    with as_role("phr_web", Actor.job(job), about=kept.cast.alice_id) as opened:
        # The job's settings without the worker's role: still nothing.
        assert opened.execute("SELECT 1 FROM phr_record").fetchall() == []
        tell(opened, "phr_worker", Actor.job(job), kept.cast.alice_id)
        rows = opened.execute("SELECT DISTINCT patient_id FROM phr_record").fetchall()
        assert rows == [(kept.cast.alice_id,)]
