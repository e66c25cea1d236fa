"""What is counted for billing a facility, and nothing that says whose record it was (S20 to S22)."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models import User
from sharing.models.facilities import Organization


class Usage(models.Model):
    """One use of what is shared with a facility: what, when, by whom, and an opaque reference.

    `reference` is keyed with the facility's own key: its first 8 bytes are the facility's, the
    other 24 are those of what was used. Without the key it resolves to nothing.
    """

    id = models.BigAutoField(primary_key=True)
    action = models.CharField(max_length=12)
    at = models.DateTimeField(db_default=Now())
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reference = models.BinaryField(max_length=32)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["reference"], name="usage_by_reference")]

    def __str__(self) -> str:
        return f"Usage {self.pk}"


class UsageKey(models.Model):
    """The key of one facility's references, sealed with a secret outside the database.

    Deleted when the facility closes: from then on its references mean nothing to anybody.
    """

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    key_sealed = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"UsageKey {self.pk}"
