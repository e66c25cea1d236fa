"""Erasures (GDPR Art. 17): what is to go, and how far it has gone."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Patient


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def due(self) -> "ErasureQuerySet":
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=Now()), purged_at=None)


class Erasure(models.Model):
    """The erasure of one record (GDPR Art. 17): hidden when asked for, purged by a worker.

    Keeps ids and times alone, so it may outlive what it erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="erasures")
    record_id = models.UUIDField(unique=True)
    hidden_at = models.DateTimeField(db_default=Now())
    purged_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["hidden_at"], name="erasure_due", condition=Q(purged_at=None))
        ]

    def __str__(self) -> str:
        return f"Erasure {self.pk}"
