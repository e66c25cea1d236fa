"""Who is who: facts and their constraints."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a user who signs in with `email` (kept in lower case)."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in. Holds no health data and no name: names are sealed on Patient."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return f"User {self.pk}"


class Patient(models.Model):
    """Whom a record is about (FHIR R4 Patient). `access_epoch` moves with every change of authority."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="patient")
    name_sealed = models.BinaryField()
    access_epoch = models.BigIntegerField(default=1)
    restricted_at = models.DateTimeField(null=True)
    erasing_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Patient {self.pk}"


class Practitioner(models.Model):
    """A care professional (FHIR R4 Practitioner); unverified until staff verified the licence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="practitioner")
    name = models.CharField(max_length=120)
    profession = models.CharField(max_length=80)
    specialty = models.CharField(max_length=80, blank=True)
    licence_number = models.CharField(max_length=60)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="verifications"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="verified_at_and_by_go_together",
                condition=models.Q(verified_at=None, verified_by=None)
                | models.Q(verified_at__isnull=False, verified_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Practitioner {self.pk}"


class AuditEvent(models.Model):
    """One act, permitted or denied (FHIR R4 AuditEvent, IHE BALP). The database only lets it be added.

    Names people and items by id alone; what would identify is in `detail_sealed`, under the
    patient's audit key. `writer`, `number` and `previous_number` let a removal show before sealing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    door = models.CharField(max_length=12)
    system = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10)
    patient_id = models.UUIDField(null=True)
    records = ArrayField(models.UUIDField(), default=list)
    subject = models.CharField(max_length=80, blank=True)
    basis = models.CharField(max_length=60, blank=True)
    detail_sealed = models.BinaryField(null=True)
    request_id = models.CharField(max_length=32, blank=True)
    writer = models.UUIDField()
    number = models.BigIntegerField()
    previous_number = models.BigIntegerField()
    mac = models.BinaryField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["patient_id", "-at"], name="audit_by_patient"),
            models.Index(fields=["actor_id", "-at"], name="audit_by_actor"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["basis"], name="audit_by_basis"),
            GinIndex(fields=["records"], name="audit_by_record"),
        ]

    def __str__(self) -> str:
        return f"AuditEvent {self.pk}"


class AuditSeal(models.Model):
    """The place of one event in the chain: `hash = SHA-256(previous_hash || event)`."""

    sequence = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"AuditSeal {self.pk}"


class OutgoingMail(models.Model):
    """A mail that is due; `message_sealed` is emptied once it was handed over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="mail_due", condition=models.Q(sent_at=None))
        ]

    def __str__(self) -> str:
        return f"OutgoingMail {self.pk}"
