"""Who acts for a patient neither learns of nor changes what she keeps from everybody."""

import json

import pytest

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record, Tag
from phr.services import imports, marks, records, reviews, uploads
from sharing.models import Authority
from sharing.services import granting
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, IMPORTER, Cast, hand_in, put_in, user_of
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def acting(cast: Cast) -> Actor:
    """Bob, acting for alice."""
    acts = ActsFor(Authority.POWER_OF_ATTORNEY, may_manage=True)
    grant_id = granting.grant(cast.alice, Recipient("bob@example.org", acts), scope=ALL)
    granting.accept(cast.bob, grant_id)
    return Actor.session(user_of(cast.bob), acting_for=cast.alice_id)


def condition(text: str) -> bytes:
    number = {"system": "http://example.org/conditions", "value": "A1"}
    resource = {
        "resourceType": "Condition", "identifier": [number], "code": {"text": text},
        "subject": {"display": "Alice"},
    }  # fmt: skip
    return json.dumps(resource).encode()


def kept_back(cast: Cast) -> Record:
    put_in(cast.alice, condition("What nobody is to know"))
    with acting_as(cast.alice):
        row = Record.objects.get()
    marks.keep_back(cast.alice, row.pk, never_shared=True)
    return row


def test_a_file_that_he_brings_changes_nothing_of_it_and_looks_new_to_him(cast: Cast) -> None:
    row, bob = kept_back(cast), acting(cast)
    upload_id = hand_in(bob, condition("What bob says"))
    imports.import_upload(IMPORTER, upload_id)
    outlook = uploads.upload(bob, upload_id).outlook
    assert outlook
    assert (outlook.new, outlook.changed, outlook.known) == (1, 0, 0)

    reviews.confirm(bob, upload_id, about_me=True)
    imports.import_upload(IMPORTER, upload_id)

    titles = [one.title for one in records.timeline(bob, cast.alice_id).items]
    assert titles == ["What bob says"]
    with acting_as(cast.alice):
        assert Record.objects.get(pk=row.pk).version == 1


def test_her_own_file_still_brings_a_newer_version_of_it(cast: Cast) -> None:
    row = kept_back(cast)
    put_in(cast.alice, condition("What a later file says"))
    with acting_as(cast.alice):
        assert Record.objects.get().version == 2
        assert Record.objects.get().pk == row.pk


def test_a_tag_of_what_she_keeps_back_is_not_named_to_him(cast: Cast) -> None:
    seen, secret = keep(cast.alice_id), keep(cast.alice_id, never_shared=True)
    marks.tag(cast.alice, seen.pk, name="Work")
    marks.tag(cast.alice, secret.pk, name="Clinic that nobody is to know")
    for actor, named in (
        (acting(cast), ["Work"]),
        (cast.alice, ["Clinic that nobody is to know", "Work"]),
    ):
        found = records.timeline(actor, cast.alice_id).choices.tags
        assert [word.name for word in found] == named


def test_a_tag_that_he_takes_off_stays_where_she_keeps_it(cast: Cast) -> None:
    seen, secret = keep(cast.alice_id), keep(cast.alice_id, never_shared=True)
    for row in (seen, secret):
        marks.tag(cast.alice, row.pk, name="Work")
    bob = acting(cast)
    with acting_as(bob):
        tag_id = Tag.objects.get().pk
    marks.untag(bob, seen.pk, tag_id=tag_id)
    opened = records.open_record(cast.alice, cast.alice_id, secret.pk)
    assert opened.marks
    assert [word.name for word in opened.marks.tags] == ["Work"]

    marks.untag(cast.alice, secret.pk, tag_id=tag_id)
    with acting_as(cast.alice):
        assert not Tag.objects.exists()


def test_what_came_from_her_file_is_not_told_to_him_as_written_by_hand(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma"))
    with acting_as(cast.alice):
        row = Record.objects.get()
    bob = acting(cast)
    (source,) = records.open_record(bob, cast.alice_id, row.pk).sources
    assert source.from_file
    assert not source.corrected
    assert source.upload is None, "the file itself is not his"
