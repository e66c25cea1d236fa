"""What a permission that has ended let its holder find: no more is claimed than rows still tell."""

from dataclasses import replace
from uuid import UUID

import pytest

from accounts.acting import acting_as
from phr.models import Provenance
from phr.services import foresight, marks, receipts, records
from phr.services.foresight import Theirs
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.services import granting
from tests.cast import ALL, IMPORTER, Cast
from tests.doors import sign_in, text
from tests.phr.test_receipts import said
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
ORDINARY = replace(ALL, labels=(Sensitivity.N,))


def kept(cast: Cast, name: str, *labels: Sensitivity) -> UUID:
    found = labels or (Sensitivity.N,)
    return keep(cast.alice_id, text=name, labels=found).pk


def named(theirs: Theirs, *, doubtful: bool = False) -> set[str]:
    return {one.title for one in theirs.items if (one.id in theirs.doubtful) is doubtful}


def test_what_came_after_the_end_was_never_to_be_seen(cast: Cast) -> None:
    kept(cast, "Before")
    grant_id = cast.share(ORDINARY)
    kept(cast, "During")
    granting.revoke(cast.alice, grant_id)
    kept(cast, "After")

    theirs = foresight.as_they_see(cast.alice, grant_id)
    assert named(theirs) == {"Before", "During"}
    assert (theirs.count, theirs.unsure, theirs.over) == (2, 0, True)


def test_what_was_sorted_anew_since_is_not_claimed(cast: Cast) -> None:
    """Opened up after the end, closed during it or after it: of each, only that nobody can tell."""
    kept(cast, "Always ordinary")
    kept(cast, "Always sensitive", Sensitivity.HIV)
    opened_up, during, later, kept_back, looked_at = (
        kept(cast, "Opened up", Sensitivity.HIV), kept(cast, "During"), kept(cast, "Later"),
        kept(cast, "Kept back"), kept(cast, "Looked at"),
    )  # fmt: skip
    grant_id = cast.share(ORDINARY)
    records.open_record(cast.bob, cast.alice_id, looked_at)
    records.classify(cast.alice, during, labels=[Sensitivity.HIV])
    granting.revoke(cast.alice, grant_id)
    records.classify(cast.alice, opened_up, labels=[Sensitivity.N])
    for one in (later, looked_at):
        records.classify(cast.alice, one, labels=[Sensitivity.HIV])
    marks.keep_back(cast.alice, kept_back, never_shared=True)

    theirs = foresight.as_they_see(cast.alice, grant_id)
    assert named(theirs) == {"Always ordinary", "Looked at"}
    assert named(theirs, doubtful=True) == {"Opened up", "During", "Later", "Kept back"}
    assert (theirs.sure, theirs.unsure) == (2, 4)


def test_a_tag_given_or_taken_since_leaves_it_open(cast: Cast) -> None:
    tagged, bare = kept(cast, "Tagged"), kept(cast, "Bare")
    marks.tag(cast.alice, tagged, name="Knee")
    (word,) = marks.own_tags(cast.alice)
    grant_id = cast.share(replace(ORDINARY, tags=(word.token,)))
    granting.revoke(cast.alice, grant_id)
    kept(cast, "Never tagged")
    assert named(foresight.as_they_see(cast.alice, grant_id)) == {"Tagged"}

    marks.tag(cast.alice, bare, name="Knee")
    theirs = foresight.as_they_see(cast.alice, grant_id)
    assert (named(theirs), named(theirs, doubtful=True)) == ({"Tagged"}, {"Bare"})


def test_what_an_archive_brought_back_since_is_not_claimed(cast: Cast) -> None:
    """Its row has the days that the archive tells, which may be from before the end."""
    kept(cast, "Stayed")
    gone = kept(cast, "Brought back")
    grant_id = cast.share(ORDINARY)
    granting.revoke(cast.alice, grant_id)
    with acting_as(IMPORTER, about=cast.alice_id):
        Provenance.objects.create(
            patient_id=cast.alice_id, record_id=gone, by_id=cast.alice.user_id, version=1,
            outcome=Provenance.Outcome.NEW,
        )  # fmt: skip

    theirs = foresight.as_they_see(cast.alice, grant_id)
    assert (named(theirs), named(theirs, doubtful=True)) == ({"Stayed"}, {"Brought back"})


def test_what_came_while_it_was_paused_until_its_end_is_left_out(cast: Cast) -> None:
    kept(cast, "Before")
    grant_id = cast.share(ORDINARY)
    granting.pause(cast.alice, grant_id)
    kept(cast, "Meanwhile")
    granting.revoke(cast.alice, grant_id)

    assert named(foresight.as_they_see(cast.alice, grant_id)) == {"Before"}


def test_an_invitation_that_nobody_accepted_let_nobody_see(cast: Cast) -> None:
    kept(cast, "Before")
    grant_id = granting.grant(cast.alice, "eve@example.org", scope=ORDINARY)
    granting.revoke(cast.alice, grant_id)

    theirs = foresight.as_they_see(cast.alice, grant_id)
    assert (theirs.items, theirs.count, theirs.span) == ([], 0, None)
    alice = sign_in("alice@example.org")
    page = text(alice.get(f"/sharing/grants/{grant_id}/as-they-see/"))
    assert "never let eve@example.org see anything" in page


def test_what_is_in_force_is_told_as_of_now(cast: Cast) -> None:
    kept(cast, "Ordinary")
    changed = kept(cast, "Changed", Sensitivity.HIV)
    grant_id = cast.share(ORDINARY)
    records.classify(cast.alice, changed, labels=[Sensitivity.N])

    theirs = foresight.as_they_see(cast.alice, grant_id)
    assert named(theirs) == {"Ordinary", "Changed"}
    assert (theirs.over, theirs.worked_out) == (False, [])


def test_all_pages_of_it_are_to_be_had(cast: Cast) -> None:
    ids = [kept(cast, f"Item {number}") for number in range(5)]
    grant_id = cast.share(ORDINARY)
    granting.revoke(cast.alice, grant_id)

    found: list[UUID] = []
    after: UUID | None = None
    for _ in range(3):
        page = foresight.as_they_see(cast.alice, grant_id, after=after, most=2)
        found, after = [*found, *(one.id for one in page.items)], page.after
    assert found == ids[::-1]
    assert (after, page.kinds) == (None, {Category.LABORATORY: 5})


def test_the_page_and_the_paper_say_how_it_was_worked_out(cast: Cast) -> None:
    kept(cast, "Calcium")
    grant_id = cast.share(ORDINARY)
    granting.revoke(cast.alice, grant_id)
    kept(cast, "Zinc")
    alice = sign_in("alice@example.org")

    assert "Everything they could see" in text(alice.get(f"/sharing/receipts/{grant_id}/"))
    page = text(alice.get(f"/sharing/grants/{grant_id}/as-they-see/"))
    paper = said(receipts.receipt_pdf(cast.alice, grant_id))
    for told in (page, paper):
        assert "Calcium" in told
        assert "Zinc" not in told
        assert "What you added after the end is left out." in told


def test_a_paper_of_many_counts_them_by_kind(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(cast, "Calcium")
    kept(cast, "Zinc")
    grant_id = cast.share(ORDINARY)
    monkeypatch.setattr("phr.services.receipts.MOST_LISTED", 1)

    paper = said(receipts.receipt_pdf(cast.alice, grant_id))
    assert f"2 items, too many to name here. {Category.LABORATORY.label}: 2." in paper
    assert "Zinc" not in paper
