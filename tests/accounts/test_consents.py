"""Consents are given and withdrawn one by one, provable by the words, and never brought back."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import consents, leaving, ledger, purposes, services
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.consents import Choice
from accounts.ledger import Kind
from accounts.models import AuditEvent, Consent
from accounts.purposes import Purpose, Text
from tests.cast import PURGER, SEALER, Cast, user_of
from tests.doors import sign_in, text
from tests.raw import count

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
RECONCILER = Actor.job(System.RECONCILE)
NEWS = purposes.current(Purpose.NEWS)
KEEP = purposes.current(Purpose.KEEP)
PAGE = "/account/consents/"
FORM = re.compile(r"<form.*?</form>", re.DOTALL)


def wants(actor: Actor, purpose: Purpose = Purpose.NEWS) -> bool:
    return choice(actor, purpose).consent is not None


def choice(actor: Actor, purpose: Purpose = Purpose.NEWS) -> Choice:
    return next(one for one in consents.choices(actor) if one.purpose is purpose)


def agree(actor: Actor) -> Any:
    return consents.give(actor, Purpose.NEWS, sha256=NEWS.sha256)


# --- giving --------------------------------------------------------------------------------------


def test_who_begins_a_record_agrees_to_its_being_kept(cast: Cast) -> None:
    kept = choice(cast.alice, Purpose.KEEP)

    assert kept.agreed == KEEP
    assert kept.consent is not None
    assert kept.consent.locale == "en"
    assert not wants(cast.bob, Purpose.KEEP)


def test_a_person_must_tick_the_box_and_it_is_not_ticked_for_her(cast: Cast) -> None:
    del cast
    bob = sign_in("bob@example.org")
    page = text(bob.get("/welcome/patient/"))
    assert page.count(KEEP.words) == 1
    assert "checked" not in page
    form = {"name": "Bob Brown", "sha256": KEEP.sha256}

    refused = bob.post("/welcome/patient/", form)
    outdated = bob.post("/welcome/patient/", form | {"agrees": "on", "sha256": "0" * 64})

    assert "Tick this box if you agree" in text(refused)
    assert "have changed" in text(outdated)
    assert bob.get("/records/").status_code == 302
    assert bob.post("/welcome/patient/", form | {"agrees": "on"}).status_code == 302
    assert bob.get("/records/").status_code == 200


def test_nobody_gets_news_who_did_not_ask_for_it(cast: Cast) -> None:
    assert not wants(cast.alice)

    agree(cast.alice)

    assert wants(cast.alice)
    assert not wants(cast.carol)


def test_agreeing_twice_is_agreeing_once(cast: Cast) -> None:
    assert agree(cast.alice) == agree(cast.alice)


def test_nobody_agrees_to_words_that_she_did_not_see(cast: Cast) -> None:
    with pytest.raises(consents.Changed):
        consents.give(cast.alice, Purpose.NEWS, sha256=KEEP.sha256)

    assert not wants(cast.alice)


def test_only_the_person_herself_agrees(cast: Cast) -> None:
    assert cast.alice.user_id is not None
    for actor in (Actor(), PURGER, cast.sam, Actor.mail(cast.alice.user_id)):
        with pytest.raises(Denied):
            agree(actor)
    with pytest.raises(Denied):
        consents.give(cast.bob, Purpose.KEEP, sha256=KEEP.sha256)


# --- the words -----------------------------------------------------------------------------------


def test_new_words_need_a_new_yes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first = agree(cast.alice)
    newer = Text(Purpose.NEWS, 2, "en", "Other words.")
    whole = ((*purposes.texts(), newer), purposes.uses())
    monkeypatch.setattr(purposes, "_file", lambda: whole)

    before = choice(cast.alice)
    assert before.is_newer
    assert before.agreed == NEWS
    with pytest.raises(consents.Changed):
        agree(cast.alice)

    second = consents.give(cast.alice, Purpose.NEWS, sha256=newer.sha256)

    assert choice(cast.alice).agreed == newer
    assert consents.consent(cast.alice, first).withdrawn_by == consents.NEWER
    assert consents.consent(cast.alice, second).version == 2


def test_the_receipt_says_what_when_and_in_which_words(cast: Cast) -> None:
    pk = agree(cast.alice)
    alice = sign_in("alice@example.org")
    consents.withdraw(cast.alice, Purpose.NEWS)

    answer = alice.get(f"{PAGE}{pk}/")

    row = consents.consent(cast.alice, pk)
    assert row.withdrawn_at is not None
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="consent-news-')
    for part in (NEWS.words, NEWS.sha256, row.given_at.isoformat(), row.withdrawn_at.isoformat()):
        assert part in text(answer)
    assert sign_in("carol@example.org").get(f"{PAGE}{pk}/").status_code == 404


def test_the_page_explains_every_use_of_data(cast: Cast) -> None:
    del cast
    page = text(sign_in("alice@example.org").get(PAGE))

    for use in purposes.uses():
        for part in (use.title, use.data, use.how, use.basis, use.until):
            assert part in page


# --- withdrawing ---------------------------------------------------------------------------------


def test_withdrawing_is_one_press_as_giving_is(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    presses = []
    for _ in range(2):
        presses.append(press(alice))
        assert wants(cast.alice) == (len(presses) == 1)

    assert presses == ["yes", "no"]


def press(browser: Client) -> str:
    """Press the one button that stands with news. Returns what it says."""
    forms = [one for one in FORM.findall(text(browser.get(PAGE))) if 'value="news"' in one]
    assert len(forms) == 1
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', forms[0]))
    assert forms[0].count("<button") == 1
    answer = browser.post(PAGE, fields)
    assert answer.status_code == 302
    return str(fields["agree"])


def test_what_ends_is_kept_and_what_is_new_is_another(cast: Cast) -> None:
    first = agree(cast.alice)
    assert consents.withdraw(cast.alice, Purpose.NEWS)
    assert not consents.withdraw(cast.alice, Purpose.NEWS)
    second = agree(cast.alice)

    rows = [row for row in consents.history(cast.alice) if row.purpose == Purpose.NEWS]
    assert [(row.pk, row.withdrawn_by) for row in rows] == [(second, ""), (first, "session")]


def test_taking_back_the_record_leads_to_deleting_and_does_nothing_itself(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    page = text(alice.get(PAGE))
    assert "Without your yes we may not keep your record" in page
    assert 'href="/rights/delete/"' in page

    answer = alice.post(PAGE, {"purpose": "keep", "agree": "no"})

    assert answer.status_code == 404
    assert wants(cast.alice, Purpose.KEEP)
    with pytest.raises(Denied):
        consents.withdraw(cast.alice, Purpose.KEEP)


def test_both_are_written_down_without_words(cast: Cast) -> None:
    pk = agree(cast.alice)
    consents.withdraw(cast.alice, Purpose.NEWS)

    with acting_as(SEALER):
        events = AuditEvent.objects.filter(subject=f"Consent/{pk}").order_by("number")
        assert [(one.action, one.actor_id) for one in events] == [
            ("agree", cast.alice.user_id),
            ("withdraw", cast.alice.user_id),
        ]


# --- the walls -----------------------------------------------------------------------------------


def seen(actor: Actor) -> set[tuple[Any, str]]:
    with acting_as(actor):
        return {(row.user_id, row.purpose) for row in Consent.objects.all()}


def test_each_sees_her_own_and_a_link_in_a_mail_only_news(cast: Cast) -> None:
    agree(cast.alice)
    alice, carol = cast.alice.user_id, cast.carol.user_id
    assert alice is not None

    assert seen(cast.alice) == {(alice, "keep"), (alice, "news")}
    assert seen(cast.carol) == {(carol, "keep")}
    assert seen(Actor.mail(alice)) == {(alice, "news")}
    for actor in (Actor(), cast.sam, cast.bob):
        assert seen(actor) == set()
    assert [ended(one) for one in (cast.carol, cast.sam, Actor(), Actor.mail(alice))] == [
        1,
        0,
        0,
        1,
    ]
    assert wants(cast.alice, Purpose.KEEP)
    with acting_as(Actor.mail(alice)):
        assert count("accounts_patient") == count("accounts_auditevent") == 0


def ended(actor: Actor) -> int:
    """How many consents this actor reaches when she tries to end them all."""
    with acting_as(actor):
        return Consent.objects.update(withdrawn_at=timezone.now(), withdrawn_by="mail")


# --- after a restore, and at the end -------------------------------------------------------------


def restored(actor: Actor) -> Consent:
    """Alice's consent to news as an old backup brings it back."""
    return Consent(
        user_id=user_of(actor), purpose="news", version=1, locale="en", sha256=NEWS.sha256,
        given_at=timezone.now() - timedelta(days=3),
    )  # fmt: skip


