"""What belongs to a visit, and choices that add up: for the patient and for those she shares with."""

import re
from typing import Any
from uuid import UUID

import orjson
import pytest

from phr import visits
from phr.narrowing import Narrowing
from phr.printing.document import Chosen
from phr.services import entries, marks, printing, records
from sharing.categories import Category
from tests.cast import ORDINARY, Cast, put_in
from tests.doors import sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def entry(kind: str, number: str, **more: Any) -> dict[str, Any]:
    resource = {"resourceType": kind, "id": number, **more}
    return {"fullUrl": f"https://clinic.example/fhir/{kind}/{number}", "resource": resource}


def visit(number: str, day: str, name: str) -> dict[str, Any]:
    return entry(
        "Encounter", number, status="finished", type=[{"text": name}],
        period={"start": day}, **{"class": {"code": "AMB"}},
    )  # fmt: skip


def result(number: str, name: str, day: str, within: str) -> dict[str, Any]:
    return entry(
        "Observation", number, status="final", code={"text": name}, valueString="fine",
        effectiveDateTime=day, category=[{"coding": [{"code": "laboratory"}]}],
        encounter={"reference": within},
    )  # fmt: skip


PSYCHOSIS = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "F20.0"}]}
FILE = orjson.dumps(
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            visit("v1", "2024-03-05", "Check-up"),
            visit("v2", "2023-01-02", "Vaccination day"),
            result("o1", "Cholesterol", "2024-03-05", "Encounter/v1"),
            result("o2", "Ferritin", "2024-03-06", "https://clinic.example/fhir/Encounter/v1"),
            result("o3", "Magnesium", "2023-01-02", "Encounter/v2"),
            entry(
                "DocumentReference", "d1", status="current", description="Letter home",
                content=[{"attachment": {"contentType": "text/plain", "data": "aGk="}}],
                context={"encounter": [{"reference": "Encounter/v1"}],
                         "period": {"start": "2024-03-07"}},
            ),
            entry(
                "Condition", "c1", code={**PSYCHOSIS, "text": "Schizophrenia"},
                subject={"display": "Alice"}, encounter={"reference": "Encounter/v1"},
                recordedDate="2024-03-05",
            ),
        ],
    }
)  # fmt: skip


@pytest.fixture
def ids(cast: Cast) -> dict[str, UUID]:
    """Each item's id by its title."""
    put_in(cast.alice, FILE, "clinic.json")
    page = records.timeline(cast.alice, cast.alice_id)
    return {item.title.split(":")[0]: item.id for item in page.items}


def titles(cast: Cast, **asked: object) -> set[str]:
    wanted = Narrowing(**asked)  # type: ignore[arg-type]
    page = records.timeline(cast.alice, cast.alice_id, asked=wanted)
    return {item.title.split(":")[0] for item in page.items}


def test_a_visit_tells_what_belongs_to_it_and_an_item_its_visit(
    cast: Cast, ids: dict[str, UUID]
) -> None:
    opened = records.open_record(cast.alice, cast.alice_id, ids["Check-up"])
    ferritin = records.open_record(cast.alice, cast.alice_id, ids["Ferritin"])

    assert opened.within
    found = {item.title.split(":")[0] for item in opened.within.items}
    assert found == {"Cholesterol", "Ferritin", "Letter home", "Schizophrenia"}
    assert ferritin.visit
    assert ferritin.visit.id == ids["Check-up"]
    assert ferritin.within is None


def test_choices_add_up_with_each_other_and_with_words(cast: Cast, ids: dict[str, UUID]) -> None:
    checkup = ids["Check-up"]
    marks.favour(cast.alice, ids["Cholesterol"], favourite=True)
    marks.favour(cast.alice, ids["Magnesium"], favourite=True)

    assert titles(cast, visit=checkup) == {
        "Cholesterol", "Ferritin", "Letter home", "Schizophrenia",
    }  # fmt: skip
    assert titles(cast, visit=checkup, category=Category.LABORATORY) == {"Cholesterol", "Ferritin"}
    assert titles(cast, visit=checkup, favourite=True) == {"Cholesterol"}
    assert titles(cast, favourite=True, year=2023) == {"Magnesium"}
    assert titles(cast, visit=checkup, text="ferritin") == {"Ferritin"}
    assert titles(cast, visit=ids["Vaccination day"], text="ferritin") == set()
    assert titles(cast, visit=ids["Ferritin"]) == set()


def test_days_at_both_ends_belong_to_it_and_words_by_hand_are_a_source(
    cast: Cast, ids: dict[str, UUID]
) -> None:
    del ids
    note = {"resourceType": "Condition", "code": {"text": "Hay fever"}, "subject": {"display": "A"}}
    entries.enter(cast.alice, note)
    query = "since=2024-03-05&until=2024-03-06"
    page = text(sign_in("alice@example.org").get(f"/records/?{query}"))

    assert "Ferritin" in page
    assert "Letter home" not in page
    assert "Hay fever" not in page
    assert titles(cast, by_hand=True) == {"Hay fever"}


