"""Staff see how many files and erasures stand where, and can narrow to one state."""

import pytest

from phr.services import records
from rights.services import erasures as rights
from tests.cast import Cast, put_in, receive
from tests.doors import give_second_factor, sign_in, text
from tests.worlds.files import pdf, picture

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SAM = "sam@example.org"


def test_work_is_counted_by_state(cast: Cast) -> None:
    put_in(cast.alice, picture("PNG"), "card.png")
    put_in(cast.alice, b"nothing we know", "odd.bin")
    receive(cast.alice, pdf(), "letter.pdf")
    desk = sign_in(SAM, secret=give_second_factor(SAM))

    page = text(desk.get("/admin/phr/upload/"))
    refused = text(desk.get("/admin/phr/upload/?state=refused"))

    assert all(count in page for count in ("due (1)", "done (1)", "refused (1)"))
    assert "1 upload" in refused


def test_an_erasure_waits_until_it_is_purged(cast: Cast) -> None:
    followed = put_in(cast.alice, picture("PNG"), "card.png")
    desk = sign_in(SAM, secret=give_second_factor(SAM))
    assert followed.upload.imported == 1
    record_id = records.timeline(cast.alice, cast.alice_id).items[0].id

    rights.erase_record(cast.alice, record_id)

    assert "hidden, not yet purged (1)" in text(desk.get("/admin/rights/erasure/"))
