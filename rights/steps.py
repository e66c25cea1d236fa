"""The steps of an erasure, in order: each makes something absent and may be run again (DESIGN D9)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from accounts import keys, leaving, ledger
from accounts.acting import acting_as
from accounts.actors import Actor
from phr.services import removal, undoing
from rights import certificates, left, vacuum
from rights.models import Erasure
from rights.models.erasures import PART, Scope
from rights.services import backups, cases, exports, holds
from sharing import leaving as shares

MAIL_PATIENCE = timedelta(minutes=10)
SOON = timedelta(seconds=15)
LATER = timedelta(minutes=10)
WHOLE = frozenset({Scope.RECORD, Scope.ACCOUNT})


class Wait(Exception):
    """The step cannot be done before something else has happened; look again at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("not yet")
        self.until = until


class LeftOver(Exception):
    """Something came in while the purge was going on: it must be gone through once more."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `words` say what is gone once it is done."""

    name: str
    words: str
    scopes: frozenset[Scope]
    work: Callable[[Actor, Erasure], None]


def _window(actor: Actor, erasure: Erasure) -> None:
    """From here on nothing can be undone: under the row's lock, by the database's clock."""
    with acting_as(actor):
        row = Erasure.objects.select_for_update().get(pk=erasure.pk)
        over = Erasure.objects.filter(pk=row.pk, purge_after__lte=Now(), undone_at=None).exists()
        if not over:
            raise Wait(max(row.purge_after, timezone.now() + SOON))
        row.steps.setdefault("window", timezone.now().isoformat(timespec="seconds"))
        row.save(update_fields=["steps"])


def _of_patient(act: Callable[[Actor, UUID], object]) -> Callable[[Actor, Erasure], None]:
    """A step about the patient alone; an account may have none."""

    def work(actor: Actor, erasure: Erasure) -> None:
        if erasure.patient_id:
            act(actor, erasure.patient_id)

    return work


def _item(actor: Actor, erasure: Erasure) -> None:
    if erasure.patient_id and erasure.record_id:
        holds.rehome_record(actor, erasure.patient_id, erasure.record_id)
        removal.purge_record(actor, erasure.patient_id, erasure.record_id)


def _import(actor: Actor, erasure: Erasure) -> None:
    if not (erasure.patient_id and erasure.upload_id):
        return
    if undoing.rests(actor, erasure.patient_id):
        # What stays goes back to an earlier version, and a restricted record does not change.
        raise Wait(timezone.now() + LATER)
    holds.rehome_import(actor, erasure.patient_id, erasure.upload_id)
    undoing.purge_import(actor, erasure.patient_id, erasure.upload_id)


def _cases(actor: Actor, erasure: Erasure) -> None:
    if erasure.patient_id:
        cases.forget_patient(actor, erasure.patient_id)
    if erasure.user_id and erasure.scope == Scope.ACCOUNT:
        cases.forget_user(actor, erasure.user_id)


def _mail(actor: Actor, erasure: Erasure) -> None:
    if erasure.user_id is None:
        return
    young = erasure.hidden_at > timezone.now() - MAIL_PATIENCE
    if young and leaving.awaits_mail(actor, erasure.user_id):
        raise Wait(timezone.now() + SOON)
    leaving.forget_mails(actor, erasure.user_id)


def _account(actor: Actor, erasure: Erasure) -> None:
    if erasure.user_id:
        cases.forget_user(actor, erasure.user_id)
        shares.leave_others(actor, erasure.user_id)
        leaving.forget_user(actor, erasure.user_id)


def _key(_actor: Actor, erasure: Erasure) -> None:
    if erasure.patient_id:
        keys.destroy_patient_key(erasure.patient_id)


def _verify(actor: Actor, erasure: Erasure) -> None:
    if found := left.anything(actor, erasure):
        raise LeftOver(", ".join(found))


def _vacuum(_actor: Actor, _erasure: Erasure) -> None:
    if not vacuum.vacuum():
        raise Wait(timezone.now() + SOON)


