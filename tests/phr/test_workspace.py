"""What a care provider finds: who is new, whose record changed, what ends soon."""

import json
from dataclasses import replace
from datetime import UTC, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.acting import acting_as
from phr.services import records, workspace
from sharing.categories import Category
from tests.cast import ORDINARY, Cast, put_in
from tests.doors import sign_in, text
from tests.phr.test_deliveries import GLUCOSE, INWARD

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("static_files"),
]


def one(cast: Cast) -> workspace.Line:
    (line,) = workspace.workspace(cast.bob).lines
    return line


def add(cast: Cast, **said: Any) -> None:
    put_in(cast.alice, json.dumps(GLUCOSE | said).encode())


def test_what_is_new_changed_or_ends_soon_is_marked(cast: Cast) -> None:
    add(cast)
    only = replace(ORDINARY, categories=(Category.LABORATORY,))
    cast.share(replace(only, ends_at=timezone.now() + timedelta(days=3)))
    assert (one(cast).is_new, one(cast).unread, one(cast).ends_soon) == (True, False, True)

    records.timeline(cast.bob, cast.alice_id)
    assert (one(cast).is_new, one(cast).unread) == (False, False)

    add(cast, resourceType="Procedure", id="p", status="completed", subject={"display": "A"})
    assert not one(cast).unread, "what he may not see does not show"
    add(cast, id="h", valueQuantity={"value": 9, "unit": "mmol/L"})
    assert one(cast).unread
    page = text(sign_in("bob@example.org").get("/shared/"))
    assert "Changed since you looked" in page
    assert "Ends soon" in page


def test_what_changed_is_asked_once_for_all_that_one_patient_shares(cast: Cast) -> None:
    add(cast)
    for _ in range(2):
        cast.share(ORDINARY)
    records.timeline(cast.bob, cast.alice_id)
    add(cast, id="h", valueQuantity={"value": 9, "unit": "mmol/L"})

    with CaptureQueriesContext(connection) as said:
        lines = workspace.workspace(cast.bob).lines

    assert [line.unread for line in lines] == [True, True]
    assert sum("phr_record" in one["sql"] for one in said.captured_queries) == 1


def test_who_may_only_send_has_no_way_to_the_record(cast: Cast) -> None:
    cast.share(INWARD)
    page = text(sign_in("bob@example.org").get("/shared/"))
    assert "Send only" in page
    assert f"/shared/{cast.alice_id}/send/" in page
    assert f'href="/shared/{cast.alice_id}/"' not in page
    assert "You have not sent any files." in text(sign_in("bob@example.org").get("/shared/sent/"))


def test_looks_are_told_to_nobody_else(cast: Cast) -> None:
    cast.share(ORDINARY)
    records.timeline(cast.bob, cast.alice_id)
    for actor, known in ((cast.bob, True), (cast.carol, False)):
        with acting_as(actor), connection.cursor() as cursor:
            cursor.execute("SELECT looked_at FROM phr_my_looks(%s)", [[cast.alice_id]])
            assert bool(cursor.fetchall()) == known


def test_when_something_that_she_cannot_see_changed_is_told_by_the_day(cast: Cast) -> None:
    cast.share(replace(ORDINARY, categories=(Category.DOCUMENTS,)))
    add(cast)
    changed = one(cast).looks.changed_at
    assert changed
    assert changed.astimezone(UTC).time() == time(0)