def bring_back(actor: Actor) -> None:
    with acting_as(RECONCILER):
        Consent.objects.filter(purpose="news").delete()
    with acting_as(actor):
        restored(actor).save()


def test_what_was_withdrawn_stays_withdrawn_after_a_restore(cast: Cast) -> None:
    for actor in (cast.alice, cast.carol):
        agree(actor)
    consents.withdraw(cast.alice, Purpose.NEWS)
    bring_back(cast.alice)
    bring_back_carol = restored(cast.carol)
    with acting_as(cast.carol):
        bring_back_carol.save()
    assert wants(cast.alice)

    assert consents.replay(RECONCILER, since=timezone.now()) == 1
    assert consents.replay(RECONCILER) == 0

    assert not wants(cast.alice)
    ended = {row.purpose: row.withdrawn_by for row in consents.history(cast.alice)}
    assert ended == {"keep": "", "news": consents.LEDGER}
    assert wants(cast.carol)


def test_the_newest_entry_decides(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        agree(cast.alice)
        consents.withdraw(cast.alice, Purpose.NEWS)
    with django_capture_on_commit_callbacks(execute=True):
        agree(cast.alice)
    states = [row.state for row in ledger.entries(Kind.NEWS)]
    assert states[-1] == "on"
    bring_back(cast.alice)

    assert consents.replay(RECONCILER) == 0

    assert wants(cast.alice)


def test_what_was_given_after_the_last_no_stands(cast: Cast) -> None:
    """Killed before the ledger said "on", the ledger's newest word is an older "off"."""
    agree(cast.alice)
    consents.withdraw(cast.alice, Purpose.NEWS)
    agree(cast.alice)

    assert consents.replay(RECONCILER) == 0

    assert wants(cast.alice)


def test_the_consent_ends_with_the_record_and_a_new_record_needs_a_new_one(cast: Cast) -> None:
    agree(cast.alice)
    with acting_as(cast.alice), connection.cursor() as cursor:
        cursor.execute("SELECT phr_hide(%s)", [cast.alice_id])

    assert leaving.forget_patient(PURGER, cast.alice_id) == 1

    ended = {row.purpose: row.withdrawn_by for row in consents.history(cast.alice)}
    assert ended == {"keep": consents.ERASURE, "news": ""}
    assert wants(cast.carol, Purpose.KEEP)
    services.begin_record(cast.alice, name="Alice Archer")
    assert wants(cast.alice, Purpose.KEEP)
    assert len(consents.history(cast.alice)) == 3


def test_a_person_is_forgotten_with_all_she_agreed_to(cast: Cast) -> None:
    agree(cast.alice)
    assert cast.alice.user_id is not None

    assert consents.forget_user(PURGER, cast.alice.user_id) == 2
    assert consents.forget_user(PURGER, cast.alice.user_id) == 0

    assert consents.history(cast.alice) == []
    assert len(consents.history(cast.carol)) == 1