def test_a_date_is_shown_as_precise_as_it_is_known(cast: Cast, ids: dict[str, UUID]) -> None:
    del ids
    condition = {"resourceType": "Condition", "subject": {"display": "A"}}
    year = {**condition, "code": {"text": "Asthma"}, "onsetDateTime": "1998"}
    month = {**condition, "code": {"text": "Gout"}, "onsetDateTime": "1999-04"}
    found = [entries.enter(cast.alice, one) for one in (year, month)]
    alice = sign_in("alice@example.org")
    page = text(alice.get("/records/"))

    assert '<time datetime="1998">1998</time>' in page
    assert '<time datetime="1999-04">April 1999</time>' in page
    assert '<time datetime="2024-03-05">5 March 2024</time>' in page
    assert "1 January 1998" not in text(alice.get(f"/records/{found[0]}/"))


def test_each_choice_is_a_link_more_and_can_be_taken_away_alone(
    cast: Cast, ids: dict[str, UUID]
) -> None:
    del cast
    alice = sign_in("alice@example.org")
    page = text(alice.get(f"/records/?category=laboratory&visit={ids['Check-up']}&year=2024"))
    chips = re.findall(r'<a class="app-chip" href="/records/([^"]*)">', page)

    assert chips == [
        f"?visit={ids['Check-up']}&amp;year=2024",
        "?category=laboratory&amp;year=2024",
        f"?category=laboratory&amp;visit={ids['Check-up']}",
    ]
    assert f"?category=laboratory&amp;visit={ids['Check-up']}&amp;year=2024&amp;favourite=1" in page


def test_typed_words_stay_out_of_every_address(ids: dict[str, UUID]) -> None:
    alice = sign_in("alice@example.org")
    page = text(alice.post(f"/records/?visit={ids['Check-up']}", {"text": "ferritin"}))

    assert "Ferritin" in page
    assert "Cholesterol" not in page.split("<main", 1)[1]
    assert "text=" not in page
    assert not re.search(r'(href|action)="[^"]*ferritin', page)
    assert f'formaction="/records/?category=laboratory&amp;visit={ids["Check-up"]}"' in page


def test_the_timeline_by_visit(ids: dict[str, UUID]) -> None:
    page = text(sign_in("alice@example.org").get("/records/?by_visit=1")).split("<main", 1)[1]

    assert page.index("Check-up") < page.index("Ferritin") < page.index("Vaccination day")
    assert page.index("Vaccination day") < page.index("Magnesium")
    assert str(ids["Ferritin"]) in page


@pytest.mark.usefixtures("ids")
def test_a_visit_does_not_lose_its_items_to_newer_visits(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST", 2)

    page = records.timeline(cast.alice, cast.alice_id, asked=Narrowing(by_visit=True))
    within = {visit.title: [item.when for item in of.items] for visit, of in page.visits}
    assert within[next(title for title in within if "Vaccination" in title)] == ["2 January 2023"]
    shown = text(sign_in("alice@example.org").get("/records/?by_visit=1"))
    assert '<time datetime="2024-03-06">6 March 2024</time></p>' in shown


def test_the_written_day_decides_wherever_days_count(cast: Cast) -> None:
    evening = result("o9", "Zinc", "2024-12-31T20:00:00-05:00", "Encounter/none")
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [evening]}
    put_in(cast.alice, orjson.dumps(bundle), "zinc.json")

    [item] = records.timeline(cast.alice, cast.alice_id).items
    assert (item.day, item.when) == ("2024-12-31", "31 December 2024")
    assert [titles(cast, year=year) for year in (2024, 2025)] == [{"Zinc"}, set()]
    for year, many in ((2024, 1), (2025, 0)):
        chosen = Chosen(since=year, until=year)
        assert printing.open_print(cast.alice, chosen=chosen).extent.total == many


def test_what_is_withheld_shows_in_no_visit_no_choice_and_no_error(
    cast: Cast, ids: dict[str, UUID]
) -> None:
    cast.share(ORDINARY)
    bob, shared = sign_in("bob@example.org"), f"/shared/{cast.alice_id}/"
    marks.keep_back(cast.alice, ids["Vaccination day"], never_shared=True)
    hidden, nowhere = ids["Vaccination day"], UUID(int=7)

    assert "Schizophrenia" in text(sign_in("alice@example.org").get(f"/records/{ids['Check-up']}/"))
    for query in ("", "?by_visit=1", f"?visit={ids['Check-up']}", f"{ids['Check-up']}/"):
        assert "Schizophrenia" not in text(bob.get(f"{shared}{query}"))
    page = text(bob.get(f"{shared}{ids['Magnesium']}/"))
    assert "Part of a visit" not in page
    asked, unknown = (text(bob.get(f"{shared}?visit={each}")) for each in (hidden, nowhere))
    assert _plain(asked) == _plain(unknown)
    assert "Where it came from" not in asked


def _plain(page: str) -> str:
    main = page.split("<main", 1)[1]
    return re.sub(r"[0-9a-f-]{36}|csrfmiddlewaretoken[^>]*>", "", main)
