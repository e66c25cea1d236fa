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
