"""The search for anything left of an erased person: every table that can name her, by its own columns.

It goes by what tables there are, not by what the steps of an erasure did.
"""

from collections.abc import Iterator
from uuid import UUID

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db.models import ForeignKey, Model, UUIDField

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent, LicenceCheck, Patient, Practitioner, User
from phr.deliveries import Delivery, Remark
from phr.models import Provenance, Upload
from rights.models import Erasure, HeldFile, HeldItem, Hold
from rights.models.erasures import Scope
from sharing.models import Attestation, EmergencyAccess, Grant, Handover, Organization

# Tables that may go on naming an id after it means nothing any more, each with its reason.
KEPT: dict[type[Model], str] = {
    AuditEvent: "the log only grows; without a row behind it an id is a number",
    Erasure: "says which ids are still to go; emptied with the last copy",
    Hold: "why something is kept (GDPR Art. 17(3)); emptied when nothing is kept for it any more",
    HeldFile: "kept under the hold's own key; destroyed when the hold is released",
    HeldItem: "kept under the hold's own key; destroyed when the hold is released",
}
# Rows of others that go on naming an account by its number, each with its reason. Nothing is left
# of it then but an empty shell (accounts.leaving.forget_user); what is not here has to be gone.
SHELL: dict[type[Model], str] = {
    User: "the empty shell itself",
    Practitioner: "who opened somebody's record, and which staff verified whom",
    LicenceCheck: "which staff looked a licence up that is still needed",
    LogEntry: "what staff did",
    Organization: "who registered a facility, and which two of staff found it to be what it says",
    Grant: "a patient's receipt",
    Attestation: "a patient's proof of what was answered to her",
    Handover: "who handed a record over to whom it is about; deleted a month after its end",
    EmergencyAccess: "a patient's proof of who opened her record, and of what staff found",
    Delivery: "who sent a patient a file",
    Remark: "who wrote beside a patient's record; deleted soon after the permission ends",
    Upload: "who put a file in for the patient she acted for",
    Provenance: "where an item of a patient's record comes from",
}

# Columns that may name her by that shell in tables that otherwise have to be gone, and the reason.
SHELL_COLUMNS = {
    "accounts_patient.opened_by_id": "who opened a record that a restored backup brought back after it"
    " was handed over: it is not hers, and nobody keeps it",
}


def anything(actor: Actor, erasure: Erasure) -> list[str]:
    """The tables that still hold something; empty when nothing is left."""
    found = []
    if erasure.patient_id:
        found += _of_patient(actor, erasure.patient_id)
    if erasure.user_id and erasure.scope == Scope.ACCOUNT:
        found += _of_user(actor, erasure.user_id)
    return found


def _of_patient(actor: Actor, patient_id: UUID) -> list[str]:
    with acting_as(actor, about=patient_id):
        found = list(_tables(Patient, patient_id))
    return [*found, "the key"] if keys.has_key(patient_id) else found


def _of_user(actor: Actor, user_id: UUID) -> list[str]:
    with acting_as(actor):
        return [name for name in _tables(User, user_id) if name not in _shell_tables()]


def _shell_tables() -> set[str]:
    return {model._meta.db_table for model in SHELL}  # noqa: SLF001 - a documented API of Django


def _tables(about: type[Model], pk: UUID) -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        if model in KEPT or model._meta.app_label == "vault":  # noqa: SLF001
            continue
        for field in model._meta.concrete_fields:  # noqa: SLF001
            if f"{model._meta.db_table}.{field.attname}" in SHELL_COLUMNS:  # noqa: SLF001
                continue
            named = _names(field, about) or (model is about and field.primary_key)
            if named and model._base_manager.filter(**{field.attname: pk}).exists():  # noqa: SLF001
                yield model._meta.db_table  # noqa: SLF001


def _names(field: object, about: type[Model]) -> bool:
    # A plain number is looked for under whatever name: no two things have the same.
    if isinstance(field, ForeignKey):
        return field.related_model is about
    return isinstance(field, UUIDField) and not field.primary_key
