"""Cases of the rights desk: who asked for what, when it is due, what was said, how it ended."""

import secrets
import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"


def new_reference() -> str:
    """A public reference that nobody guesses: about 79 random bits, without look-alikes."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


class Case(models.Model):
    """One contact with the rights desk; holds one RightRequest for each right and regime.

    `patient_id` and `user_id` are plain ids, emptied when the person is erased: the case then
    tells that something was asked and how it ended, and of nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=19, unique=True, default=new_reference)
    patient_id = models.UUIDField(null=True)
    user_id = models.UUIDField(null=True)
    jurisdiction = models.CharField(max_length=12)
    received_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user_id", "-received_at"], name="case_by_user"),
            models.Index(fields=["patient_id"], name="case_by_patient"),
        ]

    def __str__(self) -> str:
        return f"Case {self.reference}"


class RightRequest(models.Model):
    """One right asked for under one regime, with the clock of the rule that it began with.

    The days are those of `rights.deadlines.due`, kept so that the desk can sort by them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="requests")
    patient_id = models.UUIDField(null=True)
    right = models.CharField(max_length=16)
    regime = models.CharField(max_length=12)
    rule_version = models.CharField(max_length=60)
    state = models.CharField(max_length=16, default="received")
    decision = models.CharField(max_length=8, blank=True)
    ground = models.CharField(max_length=24, blank=True)
    proposed_by = models.UUIDField(null=True)
    decided_by = models.UUIDField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    legal_on = models.DateField()
    safe_on = models.DateField()
    acknowledge_on = models.DateField(null=True)
    waiting_since = models.DateField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "right", "regime"], name="one_request_a_right_and_regime"
            ),
            models.CheckConstraint(
                name="safe_is_not_late", condition=Q(safe_on__lte=models.F("legal_on"))
            ),
            models.CheckConstraint(
                name="refusal_by_two",
                condition=~Q(state__in=["decided", "closed"])
                | Q(decision="granted")
                | Q(proposed_by__isnull=False)
                & Q(decided_by__isnull=False)
                & ~Q(proposed_by=models.F("decided_by"))
                & ~Q(ground=""),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["safe_on"], name="request_by_day")]

    def __str__(self) -> str:
        return f"RightRequest {self.pk}"


class ClockEvent(models.Model):
    """What happened to the clock of a request, on which legal day; the database lets it only grow."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(RightRequest, on_delete=models.PROTECT, related_name="clock")
    patient_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=12)
    reason = models.CharField(max_length=16, blank=True)
    on = models.DateField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"ClockEvent {self.pk}"


class CaseMessage(models.Model):
    """What the person and the desk wrote to each other, sealed under the patient's key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    patient_id = models.UUIDField(null=True)
    by_desk = models.BooleanField()
    about = models.CharField(max_length=16, blank=True)
    at = models.DateTimeField(db_default=Now())
    text_sealed = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"CaseMessage {self.pk}"
