"""What whoever held a permission says of the copies that were taken under it."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Patient, User
from sharing.models.facilities import Organization
from sharing.models.grants import Grant


class Answer(models.TextChoices):
    """What became of the copies."""

    DESTROYED = "destroyed", "All copies are destroyed"
    NONE_KEPT = "none-kept", "No copy was kept"
    CANNOT = "cannot", "The copies cannot be destroyed"


class Reason(models.TextChoices):
    """Why copies cannot be destroyed (as the exceptions of GDPR Art. 17(3))."""

    LAW = "law", "A law makes us keep them"
    CARE = "care", "They are part of our own record of the care"
    CLAIM = "claim", "They are needed for a legal claim"
    BACKUP = "backup", "They are in backups that run out by themselves"
    OTHER = "other", "Another reason"


class Attestation(models.Model):
    """That copies were asked to be destroyed when a permission was taken back, and the answer.

    Made with the revocation itself where something had been copied. Who held it answers: `grantee`,
    or the administrators of `organization`. `name_sealed` is the patient's name, which the holder
    can no longer read elsewhere; `words_sealed` is what the holder adds. Both under her key.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="attestation")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    grantee = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+"
    )
    name_sealed = models.BinaryField()
    asked_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    overdue_told_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    reason = models.CharField(max_length=8, choices=Reason, blank=True)
    words_sealed = models.BinaryField(null=True)
    answered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="attestation_is_answered_as_a_whole",
                condition=Q(answer="", answered_at=None, answered_by=None)
                | (~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="attestation_says_why_not",
                condition=Q(answer="cannot") & ~Q(reason="") | ~Q(answer="cannot") & Q(reason=""),
            ),
            models.CheckConstraint(
                name="attestation_has_one_to_ask",
                condition=Q(grantee=None, organization__isnull=False)
                | Q(grantee__isnull=False, organization=None),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["grantee"], name="attestation_by_grantee"),
            models.Index(fields=["organization"], name="attestation_by_organization"),
            models.Index(fields=["patient"], name="attestation_by_patient"),
            models.Index(
                fields=["due_at"],
                name="attestation_due",
                condition=Q(answered_at=None, overdue_told_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Attestation {self.pk}"
