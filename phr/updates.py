"""The same item again with other content: a new version of its record, the old one kept."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import keys
from phr.bodies import open_bytes, seal_body
from phr.elements import exactly
from phr.formats.age import age, instant
from phr.formats.resource import made
from phr.inheriting import told_of
from phr.models import Provenance, Record
from phr.past import keep_past, was_said
from phr.search import Tokeniser, scoped
from phr.sources import keep_in_force, written
from sharing.tokens import joined


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged resource whose identity is already in the record as `record_id`."""

    id: UUID
    record_id: UUID
    resource_type: str
    category: str
    effective_at: datetime
    dated: bool
    labels: list[int]
    tokens: list[int]
    digest: bytes
    body_sealed: bytes
    likeness: bytes | None
    identity: bytes | None = None
    others: bytes = b""

    @property
    def identities(self) -> set[bytes]:
        """By all its business identifiers."""
        many = bytes(self.others)
        found = {many[at : at + 32] for at in range(0, len(many), 32)}
        return found | ({bytes(self.identity)} if self.identity else set())


# What is hers of a record; how sensitive it is and what a source said last are not.
_OWN = ("category", "digest", "effective_at", "dated", "tokens", "likeness")
# A study grows by these; its ids are those of whoever keeps it.
_OF_IMAGES = frozenset((
    "series", "numberOfSeries", "numberOfInstances", "id", "meta", "text", "identifier",
))  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What publishing did; `marks` are (outcome, version, staged id) of the changed rows.

    `aside` counts what was kept beside what its patient wrote herself. `resorted`: something that was
    there is sorted or dated otherwise now, so that others may see more or less of it.
    """

    imported: int = 0
    updated: int = 0
    duplicates: int = 0
    aside: int = 0
    resorted: bool = False
    touched: list[UUID] = field(default_factory=list)
    marks: list[tuple[str, int, UUID]] = field(default_factory=list)


def update_records(patient_id: UUID, changed: list[Staged]) -> Outcome:
    """Give each record its new version, unless the newcomer says nothing new."""
    outcome = Outcome()
    for staged in changed:
        row = Record.objects.select_for_update().get(pk=staged.record_id, patient_id=patient_id)
        before = _sorted(row)
        old = open_bytes(patient_id, row.pk, row.version, bytes(row.body_sealed))
        raw = open_bytes(patient_id, staged.id, 1, bytes(staged.body_sealed))
        hand, scan = written(row), staged.resource_type == "ImagingStudy"
        if hand is not None and not scan:
            outcome.marks.append(_beside(row, staged, (old, raw), hand))
            outcome.aside += outcome.marks[-1][0] == "aside"
            outcome.resorted |= _sorted(row) != before
            continue
        said = scan and (hand is not None or was_said(row, bytes(staged.digest)))
        body = next_body(orjson.loads(old), raw, images_only=said)
        if body is None:
            outcome.marks.append(("known", row.version, staged.id))
            continue
        _new_version(row, staged, body, old)
        outcome.resorted |= _sorted(row) != before
        outcome.updated += 1
        outcome.marks.append(("changed", row.version, staged.id))
    return outcome


def _sorted(row: Record) -> tuple[Any, ...]:
    """What permissions go by, of what a file may change."""
    return row.category, {*row.labels}, row.dated and row.effective_at


def _new_version(row: Record, staged: Staged, body: bytes, old: bytes) -> None:
    keep_past(row)
    row.version += 1
    row.body_sealed = seal_body(row.patient_id, row.pk, row.version, body)
    row.category, row.digest = staged.category, bytes(staged.digest)
    row.likeness = staged.likeness
    _also_called(row, staged)
    row.effective_at, row.dated = staged.effective_at, staged.dated
    # Never less careful than before: a label the patient or an earlier file gave stays.
    row.labels = joined(row.patient_id, (*row.labels, *staged.labels))
    if staged.resource_type == "ImagingStudy":
        row.tokens = sorted({*row.tokens, *staged.tokens})
    elif staged.resource_type == "DocumentReference" and _withdrawn(body):
        # The words of its file are not in the resource, and must not find it any more.
        row.tokens = sorted({*staged.tokens})
    else:
        # Words that only an earlier version had must not find it for who may not see that; by the
        # names it had, what came before still refers to it.
        row.tokens = sorted({*staged.tokens, *names_of(row, old)})
    row.updated_at = timezone.now()
    row.save()


def _also_called(row: Record, staged: Staged) -> None:
    """Under whatever identifier it came, it is known from now on."""
    known = {bytes(one) for one in row.aliases or ()}
    own = {bytes(row.identity)} if row.identity else set()
    row.aliases = sorted((known | staged.identities) - own) or None


def _withdrawn(body: bytes) -> bool:
    return bool(orjson.loads(body).get("status") == "entered-in-error")


def _beside(
    row: Record, staged: Staged, bodies: tuple[bytes, bytes], hand: Provenance
) -> tuple[str, int, UUID]:
    """Keep what a file says as a past version; what its patient wrote herself stays in force."""
    old, new = bodies
    if was_said(row, bytes(staged.digest)):
        return "known", row.version, staged.id
    own = {name: getattr(row, name) for name in _OWN}
    _new_version(row, staged, new, old)
    aside = row.version
    keep_past(row)
    row.version += 1
    row.body_sealed = seal_body(row.patient_id, row.pk, row.version, old)
    for name, value in own.items():
        setattr(row, name, value)
    row.save()
    keep_in_force(row, hand)
    return "aside", aside, staged.id


def names_of(row: Record, old: bytes) -> set[int]:
    """The tokens of a record that are not of what it says: how others refer to it."""
    item = made(exactly(old), "")
    tokeniser = Tokeniser(keys.subkey(row.patient_id, keys.Purpose.INDEX))
    said = {*tokeniser.tokens(item.terms), *tokeniser.head(item.head), *tokeniser.codes(item.codes)}
    within = row.provenances.annotate(within=Coalesce("scope", "upload_id"))
    uploads = within.values_list("within", flat=True).distinct()
    for upload in uploads if item.visit or item.meaning.refs else ():
        told = tokeniser.links(scoped(upload, name) for name in told_of(item))
        said |= {*tokeniser.telling_of(told)}
        said |= {*tokeniser.visits([scoped(upload, item.visit)] if item.visit else [])}
    return {*row.tokens} - said


def next_body(old: dict[str, Any], raw: bytes, *, images_only: bool = False) -> bytes | None:
    """The JSON that follows `old`, or None when the newcomer adds nothing.

    A study keeps all its images; with `images_only`, or where the newcomer is older, whatever else
    it says too. Which of the versions of something else counts is settled (`phr.succession`).
    """
    new = orjson.loads(raw)
    if new.get("resourceType") != "ImagingStudy":
        return raw
    others = {} if images_only or _is_older(old, new) else _besides_images(old, new)
    return _with_instances(old, new, others)


def _is_older(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether both tell when they were last changed (meta.lastUpdated), and the new one is older."""
    before, after = map(_last_updated, (old, new))
    return before is not None and after is not None and after < before


