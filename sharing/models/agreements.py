"""The agreements by which facilities are bound."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from sharing.models.facilities import Organization


class AgreementKind(models.TextChoices):
    """By what a facility is bound to protect what is shared with it."""

    BAA = "baa", "Business associate agreement (HIPAA)"
    DEVELOPER = "developer", "Developer policies"
    PROCESSING = "processing", "Data processing agreement (GDPR Art. 28)"


class Agreement(models.Model):
    """An agreement with a facility, with its document (PDF). Patients see it before they share.

    `confirmed_at` is when our staff had read it. Nothing in it is about a patient.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="agreements"
    )
    kind = models.CharField(max_length=10, choices=AgreementKind)
    version = models.CharField(max_length=40)
    signed_on = models.DateField()
    ends_on = models.DateField(null=True)
    document = models.BinaryField()
    confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    @property
    def over(self) -> bool:
        """Whether its last day has passed."""
        return self.ends_on is not None and self.ends_on < timezone.now().date()

    @property
    def binding(self) -> bool:
        """Whether the portal may say that the facility is bound by it: read by staff, and in force."""
        return self.confirmed_at is not None and not self.over

    def __str__(self) -> str:
        return f"Agreement {self.pk}"
