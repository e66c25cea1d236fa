"""Asking for a right and following it, page by page, as a browser without script does it."""

import re
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from rights.authorities import AUTHORITIES
from rights.grounds import GROUNDS
from rights.regimes import Jurisdiction, Right
from rights.services import desk
from rights.transitions import Step
from tests.doors import sign_in, text, visitor
from tests.worlds.cases import DO, Desk

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
GIVEN = {"right": "access", "jurisdiction": "uk", "words": "Where is <my> letter?"}


@pytest.fixture
def desk_world() -> Desk:
    return Desk.enter()


@pytest.fixture
def alice(desk_world: Desk) -> Client:
    del desk_world
    return sign_in("alice@example.org")


def main(page: str) -> str:
    """What stands in the middle of a page, as words."""
    return unescape(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1].split("</main", 1)[0]))


# --- the front page of rights --------------------------------------------------------------------


def test_every_right_is_told_to_anybody(settings: Settings) -> None:
    settings.PHR_CONTACT_EMAIL = "rights@example.org"
    page = text(visitor().get("/rights/"))

    for right in Right:
        assert f'href="/rights/new/?right={right}"' in page
    for address in ("/rights/export/", "/rights/delete/", "/account/consents/", "/records/"):
        assert f'href="{address}"' in page
    assert "All of this is free" in page
    assert "mailto:rights@example.org" in page
    assert "never ask for a copy or number of your passport or identity card" in page
    for place, authorities in AUTHORITIES.items():
        assert place.label in page
        for authority in authorities:
            assert f'href="{authority.url}"' in page


def test_every_page_leads_there(alice: Client) -> None:
    for path in ("/", "/privacy/", "/records/", "/account/"):
        assert 'href="/rights/"' in text(alice.get(path))


def test_authorities_are_named_with_an_address_of_their_own() -> None:
    assert set(AUTHORITIES) == set(Jurisdiction)
    for authorities in AUTHORITIES.values():
        assert authorities
        for one in authorities:
            assert re.fullmatch(r"https://[a-z0-9.-]+(/[\w./-]*)?", one.url)


# --- asking --------------------------------------------------------------------------------------


def test_one_question_a_page_and_nothing_is_kept_before_it_is_sent(
    alice: Client, desk_world: Desk
) -> None:
    pages = [
        text(alice.get("/rights/new/")),
        text(alice.get("/rights/new/?right=access")),
        text(alice.post("/rights/new/", {"right": "access", "jurisdiction": "uk"})),
        text(alice.post("/rights/new/", GIVEN)),
    ]
    headings = [
        "What do you want?",
        "Where do you live?",
        "In your own words",
        "Check your request",
    ]

    for number, page in enumerate(pages):
        shown = [heading for heading in headings if heading in page]
        assert shown == [headings[number]]
        assert "There is a problem" not in page
    assert "Where is &lt;my&gt; letter?" in pages[-1]
    assert "You have sent no request" in text(alice.get("/rights/cases/"))

    answer = alice.post("/rights/new/", GIVEN | {"confirmed": "yes"})

    assert re.fullmatch(r"/rights/cases/[2-9a-z]{4}(-[2-9a-z]{4}){3}/", answer.headers["Location"])
    page = main(text(alice.get(answer.headers["Location"])))
    for words in ("Where is <my> letter?", "UK GDPR", "The last day to answer you is", "Received ",
                  "One month later", "Sent to the rights desk", "Information Commissioner"):  # fmt: skip
        assert words in page
    assert desk_world.requests(answer.headers["Location"].split("/")[3])


def test_an_answer_can_be_changed_and_what_is_wrong_is_said(alice: Client) -> None:
    for name, wrong in (("right", "nothing"), ("jurisdiction", "nowhere"), ("words", "")):
        change = text(alice.post("/rights/new/", GIVEN | {"change": name}))
        mended = text(alice.post("/rights/new/", GIVEN | {name: wrong}))

        assert "There is a problem" not in change
        if name != "words":
            assert re.search(rf'value="{GIVEN[name]}"[^>]*checked', change)
        for other in set(GIVEN) - {name}:
            assert f'type="hidden" name="{other}"' in change
        assert "There is a problem" in mended
        unchosen = {key: value for key, value in GIVEN.items() if key != name} | {"asked": name}
        assert "There is a problem" in text(alice.post("/rights/new/", unchosen))


