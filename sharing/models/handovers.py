"""Records on their way to whom they are about."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models import Patient, User


class Handover(models.Model):
    """That who opened a record for somebody hands it over to the owner of an address.

    `lookup` is the keyed hash of what stands in the link that was mailed there; nobody can make the
    link from it. `email` is emptied once the record is claimed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    named_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField(blank=True)
    lookup = models.BinaryField(unique=True)
    made_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient"], name="handover_by_patient")]

    def __str__(self) -> str:
        return f"Handover {self.pk}"
