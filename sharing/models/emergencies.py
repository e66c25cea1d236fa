"""What a patient lets be opened in an emergency, and each time that it was."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Patient, User
from sharing.models.facilities import Organization
from sharing.models.grants import Grant


class EmergencyPlan(models.Model):
    """What may be opened in an emergency with the code on a patient's card, while it is armed.

    `lookup` is a keyed hash of the code; the code itself is sealed for her to print the card again.
    `card` numbers the code: a new one ends the earlier card.
    """

    patient = models.OneToOneField(
        Patient, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    armed_at = models.DateTimeField(null=True)
    card = models.UUIDField(default=uuid.uuid4)
    categories = ArrayField(models.CharField(max_length=20))
    labels = ArrayField(models.BigIntegerField())
    lookup = models.BinaryField(unique=True)
    code_sealed = models.BinaryField()
    names_her = models.BooleanField()
    says_birth_date = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="plan_covers_something",
                condition=Q(categories__len__gt=0, labels__len__gt=0),
            )
        ]

    def __str__(self) -> str:
        return f"EmergencyPlan {self.pk}"


class Outcome(models.TextChoices):
    """What staff found when they looked at an emergency access."""

    PROPER = "proper", "It was an emergency"
    MISUSE = "misuse", "It was not"


class EmergencyAccess(models.Model):
    """That somebody opened a record in an emergency, for staff to look at (a review item).

    `reason_sealed` is what she typed, under the patient's key. Made by the database itself together
    with its permission.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    reason_sealed = models.BinaryField()
    opened_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)

    class Meta:
        verbose_name_plural = "emergency accesses"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="emergency_closed_with_an_outcome",
                condition=Q(closed_at=None, closed_by=None, outcome="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(outcome=""),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient"], name="emergency_by_patient"),
            models.Index(fields=["person", "-opened_at"], name="emergency_by_person"),
            models.Index(fields=["organization", "-opened_at"], name="emergency_by_organization"),
        ]

    def __str__(self) -> str:
        return f"EmergencyAccess {self.pk}"
