"""Certificates of an erasure: C1 hidden, C2 purged and unreadable, C3 the last copy gone (DESIGN D9).

A certificate is canonical JSON (RFC 8785 for the values used here: sorted keys, no spaces, text and
whole numbers only) with an Ed25519 signature (RFC 8032). It tells what was done and when, by
reference and counts, and names nobody.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils import timezone

from accounts import keys
from accounts.vault.acting import in_vault
from accounts.vault.models import Certificate

HIDDEN, UNREADABLE, GONE = 1, 2, 3
TITLES = {
    HIDDEN: "Hidden from everyone",
    UNREADABLE: "Destroyed and unreadable",
    GONE: "The last copy is gone",
}
FORMAT = "phr-erasure-certificate/1"


@cache
def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.portal_key("certificate"))


def public_key() -> str:
    """The key that certificates of this portal verify with: 32 bytes in base64."""
    return b64encode(_signer().public_key().public_bytes_raw()).decode()


def issue(reference: str, stage: int, facts: dict[str, Any]) -> None:
    """Sign and keep one stage of one erasure; a stage is certified once and never again."""
    document = orjson.dumps(
        {"title": TITLES[stage]}
        | facts
        | {
            "format": FORMAT,
            "issued_at": timezone.now().isoformat(timespec="seconds"),
            "issuer": settings.PHR_ORIGIN,
            "public_key": public_key(),
            "reference": reference,
            "stage": stage,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    with in_vault():
        Certificate.objects.get_or_create(
            reference=reference,
            stage=stage,
            defaults={"document": document, "signature": _signer().sign(document)},
        )


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate as anybody who holds the reference may read it."""

    stage: int
    facts: dict[str, Any]
    document: bytes
    signature: str
    genuine: bool

    @property
    def title(self) -> str:
        return str(self.facts["title"])

    @property
    def issued_at(self) -> datetime:
        return datetime.fromisoformat(self.facts["issued_at"])

    @property
    def hidden_at(self) -> datetime:
        return datetime.fromisoformat(self.facts["hidden_at"])

    @property
    def done(self) -> list[tuple[str, datetime]]:
        """What had been done by then, and when."""
        return [(one["what"], datetime.fromisoformat(one["at"])) for one in self.facts["done"]]

    @property
    def file(self) -> bytes:
        """The certificate as a file that `manage.py verify_certificate` reads."""
        text = {"document": b64encode(self.document).decode(), "signature": self.signature}
        return orjson.dumps(text, option=orjson.OPT_INDENT_2)


def issued(reference: str) -> list[Issued]:
    """Every certificate of one erasure, the first stage first."""
    with in_vault():
        rows = list(Certificate.objects.filter(reference=reference).order_by("stage"))
    return [_issued(row) for row in rows]


def _issued(row: Certificate) -> Issued:
    document, signature = bytes(row.document), b64encode(bytes(row.signature)).decode()
    facts = orjson.loads(document)
    # A genuine certificate of something else proves nothing here.
    its_own = (facts["reference"], facts["stage"]) == (row.reference, row.stage)
    return Issued(row.stage, facts, document, signature, its_own and verify(document, signature))


def verify(document: bytes, signature: str) -> bool:
    """Whether this portal signed exactly this document."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key()))
    try:
        key.verify(b64decode(signature, validate=True), document)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_file(content: bytes) -> tuple[bytes, str]:
    """The document and the signature in a certificate's file. Raises ValueError for another file."""
    try:
        text = orjson.loads(content)
        return b64decode(text["document"], validate=True), str(text["signature"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("This is not a certificate's file.") from error
