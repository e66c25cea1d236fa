"""HL7's own International Patient Summary documents, from the file to the page."""

import pytest

from phr.services import records
from tests.cast import Cast, put_in
from tests.worlds import official

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def test_official_patient_summaries_are_read_and_shown(cast: Cast) -> None:
    documents = [raw for name, raw in official.files(official.IPS) if "/Bundle-" in name]
    assert len(documents) >= 3

    for document in documents:
        followed = put_in(cast.alice, document)
        assert followed.state == "finished", followed.report.problem

    seen, after = 0, None
    while True:
        page = records.timeline(cast.alice, cast.alice_id, after=after)
        for item in page.items:
            opened = records.open_record(cast.alice, cast.alice_id, item.id)
            assert opened.shown.title
            seen += 1
        if page.after is None:
            break
        after = page.after
    assert seen > 30
