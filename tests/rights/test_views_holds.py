"""What a person learns of legal holds on her items: by mail that says nothing, and on her page."""

import pytest
from django.core import mail as outbox
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import mail
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from rights import certificates, saga
from rights.models import Erasure, Hold
from rights.models.erasures import reference_of
from rights.services import erasures, holds
from sharing.models import Authority
from sharing.scopes import whole
from sharing.services import granting, handovers
from sharing.services.dependents import Draft
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, PURGER, Cast, user_of
from tests.doors import sign_in, text, visitor
from tests.sharing.test_dependents import aged, opened
from tests.sharing.test_handovers import MIA, form, token
from tests.worlds.held import HOLDER, ask, hold, in_days, item, release, una
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def page_of(name: str) -> str:
    answer = sign_in(f"{name}@example.org").get("/rights/holds/")
    assert answer.status_code == 200
    return text(answer).split("<main", 1)[1]


def mails() -> list[str]:
    while mail.send_due(Actor.job(System.MAIL)):
        pass
    return [f"{one.to[0]} {one.subject} {one.body}" for one in outbox.outbox]


@pytest.fixture
def sent_by_worker(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def test_she_reads_which_item_why_and_until_when(cast: Cast) -> None:
    row = item(cast)
    assert "Nothing is kept in this way" in page_of("alice")
    ask(cast, row)
    assert "Nothing is kept in this way" in page_of("alice")

    hold(cast, una(), item(cast, "Sprained ankle"))

    page = page_of("alice")
    assert "Sprained ankle" in page
    assert "Kidney stone" not in page
    assert "Article 17(3)(e)" in page
    assert f"again by {in_days(90).strftime('%-d %B %Y')}" in page
    assert "after you had asked for deletion" not in page
    assert "Nothing is kept in this way" in page_of("carol")


def test_she_reads_that_it_was_placed_after_she_asked_to_delete(cast: Cast) -> None:
    row = item(cast)
    erasures.erase_record(cast.alice, row.pk)
    hold(cast, una(), row)

    page = page_of("alice")

    assert "We decided this after you had asked for deletion" in page
    assert "An item that you deleted" in page
    assert "Kidney" not in page


def test_she_reads_that_it_ended(cast: Cast) -> None:
    colleague = una()
    release(cast, colleague, hold(cast, colleague, item(cast)))

    assert "No longer kept" in page_of("alice")


def test_only_who_keeps_a_record_has_the_page(cast: Cast) -> None:
    del cast
    assert sign_in("bob@example.org").get("/rights/holds/").status_code == 404


@pytest.mark.usefixtures("sent_by_worker")
def test_she_is_told_once_of_each_and_the_mail_says_nothing(cast: Cast) -> None:
    colleague = una()
    before = len(mails())
    hold_id = hold(cast, colleague, item(cast))
    assert len(mails()) == before

    for _ in range(2):
        holds.due(HOLDER)
    told = mails()[before:]
    assert len(told) == 1
    assert told[0].startswith("alice@example.org ")
    assert "/rights/holds/" in told[0]
    for secret in ("Kidney", "Alice", "17(3)", str(hold_id)):
        assert secret not in told[0]

    release(cast, colleague, hold_id)
    for _ in range(2):
        holds.due(HOLDER)
    assert len(mails()) == before + 2


@pytest.mark.usefixtures("sent_by_worker")
@pytest.mark.parametrize("everything", [False, True])
def test_she_is_told_though_she_has_asked_to_delete_it_all(cast: Cast, everything: bool) -> None:
    row = item(cast)
    erasures.erase_everything(cast.alice, account=everything, undo_hours=24)
    before = len(mails())
    hold(cast, una(), row)

    holds.due(HOLDER)

    (told,) = mails()[before:]
    assert told.startswith("alice@example.org ")


@pytest.mark.usefixtures("sent_by_worker")
def test_who_decides_for_a_child_reads_it_while_she_acts_and_the_child_afterwards(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    patient_id, _ = opened(cast.bob, Draft("Old Sam", aged(80), Authority.GUARDIAN))
    row = keep(patient_id, text="Kidney stone")
    hold(cast, una(), row)
    before = len(mails())

    holds.due(HOLDER)

    (told,) = mails()[before:]
    assert told.startswith("bob@example.org News about what we keep of a record")
    assert "/acting/" in told
    assert "Sam" not in told
    mother, stranger = sign_in("bob@example.org"), sign_in("carol@example.org")
    assert mother.get("/rights/holds/").status_code == 404, "he keeps no record of his own"
    mother.post(f"/acting/{patient_id}/")
    page = text(mother.get("/rights/holds/"))
    assert "Kidney stone" in page
    assert 'href="/rights/' not in page.split("<main", 1)[1].split("</main", 1)[0]
    assert "Kidney stone" not in text(stranger.get("/rights/holds/"))
    assert stranger.post(f"/acting/{patient_id}/").status_code == 404

    with django_capture_on_commit_callbacks(execute=True):
        handovers.name(cast.bob, patient_id, email=MIA)
    assert visitor().post(f"/claim/{token(mails()[-1])}/", form()).status_code == 302
    assert "Kidney stone" in text(sign_in(MIA).get("/rights/holds/"))
    assert mother.get("/rights/holds/").status_code == 404


@pytest.mark.parametrize("manages", [False, True])
def test_who_only_looks_after_a_record_does_not_read_it(cast: Cast, manages: bool) -> None:
    hold(cast, una(), item(cast))
    acts = ActsFor(Authority.CHOSEN, may_manage=manages)
    grant_id = granting.grant(cast.alice, Recipient("bob@example.org", acts), scope=whole(ALL))
    granting.accept(cast.bob, grant_id)
    bob = sign_in("bob@example.org")
    began = bob.post(f"/acting/{cast.alice_id}/").status_code

    assert (began, bob.get("/rights/holds/").status_code) == ((302, 403) if manages else (404, 404))
    with pytest.raises(Denied):
        holds.mine(Actor.session(user_of(cast.bob), acting_for=cast.alice_id))


def erasure_page(reference: str, folder: str = "rights/erasures") -> str:
    """The page of a deletion, for a stranger who knows its reference."""
    return text(visitor().get(f"/{folder}/{reference}/")).split("<main", 1)[1]


@pytest.mark.parametrize("asked_first", [False, True])
def test_the_page_of_a_deletion_tells_what_it_leaves_out(cast: Cast, asked_first: bool) -> None:
    colleague, row = una(), item(cast)
    if not asked_first:
        hold_id = hold(cast, colleague, row)
    reference = erasures.erase_everything(cast.alice, account=True, undo_hours=1)
    if asked_first:
        hold_id = hold(cast, colleague, row)

    def told() -> None:
        page = erasure_page(reference)
        assert "Kept for a legal reason: 1 item" in page
        assert "Article 17(3)(e)" in page
        assert ("after you had asked for deletion" in page) is asked_first
        assert "Kidney" not in page

    told()
    let_window_pass()
    saga.carry_on_due(PURGER)
    told()
    (second,) = [one for one in certificates.issued(reference) if one.stage == 2]
    assert second.facts["kept"] == [
        {
            "ground": "It is needed for a legal claim (GDPR Article 17(3)(e)).",
            "review_on": in_days(90).isoformat(),
            "decided": f"{'after' if asked_first else 'before'} the request",
        }
    ]
    assert "To be looked at again by" in erasure_page(reference, "certificates")
    release(cast, colleague, hold_id)
    holds.due(HOLDER)
    assert "Kept from" in erasure_page(reference)


def let_window_pass() -> None:
    with acting_as(PURGER):
        Erasure.objects.update(purge_after=timezone.now(), due_at=timezone.now())


def test_the_page_of_one_items_deletion_tells_of_that_item_alone(cast: Cast) -> None:
    colleague, row, other = una(), item(cast), item(cast, "Sprained ankle")
    hold(cast, colleague, row)
    pages = []
    for one in (row, other):
        erasure_id = erasures.erase_record(cast.alice, one.pk)
        pages.append(erasure_page(reference_of(erasure_id)))

    assert ["Kept for a legal reason" in page for page in pages] == [True, False]


def test_the_log_has_words_for_each_decision(cast: Cast) -> None:
    colleague = una()
    release(cast, colleague, hold(cast, colleague, item(cast)))

    page = text(sign_in("alice@example.org").get("/sharing/log/"))

    for words in (
        "asked that an item be kept for a legal reason",
        "confirmed that an item is kept for a legal reason",
        "ended the keeping of an item for a legal reason",
    ):
        assert words in page
    with acting_as(cast.alice):
        assert Hold.objects.count() == 1
