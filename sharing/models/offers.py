"""Files that nobody asked for: what a patient chose about them, and who wants to send some."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models import Patient, User
from sharing.models.facilities import Organization


class Unasked(models.TextChoices):
    """What becomes of files from somebody whom a patient gave no permission to send in."""

    REFUSE = "refuse", "Refuse it"
    KEEP = "keep", "Keep it apart until I look"


class DeliveryChoice(models.Model):
    """Her choice; without a row what nobody asked for is refused."""

    patient = models.OneToOneField(
        Patient, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    unasked = models.CharField(max_length=6, choices=Unasked)
    chosen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"DeliveryChoice {self.pk}"


class Offer(models.Model):
    """That a care provider is about to send files to whoever owns an address, unasked.

    Names no patient, and is the same whether there is one. `organization` is the facility for which
    it is sent; `sent_at` since when nothing more comes with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="+"
    )
    email = models.EmailField()
    made_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["sender", "-made_at"], name="offer_by_sender")]

    def __str__(self) -> str:
        return f"Offer {self.pk}"