def test_words_never_stand_in_an_address(alice: Client) -> None:
    page = text(alice.get("/rights/new/?right=access&jurisdiction=uk&words=Secret"))

    assert "Where do you live?" in page
    assert "Secret" not in page


def test_too_many_requests_are_refused_in_a_sentence(alice: Client, desk_world: Desk) -> None:
    for _ in range(20):
        desk_world.ask()

    answer = alice.post("/rights/new/", GIVEN | {"confirmed": "yes"}, follow=True)

    assert "You have 20 open requests." in text(answer)


# --- following -----------------------------------------------------------------------------------


def test_messages_go_both_ways_and_a_question_stands_out(alice: Client, desk_world: Desk) -> None:
    reference, pk = desk_world.ask()
    path = f"/rights/cases/{reference}/"
    desk.ask(desk_world.sam, pk, about="clarification", text="Which letter?")

    page = text(alice.get(path))
    assert "A question to you" in page
    assert "Until you answer, the clock stands still." in page
    answered = alice.post(path, {"text": "The one of May."}, follow=True)

    assert "Your message is sent." in text(answered)
    assert "The one of May." in text(answered)
    assert "The last day to answer you is" in text(answered)


def test_an_empty_message_is_not_sent(alice: Client, desk_world: Desk) -> None:
    reference, _ = desk_world.ask()

    page = text(alice.post(f"/rights/cases/{reference}/", {"text": " "}))

    assert "There is a problem" in page
    assert page.count("<time") == 1


def test_two_laws_are_two_days_in_one_case(alice: Client, desk_world: Desk) -> None:
    reference, _ = desk_world.ask(place="california")

    page = main(text(alice.get(f"/rights/cases/{reference}/")))

    assert "More than one law may protect you here." in page
    assert page.index("HIPAA") < page.index("CCPA")
    assert page.count("The last day to answer you is") == 2
    assert "California Privacy Protection Agency" in page


def test_she_takes_a_request_back_after_being_asked_once_more(
    alice: Client, desk_world: Desk
) -> None:
    reference, _ = desk_world.ask()
    path = f"/rights/cases/{reference}/"

    assert "Take this request back?" in text(alice.get(f"{path}withdraw/"))
    assert "You took it back" in text(alice.post(f"{path}withdraw/", follow=True))
    assert "nothing left to take back" in text(alice.post(f"{path}withdraw/", follow=True))
    closed = text(alice.post(path, {"text": "Hello?"}, follow=True))
    assert "This request is closed." in closed
    assert "Send message" not in closed


LEADS = {
    "access": "/rights/export/", "portability": "/rights/export/", "erasure": "/rights/delete/",
    "rectification": "/records/upload/", "accounting": "/sharing/log/",
    "consent": "/account/consents/", "restriction": "Your record rests.",
}  # fmt: skip


def test_a_yes_leads_to_what_was_asked_for(alice: Client, desk_world: Desk) -> None:
    for right, leads in LEADS.items():
        reference, pk = desk_world.ask(right)
        DO[Step.GRANT](desk_world.sam, pk)

        page = text(alice.get(f"/rights/cases/{reference}/"))

        assert "Yes." in main(page)
        assert leads in page.split("<h2", 2)[1]


def test_a_no_says_why_to_whom_to_complain_and_that_courts_are_open(
    alice: Client, desk_world: Desk
) -> None:
    """GDPR Art. 12(4): reasons, a supervisory authority, a judicial remedy."""
    for number, ground in enumerate(GROUNDS.values()):
        right = next(right for right in Right if ground.fits(right))
        place = list(Jurisdiction)[number % len(Jurisdiction)]
        reference, pk = desk_world.ask(right, place)
        said = f"We looked closely at {number}."
        desk.decide(desk_world.sam, pk, decision="refused", ground=ground.code, text=said)
        desk.confirm(desk_world.tom, pk)

        page = main(text(alice.get(f"/rights/cases/{reference}/")))

        wanted = ["No.", ground.text, ground.cite, said, "Two members of our staff",
                  "You can also go to court.", *(one.name for one in AUTHORITIES[place])]  # fmt: skip
        assert [words for words in wanted if words not in page] == [], ground.code


def test_no_title_address_or_mail_tells_what_was_asked(alice: Client, desk_world: Desk) -> None:
    reference, _ = desk_world.ask("complaint", words="Something about HIV")
    answer = alice.get(f"/rights/cases/{reference}/")

    title = re.findall(r"<title>(.*?)</title>", text(answer), re.DOTALL)[0]
    assert title.startswith("A request")
    assert "omplain" not in title + reference
