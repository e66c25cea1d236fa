"""What an archive of this portal brings back beside its records: marks, past versions, sources, files.

Sealed and staged like the records, and written with them in the same transaction, for those of them
that are new. A record that was there before keeps what its owner noted on it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import connection

from accounts import keys
from accounts.models import Patient
from phr import restoring_sql as sql
from phr.bodies import seal_body
from phr.formats.parsed import Parsed, Refused
from phr.formats.restored import Earlier, Kept, Made, Origin, Restored, Sent, Stored
from phr.formats.terms import clean
from phr.genuine import is_genuine
from phr.inheriting import told_of
from phr.models import Binary, Renewal, Tag, Upload
from phr.search import Tokeniser, scoped
from phr.services.uploads import Report, seal_name, seal_report
from phr.sources import seal_reason
from phr.staging import Row, Stage
from phr.tags import new_word, token_of
from sharing.labels import Sensitivity
from sharing.tokens import label_tokens

LONGEST_TAG, MOST_TAGS, MOST_UPLOADS = 40, 20, 10_000
TOO_MANY = f"The archive holds more than {MOST_UPLOADS:,} uploads, the most that are brought back."
CHANGED = "An earlier version of an item in the archive is numbered after the one in force."
BATCH = 500
# Sources that did not give the item, and call what it refers to by other names.
APART = {"alike": "older", "older": "older"} | {n: n for n in ("aside", "mine", "theirs")}


class Restoring:
    """Takes what the box says of one archive; nothing at all for any other file."""

    def __init__(self, upload: Upload, stage: Stage) -> None:
        self._upload, self._patient_id, self._stage = upload, upload.patient_id, stage
        self._tokeniser = Tokeniser(keys.subkey(self._patient_id, keys.Purpose.INDEX))
        self._next: Kept | None = None
        self._row: Row | None = None
        self._stored: Stored | None = None
        self._files: dict[str, UUID] = {}
        self._pictures: list[UUID] = []
        self._aside: list[dict[str, Any]] = []
        self._sent: dict[UUID, Sent] = {}
        self._words: dict[int, str] = {}
        self._waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in sql.TABLES}
        self._begun = False
        self._version = 0
        # Its owner sorted it once: how sensitive each item is came with it.
        self.sorted_before = False

    def take(self, item: Restored) -> None:
        """Something that stands before or after its record, or before the pieces of its file."""
        match item:
            case Made():
                self.sorted_before = is_genuine(item)
            case Kept():
                self._next = item
            case Stored():
                self._stored = item
            case Sent():
                self._sent[self._of(item.upload)] = item
                if len(self._sent) > MOST_UPLOADS:
                    raise Refused(TOO_MANY)
            case Earlier() if self._row:
                if item.version >= self._version:
                    raise Refused(CHANGED)
                sealed = seal_body(self._patient_id, self._row.id, item.version, item.body)
                ended_at = datetime.fromisoformat(item.ended_at)
                self._put("past", (self._row.id, item.version, sealed, ended_at))

    def keep(self, binary_id: UUID) -> bool:
        """Whether a file that is whole now is one of the archive's own, and not of a record."""
        stored, self._stored = self._stored, None
        if stored is None:
            return False
        self._files[stored.path] = binary_id
        if stored.picture:
            self._pictures.append(binary_id)
        return True

    def row(self, row: Row, item: Parsed) -> Row:
        """The row, as it was kept."""
        kept, self._next, self._row = self._next, None, row
        if kept is None:
            return row
        self._version = kept.version
        row.labels = self._labelled(row, kept)
        if not row.dated:
            row.effective_at = datetime.fromisoformat(kept.sorted_at)
        row.tokens = [*row.tokens, *self._links(kept), *self._named(kept, item)]
        row.pictures = [self._files[path] for path in kept.files if path in self._files]
        self._aside += [
            {"record": row.id, "binary": self._files[path], "version": version}
            for path, version in kept.aside
            if path in self._files
        ]
        sealed = None
        if kept.version > 1:
            sealed = seal_body(self._patient_id, row.id, kept.version, item.body)
        times = (datetime.fromisoformat(at) for at in (kept.added_at, kept.changed_at))
        marks = (self._tags(kept), kept.favourite, kept.never_shared)
        self._put("kept", (row.id, kept.version, *marks, *times, sealed))
        for origin in kept.origins:
            # Who else could make an archive could have written it by hand in her name.
            if origin.upload or self.sorted_before:
                self._put("source", self._source(row.id, origin))
        return row

    def _labelled(self, row: Row, kept: Kept) -> list[int]:
        """As its owner said; what another says of it makes it more sensitive, never less."""
        tokens = label_tokens(self._patient_id)
        said = {tokens[Sensitivity(label)] for label in kept.labels}
        if self.sorted_before:
            return sorted(said) or row.labels
        return sorted({*said, *row.labels} - {tokens[Sensitivity.N]}) or [tokens[Sensitivity.N]]

    def _of(self, upload: str) -> UUID:
        """The upload of the archive as one of this record's own, the same however often asked."""
        return uuid5(self._upload.pk, upload)

    def _links(self, kept: Kept) -> list[int]:
        names = ((self._of(upload) if upload else None, name) for name, upload in kept.names)
        return self._tokeniser.links(scoped(*each) for each in names)

    def _named(self, kept: Kept, item: Parsed) -> list[int]:
        """Under which its visit, and what it tells of, finds it."""
        within = {each.scope or each.upload for each in kept.origins} - {""}
        uploads = {self._of(each) for each in within}
        told = self._tokeniser.links(scoped(pk, name) for pk in uploads for name in told_of(item))
        visits = self._tokeniser.visits(scoped(pk, item.visit) for pk in uploads if item.visit)
        return self._tokeniser.telling_of(told) + visits

    def _tags(self, kept: Kept) -> list[int]:
        names = filter(None, (clean(name)[:LONGEST_TAG] for name in kept.tags[:MOST_TAGS]))
        words = {token_of(self._patient_id, name): name for name in names}
        self._words = words | self._words
        return list(words)

    def _source(self, record_id: UUID, origin: Origin) -> tuple[Any, ...]:
        return (
            record_id,
            self._of(origin.upload) if origin.upload else None,
            origin.version,
            clean(origin.place)[:40],
            APART.get(origin.outcome, "back"),
            seal_reason(self._patient_id, record_id, origin.version, origin.reason),
            datetime.fromisoformat(origin.recorded_at),
            self._of(origin.scope) if origin.scope else None,
        )

    def _put(self, name: str, values: tuple[Any, ...]) -> None:
        self._waiting[name].append(values)
        if len(self._waiting[name]) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Copy what waits into the temporary tables."""
        if not any(self._waiting.values()):
            return
        with self._stage.working() as cursor:
            if not self._begun:
                for table in sql.TABLES.values():
                    cursor.execute(table.drop)
                    cursor.execute(table.create)
                self._begun = True
            for name, rows in self._waiting.items():
                table = sql.TABLES[name]
                with cursor.copy(table.copy) as copy:
                    copy.set_types(table.types)
                    for row in rows:
                        copy.write_row(row)
                rows.clear()

    def publish(self) -> None:
        """Inside the transaction, after the records: all that belongs to new ones."""
        if not self._begun:
            return
        user_id = Patient.objects.values_list("user_id", flat=True).get(pk=self._patient_id)
        about = {"patient": self._patient_id, "upload": self._upload.pk, "user": user_id}
        with connection.cursor() as cursor:
            cursor.execute(sql.NEEDED)
            needed = {pk for (pk,) in cursor.fetchall()} & self._sent.keys()
            for pk in needed:
                self._send(pk, self._sent[pk])
            Binary.objects.filter(pk__in=self._pictures).update(use=Binary.Use.PICTURE)
            for statement in sql.PUBLISH:
                cursor.execute(statement, about | {"needed": list(needed)})
            cursor.executemany(sql.ASIDE, [about | each for each in self._aside])
            cursor.execute(sql.TAGS)
            for token in {token for (token,) in cursor.fetchall()} - self._known():
                new_word(self._patient_id, token, self._words[token])
            for table in sql.TABLES.values():
                cursor.execute(table.drop)
        # By what past versions are known again, an archive does not tell.
        Renewal.objects.filter(pk=self._patient_id).update(version=0, place=None)

    def _known(self) -> set[int]:
        rows = Tag.objects.filter(patient_id=self._patient_id)
        return set(rows.values_list("token", flat=True))

    def _send(self, pk: UUID, sent: Sent) -> None:
        """Make the upload once more, with its file."""
        imported, updated, duplicates, skipped = sent.numbers
        binary_id = self._files.get(sent.path)
        if binary_id:
            Binary.objects.filter(pk=binary_id).update(use=Binary.Use.ORIGINAL)
        upload = Upload(
            id=pk,
            patient_id=self._patient_id,
            original_id=binary_id,
            received_at=datetime.fromisoformat(sent.received_at),
            confirmed_at=datetime.fromisoformat(sent.received_at),
            finished_at=datetime.fromisoformat(sent.finished_at),
            imported=imported,
            updated=updated,
            duplicates=duplicates,
            skipped=skipped,
            brought_by=self._upload.pk,
        )
        upload.file_name_sealed = seal_name(upload, sent.file_name)
        upload.report_sealed = seal_report(upload, Report(counts=dict(sent.counts)))
        upload.save(force_insert=True)
