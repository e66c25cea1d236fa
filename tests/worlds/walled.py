"""Alice's record with a row in every walled table, and bob's permission for a part of it."""

from dataclasses import dataclass, replace
from uuid import UUID

from accounts.acting import acting_as
from phr.models import Binary, Record, Renewal
from phr.tags import new_word
from rights.regimes import Jurisdiction, Right
from rights.services import holds
from rights.services.cases import open_case
from rights.services.erasures import erase_record
from rights.services.exports import request_export
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from tests.cast import IMPORTER, PURGER, Cast
from tests.raw import owner
from tests.worlds import by_code
from tests.worlds.held import hold, una
from tests.worlds.kept import keep, with_file, with_past
from tests.worlds.waiting import wait_for_alice

CONTENT = [
    "phr_record", "phr_recordversion", "phr_recordfile", "phr_provenance", "phr_binary",
]  # fmt: skip
HAND_OVER = """
    INSERT INTO sharing_handover (id, patient_id, named_by_id, email, lookup, ends_at)
    VALUES (gen_random_uuid(), %s, %s, '', 'x', now())
"""
NARROW = Scope(
    (Category.LABORATORY, Category.IMAGING),
    (Sensitivity.N, Sensitivity.PSY),
    may_copy=False,
    ends_at=None,
)


@dataclass
class Kept:
    """Alice's records: what bob's permission covers and what it does not; one of carol's."""

    cast: Cast
    covered: list[Record]
    files: list[Binary]
    others: list[Record]
    carols: Record
    grant_id: UUID


def kept_for(cast: Cast) -> Kept:
    """Commits: others look at it through connections of their own."""
    alice, tests, scans = cast.alice_id, Category.LABORATORY, Category.IMAGING
    covered = [
        keep(alice),
        keep(alice, category=scans),
        keep(alice, labels=[Sensitivity.PSY]),
        keep(alice, labels=[Sensitivity.N, Sensitivity.PSY]),
    ]
    erased = keep(alice)
    others = [
        keep(alice, category=Category.DOCUMENTS),
        keep(alice, labels=[Sensitivity.HIV]),
        keep(alice, labels=[Sensitivity.PSY, Sensitivity.HIV]),
        keep(alice, category=tests, labels=[Sensitivity.UNCLASSIFIED]),
        keep(alice, hidden=True),
        keep(alice, never_shared=True),
        erased,
    ]
    carols = keep(cast.carol_id)
    files = [with_file(row, b"scan") for row in covered[:2]]
    for row in [*others, carols]:
        with_file(row, b"other")
    for row in [*covered, *others, carols]:
        with_past(row)
    _acted_on(cast, covered[0], erased)
    grant_id = cast.share(
        replace(NARROW, inward_categories=NARROW.categories, inward_labels=NARROW.labels)
    )
    wait_for_alice(cast)
    handed_over(cast)
    return Kept(cast, covered, files, others, carols, grant_id)


def _acted_on(cast: Cast, held: Record, erased: Record) -> None:
    erase_record(cast.alice, erased.pk)
    for actor in (cast.alice, cast.carol):
        open_case(actor, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="Please")
    request_export(cast.alice)
    with acting_as(IMPORTER, about=cast.alice_id):
        new_word(cast.alice_id, 1, "diet")
        Renewal.objects.create(patient_id=cast.alice_id)
    hold(cast, una(), held)
    by_code.over(cast, NARROW)
    holds.rehome(PURGER, cast.alice_id)


def handed_over(cast: Cast) -> None:
    with owner() as opened:
        opened.execute(HAND_OVER, [cast.alice_id, cast.sam.user_id])


def walled_for_web() -> list[str]:
    """The tables that tell of patients and that pages ask."""
    return [*CONTENT, "accounts_patient", "accounts_auditevent", "phr_upload", "sharing_grant",
            "rights_erasure", "rights_hold"]  # fmt: skip
