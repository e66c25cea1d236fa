"""An archive that this portal wrote: the record in it comes back as it was.

Every file of it is compared with the check sums in its manifest first. Records, what is noted on
them and where they come from stand in about the same order in files of their own, which are read
side by side.
"""

import base64
import binascii
import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import Any, Generic, TypeVar

import orjson

from phr.formats import own_shape as shape
from phr.formats import pdf_text
from phr.formats.bundle_entries import entries
from phr.formats.json_stream import JsonStream
from phr.formats.parsed import Limits, Output, Parsed, Person, Piece, Progress, Refused, Skipped
from phr.formats.resource import identifier, keep, person
from phr.formats.restored import Earlier, Kept, Made, Origin, Sent, Stored
from phr.formats.terms import clean
from phr.formats.zip_parts import PIECE, Begin, content_type
from sharing.labels import Sensitivity

Json = dict[str, Any]
T = TypeVar("T")

CHANGED = "This archive was changed after this portal made it: {}. Use the archive as it was made."
_OTHER = (
    "This archive was made by another version of this portal, which is not read as a whole."
    " Unpack it, and upload fhir/bundle.json from it."
)
_NAME = "urn:uuid:"
_TAGGED = re.compile(
    rb"(.*)" + re.escape(shape.TAG).replace(b"TAG", rb"([0-9a-f]{64})") + re.escape(shape.END),
    re.DOTALL,
)


def is_own(archive: zipfile.ZipFile, names: set[str]) -> bool:
    """Whether this portal wrote the archive, as its manifest says."""
    if not {shape.MANIFEST, shape.BUNDLE} <= names:
        return False
    with archive.open(shape.MANIFEST) as file:
        return f'"format": "{shape.FORMAT}"'.encode() in file.read(1000)


