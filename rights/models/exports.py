"""Exports (GDPR Art. 15 and 20): everything that is kept about a patient, in one file for her."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ExportQuerySet(models.QuerySet["Export"]):
    def running(self) -> "ExportQuerySet":
        """Asked for, not at an end and not called off."""
        return self.filter(finished_at=None, failed_at=None, expires_at=None)

    def due(self) -> "ExportQuerySet":
        """Running, and in no worker's hands."""
        return self.running().filter(Q(lease_until=None) | Q(lease_until__lte=Now()))

    def over(self) -> "ExportQuerySet":
        """Past its day, called off or failed, and not destroyed yet."""
        return self.filter(destroyed_at=None, expires_at__lte=Now())


class Export(models.Model):
    """One archive of a patient: asked for, built by a worker, kept for some days, destroyed.

    `choice_sealed` is the part she asked for (`rights.archive.choice`), null for everything.

    `done` of `total` steps tell how far it is. `binary_id` names the encrypted file, `sha256` and
    `size` (bytes) are those of the archive itself. `epoch` is the patient's access epoch and
    `erasures` the number of her erasures when the work began: a later erasure makes it outdated.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient_id = models.UUIDField()
    epoch = models.BigIntegerField(default=0)
    erasures = models.PositiveIntegerField(default=0)
    choice_sealed = models.BinaryField(null=True)
    requested_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    binary_id = models.UUIDField(null=True, unique=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.BinaryField(null=True)
    expires_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient_id"],
                name="one_export_at_a_time",
                condition=Q(finished_at=None, failed_at=None, expires_at=None),
            ),
            models.CheckConstraint(
                name="export_finished_or_failed",
                condition=Q(finished_at=None) | Q(failed_at=None),
            ),
            models.CheckConstraint(
                name="export_finished_is_whole",
                condition=Q(finished_at=None)
                | Q(sha256__isnull=False, size__isnull=False, expires_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient_id", "-requested_at"], name="export_by_patient"),
            models.Index(fields=["expires_at"], name="export_over", condition=Q(destroyed_at=None)),
        ]

    def __str__(self) -> str:
        return f"Export {self.pk}"
