"""What must not be wound back when `default` is restored: keys, and rights that were exercised."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class KeyEncryptionKey(models.Model):
    """One KEK this vault was ever sealed with, and a text that only that KEK opens.

    A start with another KEK fails on `check_sealed` instead of writing beside data it cannot read.
    """

    id = models.CharField(primary_key=True, max_length=32)
    check_sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)


class PatientKey(models.Model):
    """The random 256-bit root key of one patient, wrapped by a KEK."""

    patient_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kek = models.ForeignKey(KeyEncryptionKey, on_delete=models.PROTECT)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)


class LedgerEntry(models.Model):
    """A right that was exercised, so that no restored backup undoes it (DESIGN D10).

    `token` is a keyed MAC of a random id, so an entry points at a row and names nobody. It is
    emptied when no backup is left that could bring back what the entry ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    token = models.BinaryField(null=True)
    state = models.CharField(max_length=40, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="ledger_token_until_emptied",
                condition=Q(token=None, emptied_at__isnull=False)
                | Q(token__isnull=False, emptied_at=None),
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["kind", "made_at"], name="ledger_by_kind", condition=~Q(token=None)
            )
        ]


class BackupSet(models.Model):
    """One backup of a database (`default` with the files, or `vault`), and what became of it.

    `started_at` is the instant of its snapshot: what was committed later is not in it. It may hold
    what it held until `gone_at`, when the repository was *seen* to have nothing of it any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    files = models.BigIntegerField(default=0)
    files_missing = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="backup_verified_or_failed", condition=Q(verified_at=None) | Q(failed_at=None)
            ),
            models.CheckConstraint(
                name="backup_of_a_known_kind", condition=Q(kind__in=["default", "vault"])
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["kind", "expires_at"], name="backup_there", condition=Q(gone_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"BackupSet {self.pk}"


class Pulse(models.Model):
    """The vault's side of the gate (`accounts.gate`), and when backups were last expired: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    mark = models.BigIntegerField(default=0)
    locked_at = models.DateTimeField(null=True)
    restored_from = models.UUIDField(null=True)
    snapshot_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="one_pulse", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"Pulse {self.mark}"


class Certificate(models.Model):
    """What the portal confirms about one stage of an erasure, signed; it names nobody.

    `document` is the canonical JSON that the Ed25519 `signature` (RFC 8032) is over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=19)
    stage = models.PositiveSmallIntegerField()
    document = models.BinaryField()
    signature = models.BinaryField()
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reference", "stage"], name="one_certificate_a_stage")
        ]
