"""Reads bytes with the format's own module, in this process: for tests of what it says."""

import json
from io import BytesIO
from typing import Any

from phr.formats import detect
from phr.formats.parsed import Limits, Output, Parsed, Refused

Json = dict[str, Any]


def read(data: bytes | Json, name: str = "", *, limits: Limits | None = None) -> list[Output]:
    """Everything in the file, in its order. Raises Refused."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    module = detect(raw[:4096], name)
    module.warm()
    return list(module.read(BytesIO(raw).read, limits or Limits(), name))


def kept(data: bytes | Json, name: str = "") -> list[Parsed]:
    """Only the resources."""
    return [each for each in read(data, name) if isinstance(each, Parsed)]


def refusal(data: bytes | Json, name: str = "", *, limits: Limits | None = None) -> str:
    """The sentence the file is refused with; fails when it is taken."""
    try:
        found = read(data, name, limits=limits)
    except Refused as refused:
        return refused.sentence
    raise AssertionError(f"taken: {found}")


def observation(**changes: Any) -> Json:
    """A valid Observation; `changes` by element, None removes."""
    found = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
    }
    return {k: v for k, v in (found | changes).items() if v is not None}


def bundle(*resources: Json, **changes: Any) -> Json:
    """A collection Bundle."""
    entry = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entry} | changes
