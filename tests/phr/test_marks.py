"""Tags, favourites, and what is never shared: the patient's own marks on her items."""

from uuid import UUID

import orjson
import pytest

from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.models import Patient
from phr.models import Tag
from phr.narrowing import Narrowing
from phr.services import foresight, marks, records, removal
from phr.tags import words_of
from tests.cast import ALL, PURGER, put_in
from tests.doors import sign_in, text
from tests.standing import Standing
from tests.worlds.shared_record import Shared

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture(scope="module")
def world(standing: Standing) -> Shared:
    with standing.built():
        return Shared.enter()


def own(world: Shared, **asked: object) -> list[UUID]:
    asked_for = Narrowing(**asked)  # type: ignore[arg-type]
    page = records.timeline(world.cast.alice, world.cast.alice_id, asked=asked_for)
    return [item.id for item in page.items]


def test_words_that_differ_in_case_and_accents_are_one_tag_that_ends_with_its_last_use(
    world: Shared,
) -> None:
    alice, weight, photo = world.cast.alice, world.ids["weight_id"], world.ids["record_id"]
    marks.tag(alice, weight, name="Café  Visit")
    marks.tag(alice, photo, name="cafe visit")
    opened = records.open_record(alice, world.cast.alice_id, weight)
    assert opened.marks
    (tag,) = opened.marks.tags

    assert tag.name == "Café Visit"
    assert set(own(world, tag=tag.id)) == {weight, photo}
    marks.untag(alice, weight, tag_id=tag.id)
    assert own(world, tag=tag.id) == [photo]
    marks.untag(alice, photo, tag_id=tag.id)
    with acting_as(alice):
        assert not Tag.objects.filter(pk=tag.id).exists()


def test_a_new_version_from_a_file_keeps_the_marks(world: Shared) -> None:
    alice, weight = world.cast.alice, world.ids["weight_id"]
    marks.tag(alice, weight, name="diet")
    marks.favour(alice, weight, favourite=True)
    marks.keep_back(alice, weight, never_shared=True)
    client = sign_in("alice@example.org")
    assert "diet" in text(client.get(f"/records/{weight}/"))
    before = records.open_record(alice, world.cast.alice_id, weight)

    put_in(alice, orjson.dumps(orjson.loads(orjson.dumps(before.resource)) | HEAVIER), "w.json")

    after = records.open_record(alice, world.cast.alice_id, weight)
    assert after.version == before.version + 1
    assert after.marks == before.marks
    assert own(world, favourite=True) == [weight]


HEAVIER = {
    "valueQuantity": {
        "value": 75,
        "unit": "kg",
        "system": "http://unitsofmeasure.org",
        "code": "kg",
    }
}


def test_what_is_never_shared_is_seen_by_its_owner_alone_and_at_once(world: Shared) -> None:
    alice, weight = world.cast.alice, world.ids["weight_id"]

    def all_of_it() -> int:
        return foresight.would_see(alice, ALL).count

    bob, shared = sign_in("bob@example.org"), f"/shared/{world.cast.alice_id}/"
    count, epoch = all_of_it(), _epoch(world)
    assert bob.get(f"{shared}{weight}/").status_code == 200

    sign_in("alice@example.org").post(f"/records/{weight}/never-shared/", {"yes": "1"})

    assert bob.get(f"{shared}{weight}/").status_code == 404
    assert str(weight) not in text(bob.get(shared))
    assert str(weight) not in text(bob.post(shared, {"text": "weight"}))
    assert str(weight) not in text(bob.get(f"{shared}?category=vital-signs"))
    assert all_of_it() == count - 1
    assert _epoch(world) > epoch
    page = text(sign_in("alice@example.org").get("/records/"))
    assert "Nobody you share with can see this" in page
    assert "Nobody you share" not in text(bob.get(shared))
    marks.keep_back(alice, weight, never_shared=False)
    assert bob.get(f"{shared}{weight}/").status_code == 200


def _epoch(world: Shared) -> int:
    with acting_as(world.cast.alice):
        return Patient.objects.get(pk=world.cast.alice_id).access_epoch


def test_nobody_else_marks_her_items_or_asks_by_her_marks(world: Shared) -> None:
    alice, weight = world.cast.alice, world.ids["weight_id"]
    marks.tag(alice, weight, name="diet")
    marks.favour(alice, weight, favourite=True)
    bob, shared = sign_in("bob@example.org"), f"/shared/{world.cast.alice_id}/"

    assert text(bob.get(f"{shared}?favourite=1")).count("<li>") > 1
    for page in (text(bob.get(shared)), text(bob.get(f"{shared}{weight}/"))):
        assert "diet" not in page
        assert "Favourite" not in page
    with pytest.raises(Denied):
        marks.tag(world.cast.bob, weight, name="mine")
    with pytest.raises(Denied):
        marks.keep_back(world.cast.carol, weight, never_shared=True)
    opened = records.open_record(alice, world.cast.alice_id, weight)
    assert opened.marks
    assert opened.marks.never_shared is False
    assert [tag.name for tag in opened.marks.tags] == ["diet"]


def test_a_tag_goes_with_the_last_item_that_is_destroyed(world: Shared) -> None:
    alice, weight, photo = world.cast.alice, world.ids["weight_id"], world.ids["record_id"]
    marks.tag(alice, weight, name="diet")
    marks.tag(alice, weight, name="kept")
    marks.tag(alice, photo, name="kept")
    before = _tags(world)
    removal.hide_record(alice, weight)
    assert _tags(world) == before

    removal.purge_record(PURGER, world.cast.alice_id, weight)

    assert before - _tags(world) == {"diet"}


def _tags(world: Shared) -> set[str]:
    with acting_as(world.cast.alice):
        return {word.name for word in words_of(world.cast.alice_id)}


def test_the_empty_word_is_no_tag(world: Shared) -> None:
    with pytest.raises(marks.Refused, match="Enter a word"):
        marks.tag(world.cast.alice, world.ids["weight_id"], name="  ")
