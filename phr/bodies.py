"""The body of a record: FHIR R4 JSON as received, compressed and sealed to its place."""

import zlib
from typing import Any
from uuid import UUID

import orjson

from accounts import keys

# Most bodies are short: the tables of zlib's own sizes (256 kB) take longer to clear than to use.
_SHORT = 16_384
_WINDOW_OF_SHORT, _MEMORY_OF_SHORT = 12, 5


def _place(record_id: UUID, version: int) -> str:
    return f"phr_record/{record_id}/body/{version}"


def seal_body(patient_id: UUID, record_id: UUID, version: int, body: bytes) -> bytes:
    """Compress and seal the JSON of one version of one record."""
    return Bodies(patient_id).seal(record_id, version, body)


class Bodies:
    """Seals and opens many bodies of one patient."""

    def __init__(self, patient_id: UUID) -> None:
        self._sealing = keys.Sealing(patient_id, keys.Purpose.BODY)
        self._opening = keys.Opening(patient_id, keys.Purpose.BODY)

    def seal(self, record_id: UUID, version: int, body: bytes) -> bytes:
        """The same as `seal_body`."""
        return self._sealing.seal(_place(record_id, version), _compressed(body))

    def open(self, record_id: UUID, version: int, sealed: bytes) -> bytes:
        """The same as `open_bytes`."""
        return zlib.decompress(self._opening.open(_place(record_id, version), sealed))


def _compressed(body: bytes) -> bytes:
    if len(body) > _SHORT:
        return zlib.compress(body, 1)
    packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_OF_SHORT, _MEMORY_OF_SHORT)
    return packer.compress(body) + packer.flush()


def open_bytes(patient_id: UUID, record_id: UUID, version: int, sealed: bytes) -> bytes:
    """The JSON as received. Raises `Unopenable` when the ciphertext belongs elsewhere."""
    place = _place(record_id, version)
    return zlib.decompress(keys.unseal(patient_id, keys.Purpose.BODY, place, sealed))


def open_body(patient_id: UUID, record_id: UUID, version: int, sealed: bytes) -> dict[str, Any]:
    """The FHIR R4 resource. Raises `Unopenable` when the ciphertext belongs elsewhere."""
    resource: dict[str, Any] = orjson.loads(open_bytes(patient_id, record_id, version, sealed))
    return resource
