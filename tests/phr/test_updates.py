"""What she wrote herself stays in force, whatever a later file says; both are kept and shown."""

import json
from typing import Any

import pytest

from accounts.acting import acting_as
from phr.bodies import open_body
from phr.models import Record
from phr.services import entries, imports, records, undoing
from phr.services.reports import report
from tests.cast import IMPORTER, Cast, hand_in, put_in
from tests.doors import sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


PATIENT, OF_ANOTHER = {"reference": "Patient/1"}, {"reference": "Patient/77"}


def condition(text: str, **more: Any) -> bytes:
    resource = {
        "resourceType": "Condition",
        "identifier": [{"system": "http://example.org/conditions", "value": "A1"}],
        "code": {"text": text},
        "subject": {"display": "Alice"},
        **more,
    }
    return json.dumps(resource).encode()


def corrected(cast: Cast) -> Record:
    put_in(cast.alice, condition("Asthma"))
    row = only(cast)
    elements = {"code": {"code": {"text": "Hay fever"}}}
    entries.correct(cast.alice, row.pk, elements, reason="It is not asthma", version=row.version)
    return only(cast)


def only(cast: Cast) -> Record:
    with acting_as(cast.alice):
        return Record.objects.get(hidden_at=None)


def title(cast: Cast) -> str:
    row = only(cast)
    with acting_as(cast.alice, about=cast.alice_id):
        body = open_body(cast.alice_id, row.pk, row.version, bytes(row.body_sealed))
    return str(body["code"]["text"])


@pytest.mark.parametrize("dated", [{}, {"meta": {"lastUpdated": "2999-01-01T00:00:00Z"}}])
def test_a_later_file_does_not_replace_what_she_corrected(cast: Cast, dated: Any) -> None:
    corrected(cast)

    followed = put_in(cast.alice, condition("Severe asthma", **dated))

    assert title(cast) == "Hay fever"
    assert (followed.upload.imported, followed.upload.updated, followed.report.aside) == (0, 0, 1)
    opened = records.open_record(cast.alice, cast.alice_id, only(cast).pk)
    assert (opened.version, opened.aside, opened.by_hand) == (4, 3, "Corrected")
    assert [past.version for past in opened.versions] == [3, 2, 1]
    said = [source.reason for source in opened.sources if source.stays]
    assert said == ["It is not asthma"]
    assert "what you wrote yourself" in report(cast.alice, followed.upload.pk).entries[0].what


def test_she_is_told_before_and_after(cast: Cast) -> None:
    client = sign_in("alice@example.org")
    corrected(cast)
    upload_id = hand_in(cast.alice, condition("Severe asthma"))
    imports.import_upload(IMPORTER, upload_id)

    asked = text(client.get(f"/records/upload/{upload_id}/"))
    assert "Says something else than what you wrote yourself" in asked

    put_in(cast.alice, condition("Severe asthma"))
    page = text(client.get(f"/records/{only(cast).pk}/"))
    assert "A file you uploaded says something else about this item" in page
    assert "what you wrote stays in force" in page
    seen = text(client.get(f"/records/{only(cast).pk}/versions/3/"))
    assert "Severe asthma" in seen
    assert "What you wrote stays unless you choose otherwise" in seen


def test_the_file_that_she_corrected_says_nothing_new_when_it_comes_again(cast: Cast) -> None:
    corrected(cast)
    put_in(cast.alice, condition("Severe asthma"))

    for said in ("Asthma", "Severe asthma"):
        again = put_in(cast.alice, condition(said))
        assert (again.upload.duplicates, again.report.aside) == (1, 0), said
    assert (title(cast), only(cast).version) == ("Hay fever", 4)


def test_another_source_that_says_what_she_corrected_is_kept_beside_hers(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma", onsetDateTime="2020-02-03"))
    row = only(cast)
    elements = {"code": {"code": {"text": "Hay fever"}}}
    entries.correct(cast.alice, row.pk, elements, reason="", version=row.version)
    other = [{"system": "http://example.net/other", "value": "B2"}]
    said = condition("Asthma", onsetDateTime="2020-02-03", identifier=other)

    followed = put_in(cast.alice, said)

    assert title(cast) == "Hay fever"
    assert (followed.upload.imported, followed.report.aside) == (0, 1)
    assert records.open_record(cast.alice, cast.alice_id, only(cast).pk).aside == 3
    again = put_in(cast.alice, said)
    assert (again.upload.duplicates, again.report.aside) == (1, 0)


def test_another_source_that_says_what_she_says_is_no_second_item(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma", onsetDateTime="2020-02-03", subject=PATIENT))
    row = only(cast)
    elements = {"code": {"code": {"text": "Hay fever"}}}
    entries.correct(cast.alice, row.pk, elements, reason="", version=row.version)
    other = [{"system": "http://example.net/other", "value": "B2"}]
    hers = {"onsetDateTime": "2020-02-03", "identifier": other, "subject": OF_ANOTHER}

    followed = put_in(cast.alice, condition("Hay fever", **hers))

    assert (followed.upload.imported, followed.upload.duplicates) == (0, 1)
    assert (followed.report.aside, only(cast).version) == (0, 2)
    told = report(cast.alice, followed.upload.pk).entries[0]
    assert told.outcome == "alike"


def test_what_another_source_said_before_it_was_changed_is_no_second_item(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma", onsetDateTime="2020-02-03"))
    put_in(cast.alice, condition("Mild asthma", onsetDateTime="2020-02-03"))
    other = [{"system": "http://example.net/other", "value": "B2"}]

    upload_id = hand_in(
        cast.alice, condition("Asthma", onsetDateTime="2020-02-03", identifier=other)
    )
    imports.import_upload(IMPORTER, upload_id)
    assert "There is nothing new" in text(
        sign_in("alice@example.org").get(f"/records/upload/{upload_id}/")
    )
    followed = put_in(cast.alice, condition("Asthma", onsetDateTime="2020-02-03", identifier=other))

    assert (followed.upload.imported, followed.upload.duplicates) == (0, 1)
    assert (title(cast), only(cast).version) == ("Mild asthma", 2)
    assert report(cast.alice, followed.upload.pk).entries[0].outcome == "older"


def test_what_a_file_said_beside_hers_goes_when_the_import_is_undone(cast: Cast) -> None:
    corrected(cast)
    followed = put_in(cast.alice, condition("Severe asthma"))

    undoing.foresee(cast.alice, followed.upload.pk)
    with acting_as(cast.alice):
        undoing.hide_import(cast.alice, followed.upload.pk)
    undoing.purge_import(IMPORTER, cast.alice_id, followed.upload.pk)

    opened = records.open_record(cast.alice, cast.alice_id, only(cast).pk)
    assert [past.version for past in opened.versions] == [2, 1]
    assert title(cast) == "Hay fever"
