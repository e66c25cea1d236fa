"""The records as FHIR R4: one Bundle, NDJSON by type, past versions, and where all of it came from.

Bodies are written as they were received, byte for byte; only line breaks between the elements
become spaces in NDJSON (no JSON string can hold one: RFC 8259 section 7).
"""

import re
from collections.abc import Iterable, Iterator
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Count

from accounts import keys
from accounts.acting import acting_as
from phr.bodies import open_bytes
from phr.models import RecordVersion
from phr.search import Tokeniser
from phr.senders import Sender
from phr.sources import open_reason
from rights.archive.links import Links
from rights.archive.origins import File, Source, sources
from rights.archive.pack import Entry
from rights.archive.reading import opened, pages, visible
from rights.archive.results import Results
from rights.archive.room import Kept, Room
from rights.archive.times import instant, written

# Which of these records are called by these names, as the keyed tokens of their import tell.
CALLED = """
    SELECT asked.id, asked.token
    FROM unnest(%(ids)s::uuid[], %(tokens)s::bigint[]) AS asked (id, token)
    JOIN phr_record r ON r.id = asked.id AND r.patient_id = %(patient)s
    WHERE r.id = ANY (%(ids)s) AND asked.token = ANY (r.tokens)
"""
# US Core's, since the codes of FHIR R4 itself have none for who only passed something on.
TRANSMITTER = {
    "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type",
    "code": "transmitter",
    "display": "Transmitter",
}
_ID = re.compile(rb'"id"\s*:\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def bundle(room: Room) -> None:
    """`fhir/bundle.json`: a Bundle of type collection with every record's version in force."""
    head = {"resourceType": "Bundle", "type": "collection", "timestamp": instant(room.made_at)}
    with room.pack.file("fhir/bundle.json") as out:
        _list(out, orjson.dumps(head), b"entry", _entries(room, Links(room)))


def _list(out: Entry, head: bytes, name: bytes, items: Iterable[bytes]) -> None:
    # An empty array is not allowed in FHIR (R4 JSON, section 2.6.2): then there is none.
    before = head[:-1] + b',"' + name + b'":[\n'
    found = False
    for item in items:
        out.write(before + item)
        before, found = b",\n", True
    out.write(b"\n]}\n" if found else head + b"\n")


def _entries(room: Room, links: Links) -> Iterator[bytes]:
    for page in pages(room):
        found = list(opened(room, page))
        names = _names(room, found)
        links.note(found)
        for kept, body in found:
            room.counts[kept.resource_type] += 1
            yield (
                b'{"fullUrl":"urn:uuid:%s","link":[{"relation":"record","url":"urn:uuid:%s"}],'
                b'"resource":%s}'
            ) % (names.get(kept.id, str(kept.id)).encode(), str(kept.id).encode(), body)


def _names(room: Room, found: list[tuple[Kept, bytes]]) -> dict[UUID, str]:
    """The name a record came with, where an id in it says it: others refer to it by that."""
    tokeniser = Tokeniser(keys.subkey(room.patient_id, keys.Purpose.INDEX))
    asked = [(kept.id, name.decode()) for kept, body in found for name in _ID.findall(body)]
    tokens = tokeniser.links(f"urn:uuid:{name}" for _, name in asked)
    named = {(pk, token): name for (pk, name), token in zip(asked, tokens, strict=True)}
    with acting_as(room.actor, about=room.patient_id), connection.cursor() as cursor:
        ids = [pk for pk, _ in asked]
        cursor.execute(CALLED, {"ids": ids, "tokens": tokens, "patient": room.patient_id})
        return {pk: named[pk, token] for pk, token in cursor.fetchall()}


def ndjson(room: Room) -> None:
    """`fhir/<ResourceType>.ndjson`: the same records, a file for each type, a line for each."""
    with acting_as(room.actor, about=room.patient_id):
        found = visible(room).values("resource_type").annotate(many=Count("id")).order_by()
        types = sorted(row["resource_type"] for row in found)
    results = Results(room)
    for kind in types:
        with room.pack.file(f"fhir/{kind}.ndjson") as out:
            for page in pages(room, resource_type=kind):
                items = list(opened(room, page))
                results.note(items)
                for _, body in items:
                    out.write(body.translate(_BREAKS) + b"\n")


def versions(room: Room) -> None:
    """`versions/bundle.json`: a Bundle of type history with every past version of every record."""
    head = {"resourceType": "Bundle", "type": "history", "timestamp": instant(room.made_at)}
    with room.pack.file("versions/bundle.json") as out:
        _list(out, orjson.dumps(head), b"entry", _past(room))


def _past(room: Room) -> Iterator[bytes]:
    with acting_as(room.actor, about=room.patient_id):
        if not RecordVersion.objects.filter(patient_id=room.patient_id).exists():
            return
    for page in pages(room, more=()):
        types = {kept.id: kept.resource_type for kept in page}
        with acting_as(room.actor, about=room.patient_id):
            rows = RecordVersion.objects.filter(record_id__in=types).order_by(
                "record_id", "version"
            )
            found = list(rows)
        for row in found:
            try:
                yield _version(row, types[row.record_id])
            except keys.Unopenable:
                room.damaged.append(f"RecordVersion/{row.pk}")


def _version(row: RecordVersion, kind: str) -> bytes:
    body = open_bytes(row.patient_id, row.record_id, row.version, bytes(row.body_sealed))
    about = {
        "request": {"method": "PUT", "url": f"{kind}/{row.record_id}"},
        "response": {
            "status": "200",
            "etag": f'W/"{row.version}"',
            "lastModified": instant(row.ended_at),
        },
    }
    name = f'{{"fullUrl":"urn:uuid:{row.record_id}","resource":'.encode()
    return name + body + b"," + orjson.dumps(about)[1:]


def provenance(room: Room) -> None:
    """`provenance.ndjson`: a FHIR Provenance for each version of each record and its source."""
    files: dict[UUID, File] = {}
    with room.pack.file("provenance.ndjson") as out:
        for page in pages(room, more=()):
            types = {kept.id: kept.resource_type for kept in page}
            for row in sources(room, list(types), files):
                line = _provenance(room, row, types[row.record_id], files)
                out.write(orjson.dumps(line) + b"\n")


def _provenance(room: Room, row: Source, kind: str, files: dict[UUID, File]) -> dict[str, object]:
    told = _file(row.upload_id, files[row.upload_id]) if row.upload_id else _hand(room, row)
    return {
        "resourceType": "Provenance",
        "id": str(row.id),
        "extension": [
            {"url": "urn:phr:version", "valuePositiveInt": row.version},
            *([{"url": "urn:phr:place", "valueString": row.place}] if row.place else []),
            *([{"url": "urn:phr:outcome", "valueCode": row.outcome}] if row.outcome else []),
            *([{"url": "urn:phr:scope", "valueId": str(row.scope)}] if row.scope else []),
            *(
                [{"url": "urn:phr:position", "valuePositiveInt": row.position}]
                if row.position
                else []
            ),
        ],
        "target": [{"reference": f"urn:uuid:{row.record_id}", "type": kind}],
        "recorded": written(row.recorded_at),
        **told,
    }


def _file(upload_id: UUID, file: File) -> dict[str, object]:
    what = {"identifier": _name(upload_id), "display": file.name}
    portal: dict[str, object] = {"who": {"display": settings.PHR_PORTAL_NAME}}
    return {
        "activity": {"text": "Import of a file"},
        "agent": [portal, _transmitter(file.sender)] if file.sender else [portal],
        "entity": [{"role": "source", "what": what}],
    }


def _transmitter(sender: Sender) -> dict[str, object]:
    """Who sent it in, and the facility for which; a name that nobody proved says so itself."""
    person = sender.person
    known = sender.facility or (person and person.verified)
    who = {"type": "Practitioner"} if person and known else {}
    told: dict[str, object] = {
        "type": {"coding": [TRANSMITTER]},
        "who": who | {"display": person.name if person else sender.words},
    }
    if sender.facility:
        told["onBehalfOf"] = {"type": "Organization", "display": sender.facility}
    return told


def _name(pk: UUID | None) -> dict[str, str]:
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{pk}"}


def _hand(room: Room, row: Source) -> dict[str, object]:
    """The patient wrote it herself; why, where she said so."""
    told: dict[str, object] = {
        "activity": {"text": "Entry by hand" if row.version == 1 else "Correction by hand"},
        "agent": [
            {"who": {"type": "Patient", "display": "Patient", "identifier": _name(row.by_id)}}
        ],
    }
    reason = open_reason(room.patient_id, row.record_id, row.version, row.reason_sealed)
    return told | ({"reason": [{"text": reason}]} if reason else {})
