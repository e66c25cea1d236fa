"""The second wall with rows behind it: who gets what, asked in SQL and through `acting_as`."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr import privileges
from sharing.services import granting
from tests.cast import IMPORTER, Cast
from tests.raw import WALLED, as_role, count, every, ids, owner, tell
from tests.standing import Standing
from tests.worlds.walled import CONTENT, Kept, kept_for, walled_for_web

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture(scope="module")
def kept(committed: Standing) -> Kept:  # noqa: ARG001 - where others see it, too
    """Made once: who looks changes nothing that stays."""
    return kept_for(Cast.enter())


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


def test_a_patients_key_comes_alone(kept: Kept) -> None:
    with as_role("phr_web", about=kept.cast.alice_id, alias="vault") as opened:
        rows = opened.execute("SELECT patient_id FROM vault_patientkey").fetchall()
        assert rows == [(kept.cast.alice_id,)]


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
