"""The body of a record: FHIR R4 JSON as received, compressed and sealed to its place."""

import zlib
from typing import Any
from uuid import UUID

import orjson

from accounts import keys


def _place(record_id: UUID, version: int) -> str:
    return f"phr_record/{record_id}/body/{version}"


def seal_body(patient_id: UUID, record_id: UUID, version: int, body: bytes) -> bytes:
    """Compress and seal the JSON of one version of one record."""
    place = _place(record_id, version)
    return keys.seal(patient_id, keys.Purpose.BODY, place, zlib.compress(body, 1))


def open_bytes(patient_id: UUID, record_id: UUID, version: int, sealed: bytes) -> bytes:
    """The JSON as received. Raises `Unopenable` when the ciphertext belongs elsewhere."""
    place = _place(record_id, version)
    return zlib.decompress(keys.unseal(patient_id, keys.Purpose.BODY, place, sealed))


def open_body(patient_id: UUID, record_id: UUID, version: int, sealed: bytes) -> dict[str, Any]:
    """The FHIR R4 resource. Raises `Unopenable` when the ciphertext belongs elsewhere."""
    resource: dict[str, Any] = orjson.loads(open_bytes(patient_id, record_id, version, sealed))
    return resource