def _last_updated(body: dict[str, Any]) -> datetime | None:
    return instant(age(body).updated)


def _besides_images(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What the newcomer says otherwise of a study than by its images.

    An image alone does not bring back what was taken back: only what tells that it is newer does.
    """
    found = {k: v for k, v in new.items() if k not in _OF_IMAGES and old.get(k) != v}
    if old.get("status") == "entered-in-error" and not _last_updated(new):
        return {}
    if found and "meta" in new:
        found["meta"] = {**old.get("meta", {}), **new["meta"]}
    return found


def _with_instances(
    old: dict[str, Any], new: dict[str, Any], others: dict[str, Any]
) -> bytes | None:
    """The study with the newcomer's images added (DICOM PS3.3: instances of series of a study).

    Where there are none, with the `others` of its elements.
    """
    known = {series["uid"]: series for series in old.get("series", [])}
    added = 0
    for series in new.get("series", []):
        mine = known.setdefault(series["uid"], {**series, "instance": []})
        uids = {instance["uid"] for instance in mine.get("instance", [])}
        fresh = [one for one in series.get("instance", []) if one["uid"] not in uids]
        mine["instance"] = [*mine.get("instance", []), *fresh]
        mine["numberOfInstances"] = len(mine["instance"])
        added += len(fresh)
    if not added:
        return orjson.dumps(old | others) if others else None
    if "status" in others:
        old["status"] = others["status"]
    old["series"] = list(known.values())
    old["numberOfSeries"] = len(known)
    old["numberOfInstances"] = sum(len(series["instance"]) for series in known.values())
    return orjson.dumps(old)