class OwnArchive:
    """One archive, whose members are checked as soon as the first output is asked for."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        members: list[zipfile.ZipInfo],
        limits: Limits,
        begin: Begin,
    ) -> None:
        self._begin = begin
        self._archive = archive
        self._members = {each.filename: each for each in members}
        self._limits = limits
        self._digests: dict[str, str] = {}
        self._seen: set[str] = set()

    def read(self) -> Iterator[Output]:
        """Whose it is, every file with its bytes, every record. Raises Refused."""
        try:
            yield from self._check()
            files = self._files()
            yield from self._uploads()
            yield from self._stored(files)
            yield from self._records(files)
        except (KeyError, TypeError, IndexError, AttributeError):
            raise Refused(CHANGED.format("a file of it is not what it should be")) from None

    def _json(self, path: str) -> Any:
        return orjson.loads(self._archive.read(self._members[path]))

    def _lines(self, path: str) -> Iterator[Json]:
        if path not in self._members:
            return
        with self._archive.open(self._members[path]) as file:
            while line := file.readline(self._limits.max_resource_bytes):
                yield orjson.loads(line)

    def _check(self) -> Iterator[Output]:
        """Compare every file with the manifest; first whose archive it says it is."""
        manifest, made = _sealed(self._archive.read(self._members[shape.MANIFEST]))
        if manifest["format_version"] != shape.FORMAT_VERSION:
            raise Refused(_OTHER)
        yield made
        yield from self._person(manifest)
        listed = {line["path"]: line for line in manifest["files"]}
        for path in self._members:
            if path not in listed and path != shape.MANIFEST:
                raise Refused(CHANGED.format(f"{clean(path)} was added"))
        for path, line in listed.items():
            if path not in self._members:
                raise Refused(CHANGED.format(f"{clean(path)} is missing"))
            if self._digest(path) != line["sha256"]:
                raise Refused(CHANGED.format(f"{clean(path)} is not what it was"))
            self._digests[path] = line["sha256"]
            yield Progress(0, None, "bytes")

    def _digest(self, path: str) -> str:
        # Half of the way is checking, half is reading.
        self._begin(self._members[path].compress_size // 2)
        sha = hashlib.sha256()
        with self._archive.open(self._members[path]) as file:
            while data := file.read(PIECE):
                sha.update(data)
        return sha.hexdigest()

    def _person(self, manifest: Json) -> Iterator[Output]:
        """Her whose archive it is; whom its items are about is said with these."""
        told = manifest.get("person")
        if shape.ACCOUNT in self._members:
            told = self._json(shape.ACCOUNT)
        if told:
            yield Person((clean(told["name"]),), told["birth_date"])

    def _files(self) -> dict[str, list[Json]]:
        """The files of each record."""
        found: dict[str, list[Json]] = {}
        for line in self._lines(shape.FILES):
            found.setdefault(line["record"], []).append(line)
        return found

    def _uploads(self) -> Iterator[Output]:
        for line in self._lines(shape.UPLOADS):
            if line["finished_at"] and not line["undone_at"]:
                path = line["path"] or ""
                numbers = (line["imported"], line["updated"], line["duplicates"], line["skipped"])
                yield Sent(
                    line["upload"], path, line["file_name"], line["received_at"],
                    line["finished_at"], tuple(sorted(line["counts"].items())), numbers,
                )  # fmt: skip
                if path:
                    yield from self._file(path, picture=False)

    def _stored(self, files: dict[str, list[Json]]) -> Iterator[Output]:
        done: set[str] = set()
        for line in (line for lines in files.values() for line in lines):
            if line["use"] in ("picture", "part") and line["path"] not in done:
                done.add(line["path"])
                yield from self._file(line["path"], picture=line["use"] == "picture")

    def _file(self, path: str, *, picture: bool) -> Iterator[Output]:
        yield Stored(path, picture)
        member = self._members[path]
        self._begin(member.compress_size // 2)
        with self._archive.open(member) as file:
            data = file.read(PIECE)
            kind = content_type(data[:1024])
            while True:
                following = file.read(PIECE)
                yield Piece(data, kind, "", not following)
                if not following:
                    return
                data = following

    def _records(self, files: dict[str, list[Json]]) -> Iterator[Output]:
        items = Beside((line["record"], line) for line in self._lines(shape.ITEMS))
        origins = Beside(map(_origin, self._lines(shape.PROVENANCE)))
        past = Beside(self._past())
        names: dict[str, list[tuple[str, str]]] = {}
        for line in self._lines(shape.LINKS):
            names.setdefault(line["record"], []).append((line["name"], line["upload"] or ""))
        self._begin(self._members[shape.BUNDLE].compress_size // 2)
        with self._archive.open(self._members[shape.BUNDLE]) as file:
            text = JsonStream(file.read, self._limits)
            for number, (entry, raw, decimals) in enumerate(entries(text), 1):
                key = entry["link"][0]["url"].removeprefix(_NAME)
                item = self._parsed(entry, raw, decimals, number, files.get(key, []))
                if isinstance(item, Skipped):
                    yield item
                    continue
                (line,) = items.of(key)
                yield _kept(line, names.get(key, []), files.get(key, []), origins.of(key))
                yield item
                if item.resource_type == "Patient":
                    yield person(entry["resource"], entry["fullUrl"])
                if line["version"] > 1:
                    yield from past.of(key)

    def _parsed(
        self, entry: Json, raw: str, decimals: tuple[str, ...], number: int, files: list[Json]
    ) -> Parsed | Skipped:
        resource, url, place = entry["resource"], entry["fullUrl"], f"item {number}"
        identity = identifier(resource)
        identity = url if identity is None or identity in self._seen else identity
        try:
            item = keep(resource, raw, decimals, place, identity, url=url)
        except Refused as refused:
            return Skipped(place, refused.sentence)
        if isinstance(item, Skipped):
            return item
        digest, terms = item.digest, item.terms
        own = (line for line in files if line["use"] != "picture" and "aside" not in line)
        if documents := [line["path"] for line in own]:
            terms += self._words(resource, documents[0])
            if _is_document(resource) and len(documents) == 1:
                digest = self._digests[documents[0]]
        # What was two items comes back as two, although the words are the same.
        if digest in self._seen:
            digest = hashlib.sha256(f"{digest}{url}".encode()).hexdigest()
        self._seen.update((digest, identity))
        links = tuple(name for name in item.links if ":" in name)
        return replace(
            item, digest=digest, terms=(*terms, *_notes(resource)), links=links, attachments=()
        )

    def _words(self, resource: Json, path: str) -> tuple[str, ...]:
        """The words of a PDF, by which it is found."""
        if not _is_document(resource):
            return ()
        with self._archive.open(self._members[path]) as file:
            head = file.read(1024)
            if content_type(head) != "application/pdf":
                return ()
            return pdf_text.words(head + file.read(self._limits.max_bytes))

    def _past(self) -> Iterator[tuple[str, Earlier]]:
        with self._archive.open(self._members[shape.VERSIONS]) as file:
            for entry, raw, _ in entries(JsonStream(file.read, self._limits)):
                version = int(entry["response"]["etag"][3:-1])
                at = entry["response"]["lastModified"]
                keep(entry["resource"], raw, (), "an earlier version", None)
                yield entry["fullUrl"].removeprefix(_NAME), Earlier(version, at, raw.encode())


def _sealed(raw: bytes) -> tuple[Json, Made]:
    """What the manifest says, and the tag over that: of what stands behind it nothing is read."""
    found = _TAGGED.fullmatch(raw)
    said = found[1] + shape.END if found else raw
    tag = found[2].decode() if found else ""
    return orjson.loads(said), Made(hashlib.sha256(said).hexdigest(), tag)


class Beside(Generic[T]):
    """Lines about records, in about their order: found by reading ahead a little."""

    def __init__(self, lines: Iterator[tuple[str, T]]) -> None:
        self._groups = groupby(lines, lambda line: line[0])
        self._waiting: dict[str, list[T]] = {}

    def of(self, key: str) -> list[T]:
        """Every line about this record."""
        while key not in self._waiting:
            found, lines = next(self._groups, (None, iter(())))
            if found is None:
                return []
            self._waiting.setdefault(found, []).extend(line for _, line in lines)
        return self._waiting.pop(key)


def _origin(line: Json) -> tuple[str, Origin]:
    told = {each["url"]: each for each in line["extension"]}
    entity = line.get("entity")
    upload = entity[0]["what"]["identifier"]["value"].removeprefix(_NAME) if entity else ""
    origin = Origin(
        told[shape.VERSION]["valuePositiveInt"],
        line["recorded"],
        upload,
        told[shape.PLACE]["valueString"] if shape.PLACE in told else "",
        line["reason"][0]["text"] if "reason" in line else "",
        told[shape.OUTCOME]["valueCode"] if shape.OUTCOME in told else "",
        told[shape.SCOPE]["valueId"] if shape.SCOPE in told else "",
    )
    return line["target"][0]["reference"].removeprefix(_NAME), origin


def _kept(
    line: Json, names: list[tuple[str, str]], files: list[Json], origins: list[Origin]
) -> Kept:
    return Kept(
        line["version"],
        tuple(line["tags"]),
        line["favourite"],
        line["never_shared"],
        line["sorted_at"],
        line["added_at"],
        line["changed_at"],
        tuple(names),
        tuple(each["path"] for each in files if "aside" not in each),
        tuple(origins),
        _labels(line),
        tuple((each["path"], each["aside"]) for each in files if "aside" in each),
    )


def _labels(line: Json) -> tuple[str, ...]:
    """How sensitive she said it is."""
    return tuple(Sensitivity(label).value for label in line["sensitivity"])


def _notes(resource: Json) -> tuple[str, ...]:
    """What she wrote as a note, by the words of which it is found."""
    found = []
    for part in resource.get("content") or [] if _is_document(resource) else []:
        attachment = part.get("attachment") or {}
        if str(attachment.get("contentType")).startswith("text/plain"):
            with suppress(binascii.Error, ValueError):
                raw = base64.b64decode(attachment.get("data") or "", validate=False)
                found.append(raw.decode("utf-8", "ignore"))
    return tuple(found)


def _is_document(resource: Json) -> bool:
    return bool(resource["resourceType"] == "DocumentReference")
