"""The ledger for billing: four facts a row, and nobody can tell whose record it was (S20 to S22)."""

import contextlib
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from accounts import requests
from accounts.acting import acting_as
from accounts.actors import Actor, CutOff, Denied, System
from accounts.models import User
from phr.models import Record
from phr.services import records
from sharing import references
from sharing.models import Grant, NoticeKind, Organization, PractitionerRole, Usage, UsageKey
from sharing.services import notices, usage
from tests.cast import PURGER, Cast, user_of
from tests.doors import sign_in, text
from tests.property.people import opened
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture
def facility(cast: Cast) -> UUID:
    """Bob is a clinician of a facility that Alice shares with; Carol administers it."""
    grant_id = cast.share()
    open_walls()
    with as_owner():
        staff = [User.objects.get(pk=user_of(actor)) for actor in (cast.sam, cast.carol)]
        organization = opened("Harbour Clinic", *staff)
        for actor, code in ((cast.bob, "clinician"), (cast.carol, "admin")):
            PractitionerRole.objects.create(
                organization=organization, user_id=user_of(actor), code=code,
                accepted_at=timezone.now(), starts_at=timezone.now(), invited_email="x@example.org",
            )  # fmt: skip
        Grant.objects.filter(pk=grant_id).update(
            path="facility", organization=organization, grantee=None, accepted_at=F("created_at")
        )
    return organization.pk


def look(cast: Cast) -> Record:
    row = keep(cast.alice_id)
    records.timeline(cast.bob, cast.alice_id)
    return row


def rows() -> list[Usage]:
    with acting_as(PURGER):
        return list(Usage.objects.order_by("pk"))


def test_a_look_is_counted_and_the_patient_told_who_and_of_what_facility(
    cast: Cast, facility: UUID
) -> None:
    row = look(cast)
    records.timeline(cast.bob, cast.alice_id)

    first, second = rows()
    assert (first.action, first.user_id) == ("read", user_of(cast.bob))
    assert bytes(first.reference) == bytes(second.reference)
    for known in (row.pk, cast.alice_id, facility):
        assert known.bytes not in bytes(first.reference)
    told = [one for one in notices.mine(cast.alice) if one.kind == NoticeKind.OPENED]
    assert [(one.who, one.facility) for one in told] == [("Dr Bob Brown", "Harbour Clinic")]


def test_what_she_looks_at_herself_and_a_person_does_is_not_counted(cast: Cast) -> None:
    cast.share()
    look(cast)
    records.timeline(cast.alice, cast.alice_id)

    assert rows() == []


def test_a_row_goes_with_the_look_that_failed(cast: Cast, facility: UUID) -> None:
    keep(cast.alice_id)
    with contextlib.suppress(ZeroDivisionError), acting_as(cast.bob):
        records.timeline(cast.bob, cast.alice_id)
        raise ZeroDivisionError

    assert rows() == []
    del facility


def test_only_an_administrator_gets_the_list(cast: Cast, facility: UUID) -> None:
    look(cast)

    (line,) = usage.counted(cast.carol, facility)
    assert (line.action, line.who) == ("read", "Dr Bob Brown")
    assert len(line.reference) == 64
    for actor in (cast.alice, cast.bob, cast.sam):
        with pytest.raises(Denied):
            list(usage.counted(actor, facility))


def test_the_key_goes_when_the_facility_closes_and_no_earlier(cast: Cast, facility: UUID) -> None:
    look(cast)
    assert usage.forget_keys(PURGER) == 0
    with as_owner():
        Organization.objects.filter(pk=facility).update(closed_at=timezone.now())

    assert usage.forget_keys(PURGER) == 1
    with acting_as(PURGER):
        assert not UsageKey.objects.exists()
    assert len(rows()) == 1


def prove() -> str:
    out = StringIO()
    call_command("usage_ledger_prove", stdout=out)
    return out.getvalue()


def test_the_command_proves_that_nothing_resolves(cast: Cast, facility: UUID) -> None:
    look(cast)
    keep(cast.carol_id)

    said = prove()
    assert "1 row" in said
    assert "none resolves" in said
    del facility


def test_the_command_says_where_it_shows_nothing(cast: Cast, facility: UUID) -> None:
    with pytest.raises(CommandError, match="there are 0 rows") as nothing:
        prove()
    assert nothing.value.returncode == 2

    look(cast)
    with as_owner():
        Usage.objects.update(reference=bytes(32))
    with pytest.raises(CommandError, match="0 of"):
        prove()
    del facility


def test_the_command_finds_a_reference_that_anybody_could_make(cast: Cast, facility: UUID) -> None:
    """A ledger that held a plain hash, or the id itself, would fail the proof."""
    row = look(cast)
    for weak in (row.pk.bytes * 2, references.weakly(f"Record/{row.pk}")[0]):
        with as_owner():
            Usage.objects.update(reference=weak)
        with pytest.raises(CommandError, match="resolves"):
            prove()
    del facility


def test_old_rows_are_deleted(cast: Cast, facility: UUID) -> None:
    look(cast)
    assert usage.forget_old(Actor.job(System.PURGE)) == 0
    with as_owner():
        Usage.objects.update(at=timezone.now() - timedelta(days=800))

    assert usage.forget_old(Actor.job(System.PURGE)) == 1
    del facility


@pytest.mark.usefixtures("static_files")
def test_the_table_is_for_administrators(cast: Cast, facility: UUID) -> None:
    look(cast)
    address = f"/facilities/{facility}/usage.csv"

    head, row = text(sign_in("carol@example.org").get(address)).splitlines()
    assert head == "When (UTC),What,Who,Reference"
    assert row.split(",")[1:3] == ["read", "Dr Bob Brown"]
    assert sign_in("bob@example.org").get(address).status_code == 404


@pytest.mark.usefixtures("static_files")
def test_the_table_breaks_off_for_who_signed_out(
    cast: Cast, facility: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(cast)
    monkeypatch.setattr(requests, "ASKED_SECONDS", 0)
    client = sign_in("carol@example.org")
    answer = client.get(f"/facilities/{facility}/usage.csv")
    client.logout()
    with pytest.raises(CutOff):
        text(answer)


@pytest.mark.usefixtures("static_files")
def test_the_log_names_the_person_the_facility_and_the_permission(
    cast: Cast, facility: UUID
) -> None:
    look(cast)

    page = text(sign_in("alice@example.org").get("/sharing/log/"))
    assert "<strong>Dr Bob Brown</strong>" in page
    assert "under what you share with Harbour Clinic" in page
    del facility
