"""The portal's main job from end to end: in, seen, shared, looked at, taken back, receipt."""

import pytest

from accounts import sealer
from accounts.actors import Denied
from phr.services import looks, records
from sharing.services import granting
from tests.cast import SEALER, Cast, put_in
from tests.worlds.synthea import lines

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def test_the_main_job(cast: Cast) -> None:
    followed = put_in(cast.alice, b"".join(lines(40)))
    assert followed.state == "finished", followed.report
    page = records.timeline(cast.alice, cast.alice_id)
    assert page.items

    with pytest.raises(Denied):
        records.timeline(cast.bob, cast.alice_id)

    grant_id = cast.share()
    seen = records.timeline(cast.bob, cast.alice_id)
    assert [item.id for item in seen.items] == [item.id for item in page.items]
    opened = records.open_record(cast.bob, cast.alice_id, seen.items[0].id)
    assert opened.patient_name == "Alice Archer"

    granting.revoke(cast.alice, grant_id)
    with pytest.raises(Denied):
        records.open_record(cast.bob, cast.alice_id, seen.items[0].id)

    receipt = looks.receipt(cast.alice, grant_id)
    assert {one for one, _, _ in receipt.seen} == {item.id for item in seen.items}
    told = looks.log(cast.alice).lines
    assert any(line.denied and line.who == "Dr Bob Brown" for line in told)

    assert sealer.seal_audit(SEALER) > 0
    assert sealer.verify(SEALER).code == 0


def test_the_same_file_again_adds_nothing(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(40)))

    again = put_in(cast.alice, b"".join(lines(40)))

    assert again.upload.imported == 0
    assert again.upload.duplicates > 0
