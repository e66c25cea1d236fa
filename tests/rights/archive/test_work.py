"""A care provider takes away what was looked up about her, where she works, and her shifts."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts import directory, licences, services
from accounts.acting import acting_as
from accounts.actors import Actor, System
from rights.archive import work
from sharing.models import Role
from sharing.services import members, rosters
from tests.cast import Cast, user_of
from tests.worlds.facilities import opened, professional

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

EXPORT = Actor.job(System.EXPORT)


def test_her_entry_tells_what_was_looked_up(
    cast: Cast, settings: LazySettings, tmp_path: Path
) -> None:
    settings.PHR_LICENCE_REGISTER = str(tmp_path / "licences.csv")
    (tmp_path / "licences.csv").write_text("number,name\nGMC 123,Bob Brown\n")
    bobs = professional(cast.bob, "")
    licences.look_up(cast.sam, bobs)
    services.verify_practitioner(cast.sam, bobs)
    directory.keep_entry(cast.bob, place="Lyon", listed=True)

    with acting_as(EXPORT):
        told = work.care_provider(user_of(cast.bob))
        nothing = work.care_provider(user_of(cast.alice))

    assert nothing is None
    assert told
    assert (told["name"], told["place"]) == ("Dr Bob Brown", "Lyon")
    assert told["checked_at"]
    assert told["in_the_directory_since"]
    looked_up = told["looked_up"]
    assert isinstance(looked_up, list)
    (check,) = looked_up
    assert (check["outcome"], check["name_there"]) == ("found", "Bob Brown")


def test_where_she_works_and_when_she_was_on_call(cast: Cast) -> None:
    pk, now = opened(cast), timezone.now()
    role = members.invite(cast.bob, pk, "carol@example.org", code=Role.ON_CALL, ends_at=None)
    professional(cast.carol, "Dr Carol")
    members.accept(cast.carol, role)
    rosters.add(cast.bob, pk, role, starts_at=now, ends_at=now + timedelta(hours=9))

    with acting_as(EXPORT):
        (told,) = work.facilities(user_of(cast.carol))

    assert (told["facility"], told["role"]) == ("Riverside Clinic", "on-call")
    assert told["accepted_at"]
    assert len(told["on_call"]) == 1  # type: ignore[arg-type]
