"""SMART Health Links: the address and the files, as the specification writes them.

Source: SMART Health Links Protocol, version 1 (docs.smarthealthit.org/smart-health-links/spec; HL7
SMART Health Cards and Links 1.0.0); JWE as RFC 7516 and 7518.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from joserfc import jwe
from joserfc.jwk import OctKey

VERSION = 1
# Characters of a label, and of a manifest's address.
LONGEST_LABEL = 80
LONGEST_URL = 128
SECRET_BYTES = 32
FHIR = "application/fhir+json"


def said(raw: bytes) -> str:
    """base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """The bytes that `said` wrote. Raises ValueError for anything else."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # Decoding skips what it does not know: one secret would have as many addresses as anybody likes.
    if said(raw) != text:
        raise ValueError("not base64url as it is written")
    return raw


def link(
    url: str, key: bytes, *, ends_at: datetime | None, label: str, passcode: bool, lasting: bool
) -> str:
    """The `shlink:/` address: payload members `url`, `key`, `exp`, `flag`, `label`, `v`.

    `lasting` sets the flag L, `passcode` the flag P. Raises ValueError for what the specification
    does not allow: another length of the key, too long an address or label.
    """
    if len(key) != SECRET_BYTES or len(url) > LONGEST_URL or len(label) > LONGEST_LABEL:
        raise ValueError("not a SMART Health Link")
    flag = "L" * lasting + "P" * passcode
    payload: dict[str, object] = {"url": url, "key": said(key), "label": label, "v": VERSION}
    if flag:
        payload["flag"] = flag
    if ends_at:
        payload["exp"] = int(ends_at.timestamp())
    return "shlink:/" + said(json.dumps(payload, separators=(",", ":")).encode())


def encrypted(content: bytes, key: bytes, *, content_type: str = FHIR) -> str:
    """One file as compact JWE: `alg` dir, `enc` A256GCM, `cty` what it is; a fresh nonce each."""
    header = {"alg": "dir", "enc": "A256GCM", "cty": content_type}
    return jwe.encrypt_compact(header, content, OctKey.import_key(key))
