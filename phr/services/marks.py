"""How a patient sorts her own records: her words for them, favourites, and what is never shared."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, System
from phr.formats.terms import clean
from phr.models import Record, Tag
from phr.tags import Word, end_unused, lock_tags, new_word, token_of, words_of
from sharing import policy
from sharing.policy import Action
from sharing.services import granting

# Keeps the words in step with what is sorted under them.
SORTER = Actor.job(System.RENEW)
LONGEST = 40
MOST = 20


class Refused(Exception):
    """The word cannot be a tag of this item; the text says why, for its owner."""


@contextmanager
def _changing(actor: Actor, record_id: UUID, action: str) -> Iterator[Record]:
    """One of the actor's own records, held until the end of the block, and the event of it."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.UPDATE)
        rows = Record.objects.select_for_update()
        row = policy.require(actor, Action.UPDATE, rows, patient.pk, record_id)
        yield row
        note(action, patient_id=patient.pk, records=[row.pk], basis="owner")


@contextmanager
def _sorting(actor: Actor, record_id: UUID, action: str) -> Iterator[Record]:
    """The same for tags, by which permissions may go; one change of a patient's at a time."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.UPDATE)
        granting.move_epoch(patient.pk)
        lock_tags(patient.pk)
        with _changing(actor, record_id, action) as row:
            yield row


def own_tags(actor: Actor) -> list[Word]:
    """The actor's own tags, to share by. `Denied` or `Restricted` for who may not share."""
    with acting_as(actor):
        return words_of(policy.require_own(actor, Action.SHARE).pk)


def tag(actor: Actor, record_id: UUID, *, name: str) -> None:
    """Sort a record under a word of at most `LONGEST` letters.

    Words that differ only in case, accents or spaces are the same tag, under the name it was
    given first. Raises `Refused` for no word, and beyond `MOST` tags of one record.
    """
    with _sorting(actor, record_id, "tag") as row:
        if not (name := clean(name)[:LONGEST]):
            raise Refused("Enter a word.")
        token = token_of(row.patient_id, name)
        if token in row.tags:
            return
        if len(row.tags) >= MOST:
            raise Refused(f"An item can have at most {MOST} tags.")
        if not Tag.objects.filter(patient_id=row.patient_id, token=token).exists():
            new_word(row.patient_id, token, name)
        row.tags = [*row.tags, token]
        row.save(update_fields=["tags"])


def untag(actor: Actor, record_id: UUID, *, tag_id: UUID) -> None:
    """Take a record out from under a word; a word that nothing is sorted under is gone."""
    with _sorting(actor, record_id, "tag") as row:
        found = Tag.objects.filter(pk=tag_id, patient_id=row.patient_id).first()
        if found is None or found.token not in row.tags:
            return
        row.tags = [token for token in row.tags if token != found.token]
        row.save(update_fields=["tags"])
        # Not as the actor: who acts for her does not see what she keeps from everybody.
        with acting_as(SORTER, about=row.patient_id):
            end_unused(row.patient_id, [found.token])


def favour(actor: Actor, record_id: UUID, *, favourite: bool) -> None:
    """Count a record among the favourites, or no more."""
    with _changing(actor, record_id, "favour") as row:
        row.favourite = favourite
        row.save(update_fields=["favourite"])


def keep_back(actor: Actor, record_id: UUID, *, never_shared: bool) -> None:
    """Keep a record from everybody, whatever they were permitted, or no more; holds at once."""
    with acting_as(actor):
        patient = policy.require_own(actor, Action.UPDATE)
        granting.move_epoch(patient.pk)
        with _changing(actor, record_id, "keep-back" if never_shared else "give-back") as row:
            row.never_shared = never_shared
            row.updated_at = timezone.now()
            row.save(update_fields=["never_shared", "updated_at"])
