"""Two patients of one name, told apart; the birth date for who may see such an item."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.models import Patient
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Grant
from sharing.scopes import Scope
from sharing.services import granting
from sharing.whom import Whom, mark_of, whom
from tests.cast import ALL, ORDINARY, Cast
from tests.doors import sign_in, text
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
BORN = date(1980, 2, 3)
RESULTS = Scope((Category.LABORATORY,), (Sensitivity.N,), may_copy=False, ends_at=None)


def seen(cast: Cast, scope: Scope) -> Whom:
    accounts.set_born(cast.alice, born=BORN)
    grant_id = cast.share(scope)
    with acting_as(cast.alice):
        grants = Grant.objects.filter(pk=grant_id)
        return whom(Patient.objects.get(pk=cast.alice_id), grants)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (ALL, True),
        (ORDINARY, True),
        (RESULTS, False),
        (replace(ORDINARY, labels=(Sensitivity.PSY,)), False),
        (replace(ORDINARY, data_from=datetime(2020, 1, 1, tzinfo=UTC)), False),
        (replace(ORDINARY, types=("Observation",)), False),
        (replace(ORDINARY, types=("Patient", "Observation")), True),
    ],
)
def test_who_is_told_the_birth_date(cast: Cast, scope: Scope, told: bool) -> None:
    found = seen(cast, scope)
    assert (found.name, found.mark) == ("Alice Archer", mark_of(cast.alice_id))
    assert found.born == (BORN if told else None)


def test_two_of_one_name_are_told_apart_on_every_page(cast: Cast) -> None:
    accounts.set_born(cast.alice, born=BORN)
    record = keep(cast.alice_id)
    cast.share(ORDINARY)
    granting.accept(cast.bob, granting.grant(cast.carol, "bob@example.org", scope=RESULTS))
    bob = sign_in("bob@example.org")

    lines = text(bob.get("/shared/"))
    marks = [mark_of(cast.alice_id), mark_of(cast.carol_id)]
    assert len({*marks}) == 2
    assert all(f"ID {mark}" in lines for mark in marks)
    shared = f"/shared/{cast.alice_id}/"
    for address in (shared, f"{shared}{record.pk}/", f"{shared}{record.pk}/chart/",
                    f"{shared}summary/"):  # fmt: skip
        page = text(bob.get(address))
        assert f"Born 3 February 1980. ID {marks[0]}" in page, address
    assert "Born" not in text(bob.get(f"/shared/{cast.carol_id}/"))


def test_who_was_only_invited_is_told_nothing(cast: Cast) -> None:
    accounts.set_born(cast.alice, born=BORN)
    grant_id = granting.grant(cast.alice, "bob@example.org", scope=ALL)
    for address in ("/shared/", f"/shared/invitations/{grant_id}/"):
        page = text(sign_in("bob@example.org").get(address))
        assert mark_of(cast.alice_id) not in page
        assert "1980" not in page
