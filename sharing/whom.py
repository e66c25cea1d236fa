"""Who a shared record is about, for whoever may see some of it: two patients may have one name.

Whoever may see anything sees the name and a mark, which says nothing but tells two apart. The birth
date she told counts as an item of the type Patient, ordinary and without a date: who may see such an
item sees it too (docs/who-may-see-what.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

from accounts import services as accounts
from accounts.models import Patient
from sharing.categories import category_of
from sharing.labels import Sensitivity
from sharing.models import Grant
from sharing.policy import covers
from sharing.tokens import label_tokens

# Without letters that are taken for digits, or that make words.
_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 4
_PATIENT = "Patient"
_NOBODY, _NEVER = UUID(int=0), datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Whom:
    """A patient as somebody else sees her; `born` where that is shared."""

    name: str
    mark: str
    born: date | None


@dataclass(slots=True)
class _Told:
    """What she told about herself, as the rule would judge a record of it."""

    patient_id: UUID
    labels: list[int]
    resource_type: str = _PATIENT
    category: str = category_of({"resourceType": _PATIENT}).value
    pk: UUID = _NOBODY
    effective_at: datetime = _NEVER
    dated: bool = False
    tags: list[int] = field(default_factory=list)
    never_shared: bool = False
    hidden_at: None = None


def whom(patient: Patient, grants: Iterable[Grant]) -> Whom:
    """The patient as these permissions of hers show her, for somebody the policy let through."""
    told = _Told(patient.pk, [label_tokens(patient.pk)[Sensitivity.N]])
    born = accounts.born_of(patient) if any(covers(grant, told) for grant in grants) else None
    return Whom(accounts.name_of(patient), mark_of(patient.pk), born)


def mark_of(patient_id: UUID) -> str:
    """Four letters and digits, the same for everybody who may see something of hers."""
    number = int.from_bytes(sha256(patient_id.bytes).digest()[:8], "big")
    return "".join(_LETTERS[number // len(_LETTERS) ** at % len(_LETTERS)] for at in range(_LENGTH))
