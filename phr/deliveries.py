"""What others send in, and what they write beside a permission: facts and their constraints."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Patient, User
from sharing.models import Grant, Organization


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> "DeliveryQuerySet":
        """Arrived whole, and not answered."""
        return self.filter(
            received_at__isnull=False, accepted_at=None, refused_at=None,
            expired_at=None, unreadable_at=None,
        )  # fmt: skip


class Delivery(models.Model):
    """A file that somebody else sent in under a permission to do so; in quarantine until answered.

    Its `id` is that of the `Upload` and of the `Binary` it came as, which go when it is refused; what
    it was called and who sent it stay here. `sender` is who was signed in, `organization` the
    facility whose permission it was; who came by a drop-box link says in `named_sealed` who she is.
    Without a `grant` nobody asked for it, and its patient chose to keep such files apart.
    `outside_too` is the patient's word that also what she had not asked for is to be added.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="deliveries")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="deliveries")
    sender = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+"
    )
    named_sealed = models.BinaryField(null=True)
    file_name_sealed = models.BinaryField()
    outside_too = models.BooleanField(db_default=False, default=False)
    begun_at = models.DateTimeField(db_default=Now())
    received_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    unreadable_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="delivery_is_answered_once",
                condition=Q(accepted_at=None) | Q(refused_at=None, expired_at=None),
            ),
            models.CheckConstraint(
                name="delivery_is_answered_when_it_is_here",
                condition=Q(received_at__isnull=False) | Q(accepted_at=None),
            ),
            models.CheckConstraint(
                name="unasked_delivery_says_who_sent_it",
                condition=Q(grant__isnull=False) | Q(sender__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-begun_at"], name="delivery_by_patient"),
            models.Index(fields=["sender", "-begun_at"], name="delivery_by_sender"),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk}"


class Remark(models.Model):
    """What who holds a permission writes beside it, for as long as it stands; sealed for the patient.

    A note is read by who holds the permission and by the patient; a correction asks her to correct
    one item (`record`, by its id), and she answers.
    """

    class Kind(models.TextChoices):
        CORRECTION = "correction"
        NOTE = "note"

    class Answer(models.TextChoices):
        CORRECTED = "corrected", "Corrected"
        LEFT = "left", "Left as it is"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="remarks")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="remarks")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    record = models.UUIDField(null=True)
    text_sealed = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())
    answer = models.CharField(max_length=9, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="only_a_correction_is_answered",
                condition=Q(answer="", answered_at=None)
                | Q(kind="correction", answered_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "grant"], name="remark_by_grant")]

    def __str__(self) -> str:
        return f"Remark {self.pk}"