def _absent_from(kind: str) -> Callable[[Actor, Erasure], None]:
    """A backup counts as gone only when the repository was seen to have nothing of it any more."""

    def wait(_actor: Actor, erasure: Erasure) -> None:
        if backups.exposures(erasure.purged_at or timezone.now(), kind):
            raise Wait(timezone.now() + LATER)

    return wait


def _ledger(_actor: Actor, erasure: Erasure) -> None:
    ledger.empty_entry(erasure.pk)


def _certified(stage: int) -> Callable[[Actor, Erasure], None]:
    def certify(actor: Actor, erasure: Erasure) -> None:
        kept = [one.certified for one in holds.left_out(actor, erasure.reference)]
        said = facts(erasure) | {"kept": kept}
        if erasure.scope in PART and stage == certificates.UNREADABLE:
            # The key of the record stays, so a backup of the item can still be read.
            said["title"] = "Destroyed here"
        certificates.issue(erasure.reference, stage, said)

    return certify


def facts(erasure: Erasure) -> dict[str, Any]:
    """What a certificate says of this erasure so far: dates and counts, and nothing that identifies."""
    done = [step for step in STEPS if erasure.done(step.name)]
    return {
        "scope": Scope(erasure.scope).label,
        "items_by_category": erasure.planned,
        "hidden_at": _second(erasure.hidden_at),
        "purge_after": _second(erasure.purge_after),
        "done": [{"what": step.words, "at": erasure.steps[step.name]} for step in done],
    }


def _second(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


ITEM, IMPORT, ACCOUNT = (frozenset({one}) for one in (Scope.ITEM, Scope.IMPORT, Scope.ACCOUNT))
EVERY = WHOLE | PART
STEPS = (
    Step("hidden", "Hidden from everyone", EVERY, _certified(certificates.HIDDEN)),
    Step("window", "The time in which it could be undone", WHOLE, _window),
    Step("exports", "Archives made for you", WHOLE, _of_patient(exports.destroy_exports)),
    Step("holds", "Items that the law makes us keep, set apart", WHOLE, _of_patient(holds.rehome)),
    Step("item", "The item, its versions and its files", ITEM, _item),
    Step("import", "What came with the file alone, and the file", IMPORT, _import),
    Step("files", "Files and pictures", WHOLE, _of_patient(removal.purge_files)),
    Step("records", "Items of the record", WHOLE, _of_patient(removal.purge_rows)),
    Step("sharing", "Permissions you gave", WHOLE, _of_patient(shares.forget_patient)),
    Step("cases", "What tied messages with the rights desk to the record", WHOLE, _cases),
    Step("mail", "Emails waiting to be sent", ACCOUNT, _mail),
    Step("patient", "Your name", WHOLE, _of_patient(leaving.forget_patient)),
    Step("account", "Your account, addresses and devices", ACCOUNT, _account),
    Step("key", "The key that opens your record", WHOLE, _key),
    Step("verify", "A search for anything left", WHOLE, _verify),
    Step("vacuum", "Space where it stood, cleared for new rows", WHOLE, _vacuum),
    Step("key_backups", "Backups of the key", WHOLE, _absent_from("vault")),
    Step("unreadable", "Destroyed here", EVERY, _certified(certificates.UNREADABLE)),
    Step("backups", "Backups of the record", EVERY, _absent_from("default")),
    Step("gone", "The last copy is gone", EVERY, _certified(certificates.GONE)),
    Step("ledger", "The note that keeps a restored backup from bringing it back", EVERY, _ledger),
)
# What is gone through again when something came in meanwhile.
PURGE = ("exports", "holds", "files", "records", "sharing", "cases", "patient", "account", "key")


def steps_of(scope: str) -> list[Step]:
    return [step for step in STEPS if scope in step.scopes]


def again(actor: Actor, erasure: Erasure) -> None:
    """Forget that the purge was done."""
    with acting_as(actor):
        rest = {name: done for name, done in erasure.steps.items() if name not in PURGE}
        # Whoever comes too late to say so leaves one that is at its end alone.
        row = Erasure.objects.filter(pk=erasure.pk, finished_at=None)
        row.update(steps=rest, due_at=timezone.now() + SOON)
