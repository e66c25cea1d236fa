"""Staff find no patient's data on the desk, however they ask (S27)."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client

from accounts import audit, services
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent, Practitioner
from rights.services import erasures as rights
from tests.cast import Cast
from tests.doors import give_second_factor, sign_in, text
from tests.worlds.shared_record import MARK, Shared

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SAM = "sam@example.org"
# Pages that differ only by an id are of one kind; so many of each are looked at.
ID, OF_A_KIND = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b\d+\b"), 2
# By each column, up or down.
ORDERS = [(number, "-" * (number % 2)) for number in range(1, 9)]
import_module(settings.ROOT_URLCONF)
LISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry
]
# Questions about columns that a list does not offer: each would tell something by its answer.
QUESTIONS = [
    f"q={MARK}", "email__startswith=alice", "password__startswith=a", "user__email=alice",
    "file_name_sealed__isnull=False", "patient__name_sealed__isnull=False",
    "patient__records__category=conditions", "records__contains=x", "original__name__startswith=a",
    "message_sealed__isnull=False", "detail_sealed__isnull=False", "user__grants__categories=x",
    "patient__grants__grantee__email=bob", "patient__user__email__startswith=alice",
]  # fmt: skip


@pytest.fixture
def sam(cast: Cast) -> Client:
    del cast
    return sign_in(SAM, secret=give_second_factor(SAM))


def crawl(staff: Client) -> Iterator[tuple[str, str]]:
    """Every page of the desk that a link leads to, and every list in every order."""
    orders = [f"{one}?o={sign}{n}" for one in LISTS for n, sign in ORDERS]
    todo = ["/admin/", "/admin/jsi18n/", *LISTS, *orders, *(f"{one}?all=" for one in LISTS)]
    seen, kinds = set(todo), Counter[str]()
    while todo:
        path = todo.pop()
        answer = staff.get(path)
        assert answer.status_code in {200, 302}, path
        if answer.status_code == 302:
            continue
        page = text(answer)
        yield path, page
        found = re.findall(r'href="([^"#]*)"', page)
        paths = [_whole(path, one.replace("&amp;", "&")) for one in found]
        new = {one for one in paths if one.startswith("/admin/") and "o=" not in one} - seen
        seen |= new
        for one in sorted(new):
            kinds[kind := ID.sub("1", one)] += 1
            todo += [one] * (kinds[kind] <= OF_A_KIND)


def _whole(path: str, link: str) -> str:
    """A link as a path; which list one came from is left away, for it only leads back there."""
    if "_changelist_filters" in link:
        link = link.partition("?")[0]
    return path.partition("?")[0] + link if link.startswith("?") else link


def test_no_page_of_the_desk_shows_what_is_kept() -> None:
    world = Shared.enter()
    rights.erase_record(world.cast.alice, world.ids["record_id"])
    staff = sign_in(SAM, secret=give_second_factor(SAM))

    visited = list(crawl(staff))

    for path, page in visited:
        for secret in (MARK, "Alice Archer", "HIV ", "Amoxicillin", "penicillin", "conditions"):
            assert secret not in page, path
    opened = [path for path, _ in visited if path.endswith("/change/")]
    kinds = {path.split("/")[3] for path in opened}
    assert kinds >= {"user", "practitioner", "auditevent", "upload", "erasure"}
    assert any(path.endswith("/history/") for path, _ in visited)


@pytest.mark.parametrize("address", LISTS)
def test_a_list_answers_no_question_it_does_not_offer(sam: Client, address: str) -> None:
    for question in QUESTIONS:
        answer = sam.get(f"{address}?{question}")
        # Refused outright, or thrown away unread: never a narrower list.
        refused = answer.status_code == 400
        ignored = answer.status_code == 302 and answer.headers["Location"].endswith("?e=1")
        if not (refused or ignored):
            assert question.startswith("q="), f"{address}?{question}"
            everything = re.findall(r"/change/", text(sam.get(address)))
            assert re.findall(r"/change/", text(answer)) == everything


@pytest.mark.parametrize("address", LISTS)
def test_nothing_is_added_changed_or_deleted_by_hand(sam: Client, address: str) -> None:
    # A legal hold is asked for and a letter written down, through services; an empty form does nothing.
    answer = 200 if address in {"/admin/rights/hold/", "/admin/rights/rightrequest/"} else 403
    assert sam.get(f"{address}add/").status_code == answer
    assert sam.post(f"{address}add/", {}).status_code == answer
    chosen = {"action": "delete_selected", "_selected_action": ["1"]}
    sam.post(address, chosen)
    assert "delete_selected" not in text(sam.get(address))


def test_filters_that_a_list_offers_work(sam: Client) -> None:
    page = text(sam.get("/admin/accounts/user/?is_staff__exact=1"))

    assert SAM in page
    assert "alice@example.org" not in page


def test_a_licence_is_verified_through_the_service(sam: Client, cast: Cast) -> None:
    row = Practitioner.objects.get(name="Dr Bob Brown")

    sam.post(
        "/admin/accounts/practitioner/",
        {"action": "verify", "_selected_action": [str(row.pk)]},
    )

    row.refresh_from_db()
    assert row.verified_by_id == cast.sam.user_id
    with acting_as(cast.sam):
        event = AuditEvent.objects.get(action="verify")
    assert (event.door, event.actor_id, event.outcome) == ("staff", cast.sam.user_id, audit.SUCCESS)
    assert services.people({row.user_id})[row.user_id].verified


def test_nobody_verifies_her_own_licence(sam: Client, cast: Cast) -> None:
    own = services.register_practitioner(
        Actor.session(cast.sam.user_id or cast.alice_id),
        name="Sam", profession="Nurse", specialty="", licence_number="1",
    )  # fmt: skip

    answer = sam.post(
        "/admin/accounts/practitioner/", {"action": "verify", "_selected_action": [str(own)]}
    )

    assert answer.status_code == 404
    assert Practitioner.objects.get(pk=own).verified_at is None
