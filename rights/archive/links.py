"""By which names records refer to each other, where the words of a reference alone do not tell."""

import re
from collections.abc import Iterable, Iterator
from uuid import UUID

import orjson
from django.db import connection

from accounts import keys
from accounts.acting import acting_as
from phr.models import Provenance, Record
from phr.search import Tokeniser, matching, scoped
from phr.sources import words_of
from rights.archive.reading import visible
from rights.archive.room import Kept, Room
from sharing import policy
from sharing.policy import Action

# Asked for at once: `matching` answers up to so many records by an index.
NAMES_AT_ONCE = 500
MOST_REMEMBERED = 100_000
CALLED = """
    SELECT r.id, called FROM phr_record r CROSS JOIN LATERAL unnest(r.tokens) AS called
    WHERE r.id = ANY (%s) AND called = ANY (%s)
"""
_REFERENCE = re.compile(rb'"reference"\s*:\s*("[^"#\\][^"\\]*")')

Name = tuple[UUID | None, str]


def links(room: Room) -> None:
    """`links.ndjson`: a line for each name that one record is referred to by.

    `upload` is where the name means it: `Type/id` may mean something else in another file.
    A name that several records answer to leads nowhere and has no line.
    """
    with room.pack.file("links.ndjson") as out:
        for piece in room.links.pieces():
            out.write(piece)


class Links:
    """Looks up what the bodies refer to, a page of them at a time."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._tokeniser = Tokeniser(keys.subkey(room.patient_id, keys.Purpose.INDEX))
        self._known: set[int] = set()

    def note(self, found: list[tuple[Kept, bytes]]) -> None:
        """Add the lines for what these refer to and was not referred to before."""
        names = list(_names(self._room, {kept.id: _references(body) for kept, body in found}))
        tokens = self._tokeniser.links(scoped(*name) for name in names)
        asked = dict(zip(tokens, names, strict=True))
        fresh = [token for token in asked if token not in self._known]
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known.update(fresh)
        for start in range(0, len(fresh), NAMES_AT_ONCE):
            for token, record in _answers(self._room, fresh[start : start + NAMES_AT_ONCE]):
                upload, name = asked[token]
                line = {"name": name, "upload": upload and str(upload), "record": str(record)}
                self._room.links.write(orjson.dumps(line) + b"\n")


def _references(body: bytes) -> set[str]:
    return {orjson.loads(found) for found in _REFERENCE.findall(body)}


def _names(room: Room, said: dict[UUID, set[str]]) -> Iterable[Name]:
    """Each name with the upload in which it was said, if it matters."""
    found: set[Name] = {(None, name) for names in said.values() for name in names if ":" in name}
    within = {pk: {n for n in names if ":" not in n} for pk, names in said.items()}
    if any(within.values()):
        with acting_as(room.actor, about=room.patient_id):
            rows = Provenance.objects.filter(record_id__in=[pk for pk in within if within[pk]])
            pairs = words_of(rows)
        found |= {(upload_id, name) for pk, upload_id in pairs for name in within[pk]}
    return found


def _answers(room: Room, tokens: list[int]) -> Iterator[tuple[int, UUID]]:
    """The one record that answers to each token, of all of hers, where it goes into the archive."""
    with acting_as(room.actor, about=room.patient_id), connection.cursor() as cursor:
        rows = policy.records(room.actor, Action.COPY, Record.objects.all(), room.patient_id)
        ids = list(matching(rows, tokens, every=False).values_list("id", flat=True))
        cursor.execute(CALLED, [ids, tokens])
        found: dict[int, set[UUID]] = {}
        for record, token in cursor.fetchall():
            found.setdefault(token, set()).add(record)
        sure = {token: min(records) for token, records in found.items() if len(records) == 1}
        kept = set(visible(room).filter(pk__in=sure.values()).values_list("id", flat=True))
    return ((token, record) for token, record in sure.items() if record in kept)
