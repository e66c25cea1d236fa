"""The page with all values of one measurement: found by code, drawn, listed, and who may see it."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import orjson
import pytest

from accounts import keys
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.models import AuditEvent
from phr.models import Record
from phr.search import Tokeniser
from phr.services import charts, records
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from tests.cast import IMPORTER, Cast, put_in
from tests.doors import sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
Json = dict[str, Any]


def haemoglobin(
    day: str, value: float, unit: str = "g/L", code: str = "718-7", **more: Any
) -> Json:
    return {
        "resourceType": "Observation", "status": "final", "effectiveDateTime": day,
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": "Haemoglobin"},
        "valueQuantity": {"value": value, "unit": unit},
        "referenceRange": [{"low": {"value": 115, "unit": unit}, "high": {"value": 165, "unit": unit}}],
        **more,
    }  # fmt: skip


def put(cast: Cast, name: str, *resources: Json) -> None:
    entries = [{"resource": one} for one in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    followed = put_in(cast.alice, orjson.dumps(bundle), name)
    assert followed.state == "finished", followed.report.problem


def item(cast: Cast, title: str) -> UUID:
    page = records.timeline(cast.alice, cast.alice_id)
    return next(one.id for one in page.items if one.title == title)


def test_a_day_is_as_precise_as_it_is_known(cast: Cast) -> None:
    days = ("2016", "2024-03-02T20:00:00-05:00", "2024-03-02T23:00:00Z")
    put(cast, "days.json", *(haemoglobin(day, at) for at, day in enumerate(days, start=120)))

    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Haemoglobin: 120 g/L"))
    written = ["2 March 2024, 20:00", "2 March 2024, 23:00 UTC", "2016"]
    assert [row.when for row in opened.rows] == written
    assert opened.drawings[0].said.startswith("3 values from 2016 to 2 March 2024, between")
    assert [label for _, label, _ in opened.drawings[0].days] == ["2016", "2 March 2024"]


def test_all_values_of_a_code_from_every_file_and_no_other(cast: Cast) -> None:
    put(cast, "first.json", haemoglobin("2023-01-05", 120), haemoglobin("2023-06-05", 125))
    put(
        cast,
        "second.json",
        haemoglobin("2024-01-05", 110),
        haemoglobin("2024-01-05", 5, code="1-1"),
    )
    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Haemoglobin: 120 g/L"))

    assert [row.what for row in opened.rows] == ["110 g/L", "125 g/L", "120 g/L"]
    assert [name for _, name in opened.sources] == ["second.json", "first.json"]
    assert [row.source for row in opened.rows] == [1, 2, 2]
    assert [len(one.lines[0].dots) for one in opened.drawings] == [3]
    assert not opened.left_out
    page = text(sign_in("alice@example.org").get(f"/records/{opened.record_id}/chart/"))
    svg = page.partition("<svg")[2].partition("</svg")[0]
    assert 'role="img"' in svg
    assert "<title" in svg
    assert "app-chart__usual" in svg
    assert svg.count("app-chart__dot") == 3
    assert "style=" not in svg
    assert "<script" not in svg
    assert page.count('class="nhsuk-table__row">') == 3
    record = text(sign_in("alice@example.org").get(f"/records/{opened.record_id}/"))
    assert f'href="/records/{opened.record_id}/chart/"' in record


def test_units_are_never_mixed_and_what_cannot_be_drawn_is_said(cast: Cast) -> None:
    undated = {k: v for k, v in haemoglobin("", 99).items() if k != "effectiveDateTime"}
    put(
        cast, "units.json", haemoglobin("2023-01-05", 120), haemoglobin("2023-06-05", 7.4, "mmol/L"),
        undated, haemoglobin("2023-07-05", 1, status="entered-in-error"),
    )  # fmt: skip
    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Haemoglobin: 120 g/L"))
    page = text(sign_in("alice@example.org").get(f"/records/{opened.record_id}/chart/"))

    assert sorted(one.unit for one in opened.drawings) == ["g/L", "mmol/L"]
    assert sum(len(line.dots) for one in opened.drawings for line in one.lines) == 2
    assert len(opened.rows) == 4
    assert any(row.what.startswith("Recorded by mistake") for row in opened.rows)
    assert "The values are in different units" in page
    assert "Some values cannot be drawn" in page


def test_the_newest_are_shown_when_there_are_many(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MOST", 2)
    put(cast, "three.json", *(haemoglobin(f"202{n}-01-05", 120 + n) for n in range(3)))
    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Haemoglobin: 120 g/L"))

    assert opened.cut
    assert [row.what for row in opened.rows] == ["122 g/L", "121 g/L"]


def test_a_doctor_sees_the_values_she_may_see_and_no_names_of_files(cast: Cast) -> None:
    hidden: dict[str, Any] = {"category": [{"coding": [{"code": "vital-signs"}]}]}
    put(
        cast,
        "private-name.json",
        haemoglobin("2023-01-05", 120),
        haemoglobin("2024-01-05", 91, **hidden),
    )
    shelf = Scope((Category.LABORATORY,), tuple(Sensitivity), may_copy=False, ends_at=None)
    cast.share(shelf)
    shown = item(cast, "Haemoglobin: 120 g/L")
    opened = charts.chart(cast.bob, cast.alice_id, shown)
    page = text(sign_in("bob@example.org").get(f"/shared/{cast.alice_id}/{shown}/chart/"))

    assert [row.what for row in opened.rows] == ["120 g/L"]
    assert "One value on 5 January 2023" in page
    for words in ("91", "private-name", "newest values"):
        assert words not in re.sub(r"[0-9a-f-]{36}", "", page.partition("<main")[2])
    with pytest.raises(Denied):
        charts.chart(cast.bob, cast.alice_id, item(cast, "Haemoglobin: 91 g/L"))
    carol = sign_in("carol@example.org")
    assert carol.get(f"/shared/{cast.alice_id}/{shown}/chart/").status_code == 404
    assert carol.get(f"/records/{shown}/chart/").status_code == 404


def test_every_value_that_was_shown_is_written_down(cast: Cast) -> None:
    put(cast, "two.json", haemoglobin("2023-01-05", 120), haemoglobin("2024-01-05", 110))
    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Haemoglobin: 120 g/L"))
    with acting_as(cast.alice):
        event = AuditEvent.objects.filter(action="read").latest("at")

    assert set(event.records) == {row.id for row in opened.rows}


def test_what_is_no_measurement_has_nothing_to_compare(cast: Cast) -> None:
    put(
        cast,
        "note.json",
        {"resourceType": "Condition", "code": {"text": "Gout"}, "subject": {"display": "A"}},
    )
    shown = item(cast, "Gout")
    client = sign_in("alice@example.org")

    assert "There are no values of this item" in text(client.get(f"/records/{shown}/chart/"))
    assert "Values over time" not in text(client.get(f"/records/{shown}/"))


def uncoded(day: str, value: float, name: str = "Ferritin", unit: str = "mg/L") -> Json:
    return haemoglobin(day, value, unit) | {"code": {"text": name}}


def test_results_without_a_code_are_found_by_their_name_and_never_mixed_with_coded_ones(
    cast: Cast,
) -> None:
    coded = haemoglobin("2024-03-05", 90) | {
        "code": {"coding": [{"system": "http://loinc.org", "code": "2276-4"}], "text": "Ferritin"}
    }
    other = uncoded("2024-04-05", 70, "Ferritin in urine")
    put(cast, "a.json", uncoded("2023-01-05", 40), uncoded("2023-06-05", 50, "FERRITIN"), coded)
    put(cast, "b.json", other, uncoded("2024-01-05", 0.06, unit="g/L"))
    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Ferritin: 40 mg/L"))

    assert [row.what for row in opened.rows] == ["0.06 g/L", "50 mg/L", "40 mg/L"]
    assert [drawing.unit for drawing in opened.drawings] == ["g/L", "mg/L"]
    alone = charts.chart(cast.alice, cast.alice_id, item(cast, "Ferritin: 90 g/L"))
    assert [row.what for row in alone.rows] == ["90 g/L"]


def test_records_from_before_codes_had_tokens_are_found_by_their_name(cast: Cast) -> None:
    put(cast, "a.json", haemoglobin("2023-01-05", 120), haemoglobin("2023-06-05", 125))
    index = Tokeniser(keys.subkey(cast.alice_id, keys.Purpose.INDEX))
    gone = set(index.codes(["http://loinc.org|718-7"]))
    with acting_as(IMPORTER, about=cast.alice_id):
        for row in Record.objects.all():
            row.tokens = [token for token in row.tokens if token not in gone]
            row.save(update_fields=["tokens"])
    opened = charts.chart(cast.alice, cast.alice_id, item(cast, "Haemoglobin: 120 g/L"))

    assert [row.what for row in opened.rows] == ["125 g/L", "120 g/L"]


def test_what_is_printed_of_one_item_says_whose_it_is(cast: Cast) -> None:
    put(cast, "x.json", haemoglobin("2024-01-05", 110))
    accounts.set_born(cast.alice, born=date(1961, 5, 17))
    cast.share()
    (line,) = records.timeline(cast.alice, cast.alice_id).items
    alice, bob = sign_in("alice@example.org"), sign_in("bob@example.org")
    for end in ("", "chart/"):
        own = text(alice.get(f"/records/{line.id}/{end}"))
        (head,) = re.findall(r'<p class="app-print-head">(.*?)</p>', own)
        assert "<bdi>Alice Archer</bdi></strong>. Born 17 May 1961. Printed on " in head
        shared = text(bob.get(f"/shared/{cast.alice_id}/{line.id}/{end}"))
        (head,) = re.findall(r'<p class="app-print-head">(.*?)</p>', shared, re.DOTALL)
        assert "Alice Archer" in head
        assert "it may not be complete" in head
        assert "Born 17 May 1961. ID " in head
    assert "Printed on " in text(alice.get("/records/summary/"))
