"""What became of each entry of a file, in its order, page by page, linked to what there is."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.actors import Actor, Denied, System
from phr.services import removal, reports, uploads
from tests.cast import PURGER, Cast, put_in
from tests.doors import sign_in
from tests.worlds.synthea import bundle

pytestmark = [
    pytest.mark.usefixtures("static_files"),
    pytest.mark.django_db(databases=["default", "vault"]),
]
Json = dict[str, Any]


def condition(name: str, text: str, *, at: str = "2026-01-01") -> Json:
    return {
        "resourceType": "Condition",
        "meta": {"lastUpdated": f"{at}T00:00:00Z"},
        "identifier": [{"system": "urn:a", "value": name}],
        "subject": {"display": "Alice"},
        "code": {"text": text},
    }


def a_file(*resources: Json) -> bytes:
    entry = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}).encode()


def the_second(cast: Cast) -> Any:
    put_in(cast.alice, a_file(*(condition(name, name) for name in "abc")))
    return put_in(
        cast.alice,
        a_file(
            condition("b", "Bunion", at="2026-02-01"),
            {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "error", "code": "invalid"}],
            },
            condition("a", "a"),
            condition("d", "Diabetes"),
            condition("c", "Cough", at="2025-01-01"),
            condition("d", "Diabetes"),
        ),
    ).upload


def test_each_entry_says_what_became_of_it(cast: Cast) -> None:
    upload = the_second(cast)

    page = reports.report(cast.alice, upload.pk)

    assert [(one.outcome, one.title) for one in page.entries] == [
        ("changed", "Bunion"),
        ("known", "A"),
        ("new", "Diabetes"),
        ("older", "C"),
        ("twice", "Diabetes"),
    ]
    assert page.entries[0].place < page.entries[1].place
    [(place, reason)] = page.skipped
    assert (page.after, page.gone, page.more_skipped) == (None, 0, 0)
    assert place
    assert reason == "it is a message between systems"
    for actor in (cast.bob, cast.carol):
        with pytest.raises(Denied):
            reports.report(actor, upload.pk)


def test_it_comes_a_page_at_a_time_and_says_what_was_deleted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PAGE", 4)
    upload = put_in(cast.alice, json.dumps(bundle(10, seed=3)).encode()).upload
    seen = list[reports.Entry]()
    after: int | None = 0
    while after is not None:
        page = reports.report(cast.alice, upload.pk, after=after)
        seen += page.entries
        after = page.after
    assert [one.position for one in seen] == list(range(1, len(seen) + 1))
    _, record_id = removal.hide_record(cast.alice, seen[0].record_id), seen[0].record_id
    assert not reports.report(cast.alice, upload.pk).entries[0].title
    removal.purge_record(PURGER, cast.alice_id, record_id)
    assert reports.report(cast.alice, upload.pk).gone == 1

    client = sign_in("alice@example.org")
    first = client.get(f"/records/upload/{upload.pk}/entries/").content.decode()
    assert f"/records/upload/{upload.pk}/entries/?after=5" in first
    assert "1 entry is not in this list" in first
    assert client.get(f"/records/upload/{upload.pk}/entries/?after=x").status_code == 200


def test_the_command_prints_each_entry_before_the_figures(cast: Cast, tmp_path: Path) -> None:
    path, out = tmp_path / "two.json", StringIO()
    path.write_bytes(a_file(condition("a", "Asthma"), condition("b", "Bunion")))
    call_command(
        "import_file", str(path), patient="alice@example.org", report=True, stdout=out,
        stderr=StringIO(), confirm_identity=True,
    )  # fmt: skip

    *entries, figures = map(json.loads, out.getvalue().splitlines())
    assert [(one["file"], one["outcome"]) for one in entries] == [("two.json", "new")] * 2
    assert figures["imported"] == len(reports_of(cast))


def reports_of(cast: Cast) -> list[reports.Entry]:
    [one] = uploads.uploads(cast.alice)
    return reports.report(cast.alice, one.upload.pk).entries


def test_the_operator_gets_each_entry_as_a_line(cast: Cast) -> None:
    upload = the_second(cast)

    found = list(reports.every_entry(Actor.job(System.OPERATOR), upload.pk, cast.alice_id))

    assert [one["outcome"] for one in found] == [
        "changed", "known", "new", "older", "twice", "left-out",
    ]  # fmt: skip
