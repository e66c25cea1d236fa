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
    """Whom a record is about (FHIR R4 Patient). `access_epoch` moves with every change of authority.

    A dependent has no account: `opened_by` is who opened the record for her and may hand it over,
    and `user` a placeholder that nobody signs in as, until it is claimed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="patient")
    opened_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="dependents"
    )
    name_sealed = models.BinaryField()
    born_sealed = models.BinaryField(null=True)
    access_epoch = models.BigIntegerField(default=1)
    restricted_at = models.DateTimeField(null=True)
    erasing_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="nobody_is_her_own_dependent",
                condition=models.Q(opened_by=None) | ~models.Q(opened_by=models.F("user")),
            )
        ]

    def __str__(self) -> str:
        return f"Patient {self.pk}"


class Practitioner(models.Model):
    """A care professional (FHIR R4 Practitioner); unverified until staff verified the licence.

    `recheck_on` is the day on which the licence is to be looked up again, `recheck_due_at` since
    when that is so; `listed_at` since when she wants to be found in the directory.
    """

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
    recheck_on = models.DateField(null=True)
    recheck_due_at = models.DateTimeField(null=True)
    place = models.CharField(max_length=120, blank=True, db_default="", default="")
    listed_at = models.DateTimeField(null=True)
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


class LicenceCheck(models.Model):
    """That staff looked a licence up in a register, and what came of it. It verifies nothing.

    `outcome` is one of `accounts.registry.Outcome`, `registered_name` the name that stands there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, related_name="licence_checks"
    )
    registry = models.CharField(max_length=60)
    outcome = models.CharField(max_length=12)
    registered_name = models.CharField(max_length=120, blank=True)
    checked_at = models.DateTimeField()
    checked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="licence_checks_made"
    )

    def __str__(self) -> str:
        return f"LicenceCheck {self.pk}"


# When a record was taken over, and what was kept of what had been shared: asked about on pages.
TAKING_OVER = ("claim", "keep-sharing")


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
            models.Index(
                fields=["patient_id", "at"],
                name="audit_of_taking_over",
                condition=models.Q(action__in=TAKING_OVER),
            ),
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


class Consent(models.Model):
    """That a person agreed to one purpose, in which words (GDPR Art. 4(11), 7(1)); not a `Grant`.

    A row is only ever ended, never changed: agreeing again makes another. `sha256` is that of the
    exact words she saw (hexadecimal); `accounts.purposes` keeps every version of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=12)
    version = models.PositiveSmallIntegerField()
    locale = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_live_consent",
                fields=["user", "purpose"],
                condition=models.Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="consent_withdrawn_at_and_by_go_together",
                condition=models.Q(withdrawn_at=None, withdrawn_by="")
                | (models.Q(withdrawn_at__isnull=False) & ~models.Q(withdrawn_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"Consent {self.pk}"


class OutgoingMail(models.Model):
    """A mail that is due; `message_sealed` is emptied once it was handed over.

    News names its issue and its reader: one mail each, and only while she wants news.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issue = models.CharField(max_length=64, blank=True)
    reader_id = models.UUIDField(null=True)
    message_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="an_issue_once_for_each_reader",
                fields=["issue", "reader_id"],
                condition=~models.Q(issue=""),
            ),
            models.CheckConstraint(
                name="news_has_an_issue_and_a_reader",
                condition=models.Q(issue="", reader_id=None)
                | (models.Q(reader_id__isnull=False) & ~models.Q(issue="")),
            ),
        ]
        # Ordinary mail, which has no issue, comes before all news.
        indexes: ClassVar = [
            models.Index(
                fields=["issue", "due_at"], name="mail_due", condition=models.Q(sent_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"OutgoingMail {self.pk}"


class Portal(models.Model):
    """This database's side of the gate (`accounts.gate`): one row, in step with the vault's."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    mark = models.BigIntegerField(default=0)
    locked_at = models.DateTimeField(null=True)
    restored_from = models.UUIDField(null=True)
    snapshot_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="one_portal", condition=models.Q(id=1))
        ]

    def __str__(self) -> str:
        return f"Portal {self.mark}"
