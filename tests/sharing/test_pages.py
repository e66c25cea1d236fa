"""Long lists of who shares come page by page, each thing once, at the same price."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from phr.services import workspace
from sharing.models import Grant
from sharing.services import listing, paths
from tests.cast import Cast, user_of
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
MANY = 250


@pytest.fixture(autouse=True)
def walls(cast: Cast) -> None:
    """Rows are made by the hundred, as no service would."""
    del cast
    open_walls()


def give(cast: Cast, number: int) -> set[UUID]:
    """As many further permissions of alice's to bob, and as many that are over; those that go on."""
    first = cast.share()
    with acting_as(cast.alice):
        like = Grant.objects.get(pk=first)
    now, rows = timezone.now(), []
    for at in range(2 * (number - 1)):
        row = Grant.objects.model(
            id=uuid4(), patient_id=cast.alice_id, grantee_id=user_of(cast.bob),
            invited_email=like.invited_email, categories=like.categories, labels=like.labels,
            may_copy=False, invitation_ends_at=now, accepted_at=now,
            created_at=now - timedelta(minutes=at // 3), starts_at=now - timedelta(days=9),
            revoked_at=now if at % 2 else None,
        )  # fmt: skip
        rows.append(row)
    with as_owner():
        Grant.objects.bulk_create(rows)
    return {row.pk for row in rows if row.revoked_at is None} | {first}


def test_a_care_provider_turns_the_pages_and_finds_each_once(cast: Cast) -> None:
    open_ones, found, after = give(cast, MANY), list[UUID](), None
    for _ in range(50):
        page = workspace.workspace(cast.bob, after=after)
        found += [line.held.grant.pk for line in page.lines]
        if (after := page.after) is None:
            break

    assert len(found) == MANY
    assert set(found) == open_ones
    assert [held.grant.pk for held in listing.shared(cast.bob, after=uuid4()).open] == found[:20]


def test_she_turns_the_pages_of_what_goes_on_and_of_what_is_over(cast: Cast) -> None:
    open_ones = give(cast, MANY)
    going, over, after, over_after = list[UUID](), list[UUID](), None, None
    for _ in range(50):
        page = paths.page(cast.alice, after=after, over=over_after)
        if after or not going:
            going += [way.held.grant.pk for _, group in page.open for way in group]
        if over_after or not over:
            over += [way.held.grant.pk for way in page.over]
        after, over_after = page.after, page.over_after
        if after is None and over_after is None:
            break

    assert len(going) == len(set(going)) == MANY
    assert set(going) == open_ones
    assert len(over) == len(set(over)) == MANY - 1


def asked(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return sum("sharing_" in query["sql"] or "phr_" in query["sql"] for query in queries)


def test_a_page_asks_as_often_with_many_as_with_some(cast: Cast, settings: Settings) -> None:
    alice, bob = sign_in("alice@example.org"), sign_in("bob@example.org")
    settings.PHR_PAGE_SIZE = 5
    give(cast, 10)
    pages = ((alice, "/sharing/"), (bob, "/shared/"))
    some = [asked(client, address) for client, address in pages]
    give(cast, MANY)

    assert [asked(client, address) for client, address in pages] == some
    for client, address, words in (
        (alice, "/sharing/", "More who can see your records"),
        (alice, "/sharing/", "Earlier ones that are over"),
        (bob, "/shared/", "Shared earlier"),
    ):
        assert words in text(client.get(address))
        assert client.get(f"{address}?after=nonsense&over=x").status_code == 200
