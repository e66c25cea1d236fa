"""What the portal itself knows of each record: kind, date, how sensitive, since when."""

from collections.abc import Iterator

import orjson

from accounts.acting import acting_as
from phr.tags import words_of
from rights.archive.reading import as_text, pages
from rights.archive.room import Room
from rights.archive.times import clocked, written
from sharing.tokens import label_tokens

COLUMNS = (
    "labels",
    "tags",
    "favourite",
    "never_shared",
    as_text("created_at"),
    as_text("updated_at"),
)


def items(room: Room) -> None:
    """`items.ndjson`: a line for each record, under the number the other files call it by."""
    words = {token: label.value for label, token in label_tokens(room.patient_id).items()}
    with room.pack.file("items.ndjson") as out:
        for line in _lines(room, words):
            out.write(orjson.dumps(line) + b"\n")


def _named(room: Room) -> dict[int, str]:
    with acting_as(room.actor, about=room.patient_id):
        return {word.token: word.name for word in words_of(room.patient_id)}


def _lines(room: Room, words: dict[int, str]) -> Iterator[dict[str, object]]:
    named = _named(room)
    for page in pages(room, more=COLUMNS):
        for kept in page:
            labels, tags, favourite, never_shared, created_at, updated_at = kept.more
            yield {
                "record": str(kept.id),
                "resourceType": kept.resource_type,
                "category": kept.category,
                "sensitivity": sorted(words[token] for token in labels if token in words),
                "date": clocked(kept.at_text) if kept.dated else None,
                "sorted_at": written(kept.at_text),
                "version": kept.version,
                "tags": [named[token] for token in tags if token in named],
                "favourite": favourite,
                "never_shared": never_shared,
                "added_at": written(created_at),
                "changed_at": written(updated_at),
            }
