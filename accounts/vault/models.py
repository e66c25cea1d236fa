import uuid

from django.db import models


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
