"""What is kept: facts and their constraints. Clear columns are only what the walls, paging and the
timeline need (DESIGN D4); everything a person would read is sealed."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Patient, User
from phr.deliveries import Delivery, Remark  # noqa: F401 - Django finds models here


class Binary(models.Model):
    """The encrypted bytes of one file (FHIR R4 Binary); `name` is random and means nothing.

    Until a file that comes in pieces is complete, `size` is how many bytes of it are here, and
    `arriving_until` how long the next piece may take.
    """

    class Use(models.TextChoices):
        EXPORT = "export"
        ORIGINAL = "original"
        PART = "part"
        PICTURE = "picture"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="binaries")
    name = models.CharField(max_length=64, unique=True)
    use = models.CharField(max_length=10, choices=Use)
    content_type = models.CharField(max_length=80, blank=True)
    size = models.BigIntegerField(default=0)
    complete_at = models.DateTimeField(null=True)
    arriving_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Binary {self.pk}"


class UploadQuerySet(models.QuerySet["Upload"]):
    def open(self) -> "UploadQuerySet":
        return self.filter(finished_at=None, failed_at=None)

    def due(self) -> "UploadQuerySet":
        """Received, not at an end, in no worker's hands; of a patient whose record may grow.

        What was looked through waits for its owner to say yes before it is due again, and all of
        hers while what came with another file is taken back.
        """
        free = Q(lease_until=None) | Q(lease_until__lte=Now())
        return self.open().filter(
            free,
            Q(previewed_at=None) | Q(confirmed_at__isnull=False),
            ~Exists(Upload.objects.filter(patient=OuterRef("patient"), undone_at__isnull=False)),
            original__complete_at__isnull=False,
            patient__restricted_at=None,
            patient__erasing_at=None,
        )


class Upload(models.Model):
    """One file on its way into the record, and what became of it.

    A worker looks through it (`previewed_at`), its owner says yes (`confirmed_at`), a worker adds
    what is in it (`finished_at`). `expected_size` in bytes, of a file that comes in pieces, and
    `fingerprint_sealed`, by which her browser knows the same file again;
    `options_sealed` is how it is to be read, `preview_sealed` what was found, both JSON.
    `brought_by` is the upload of an archive of this portal in which this one came back.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="uploads")
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    original = models.OneToOneField(Binary, null=True, on_delete=models.PROTECT)
    file_name_sealed = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    expected_size = models.BigIntegerField(null=True)
    fingerprint_sealed = models.BinaryField(null=True)
    options_sealed = models.BinaryField(null=True)
    preview_sealed = models.BinaryField(null=True)
    previewed_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    unit = models.CharField(max_length=10, blank=True)
    imported = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    report_sealed = models.BinaryField(null=True)
    brought_by = models.UUIDField(null=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="upload_finished_or_failed",
                condition=Q(finished_at=None) | Q(failed_at=None),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-received_at"], name="upload_by_patient"),
            models.Index(
                fields=["received_at"],
                name="upload_due",
                condition=Q(finished_at=None, failed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Upload {self.pk}"


class Record(models.Model):
    """One FHIR R4 resource of one patient, the version in force.

    `effective_at` is by the clock where it was, kept as if that were UTC: its day is the day that is
    written in the body. `labels` and `tokens` are keyed per patient; `digest` tells equal content
    and `identity` the same item from the same source, both only within one patient; `aliases` are
    its identities by further business identifiers, None where it has one. `body_sealed`
    is the compressed and encrypted JSON exactly as received. What is `never_shared` no permission
    covers; `tags` are the tokens of `Tag`s.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="records", db_index=False
    )
    resource_type = models.CharField(max_length=40)
    category = models.CharField(max_length=20)
    effective_at = models.DateTimeField()
    dated = models.BooleanField(default=True)
    labels = ArrayField(models.BigIntegerField())
    tokens = ArrayField(models.BigIntegerField())
    tags = ArrayField(models.BigIntegerField(), db_default=[], default=list)
    favourite = models.BooleanField(db_default=False, default=False)
    never_shared = models.BooleanField(db_default=False, default=False)
    digest = models.BinaryField()
    identity = models.BinaryField(null=True)
    aliases = ArrayField(models.BinaryField(), null=True)
    likeness = models.BinaryField(null=True)
    version = models.PositiveIntegerField(default=1)
    body_sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    hidden_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "digest"],
                name="record_once_per_patient",
                condition=Q(hidden_at=None),
            ),
            models.UniqueConstraint(
                fields=["patient", "identity"],
                name="record_identity_once_per_patient",
                condition=Q(hidden_at=None, identity__isnull=False),
            ),
            models.CheckConstraint(name="record_has_label", condition=Q(labels__len__gt=0)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-effective_at", "-id"], name="record_timeline"),
            models.Index(
                fields=["patient", "category", "-effective_at", "-id"], name="record_by_category"
            ),
            models.Index(
                fields=["patient", "resource_type", "-effective_at", "-id"], name="record_by_type"
            ),
            models.Index(
                fields=["patient", "likeness"],
                name="record_by_likeness",
                condition=Q(hidden_at=None, likeness__isnull=False),
            ),
            models.Index(
                fields=["patient", "-effective_at", "-id"],
                name="record_favourites",
                condition=Q(favourite=True),
            ),
            # Tokens of one import repeat, so many rows at once cost a fifth of row by row; an import
            # leaves none of its own waiting, which a search would have to go through.
            GinIndex(fields=["tokens"], name="record_tokens", fastupdate=True),
        ]

    def __str__(self) -> str:
        return f"Record {self.pk}"


class RecordVersion(models.Model):
    """A past version of a record, as it stood until `ended_at`.

    `standing_sealed` is how it was found and sorted (see `phr.past`), so that it can come back;
    `likeness` is by what it said (see `phr.publishing`), for what says the same later.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    body_sealed = models.BinaryField()
    standing_sealed = models.BinaryField(null=True)
    likeness = models.BinaryField(null=True)
    ended_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "version"], name="one_row_per_version")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "likeness"],
                name="version_by_likeness",
                condition=Q(likeness__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"RecordVersion {self.pk}"


class Tag(models.Model):
    """A word a patient sorts her records by; `token` is keyed, so equal words are the same tag."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="tags")
    token = models.BigIntegerField()
    name_sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "token"], name="tag_once_per_patient")
        ]

    def __str__(self) -> str:
        return f"Tag {self.pk}"


class Provenance(models.Model):
    """Where one version of a record came from (FHIR R4 Provenance).

    Either an upload and the place in it, or the person who entered it by hand (`by`), and why.
    Of what came in an upload, `position` is the how manieth it was (from 1) and `outcome` what became
    of it; `back` is what an archive of this portal told of the version. Of what a file said beside what
    she wrote, she kept hers (`mine`) or took over what it says (`theirs`). `scope` is the upload, gone
    since, that gave the words of the version: relative references mean what they meant in it.
    """

    class Outcome(models.TextChoices):
        NEW = "new"
        CHANGED = "changed"
        KNOWN = "known"
        ALIKE = "alike"
        OLDER = "older"
        ASIDE = "aside"
        TWICE = "twice"
        BACK = "back"
        MINE = "mine"
        THEIRS = "theirs"
        UNSURE = "unsure"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="provenances")
    upload = models.ForeignKey(
        Upload, null=True, on_delete=models.PROTECT, related_name="provenances", db_index=False
    )
    scope = models.UUIDField(null=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    place = models.CharField(max_length=40, blank=True)
    position = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=7, choices=Outcome, db_default="")
    reason_sealed = models.BinaryField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="provenance_from_upload_or_hand",
                condition=Q(upload__isnull=False, by=None) | Q(upload=None, by__isnull=False),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["upload", "position"], name="provenance_by_upload")
        ]

    def __str__(self) -> str:
        return f"Provenance {self.pk}"


class RenewalQuerySet(models.QuerySet["Renewal"]):
    def finished(self, version: int) -> "RenewalQuerySet":
        return self.filter(version__gte=version)

    def free(self) -> "RenewalQuerySet":
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=Now()))


class Renewal(models.Model):
    """How far the columns of a patient's records were reckoned anew from their content.

    `version` is the reckoning (`phr.search.RECKONING`) that all of them have; while a worker brings
    them to the next, `place` is the id of the last record that has it.
    """

    patient = models.OneToOneField(
        Patient, primary_key=True, on_delete=models.PROTECT, related_name="renewal"
    )
    version = models.PositiveSmallIntegerField(default=0)
    place = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RenewalQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Renewal {self.pk}"


class RecordFile(models.Model):
    """Which files belong to a record; a record's viewers may open them. `upload` brought it.

    Of what a file says beside what she wrote herself, `aside` is the past version that it came with:
    only its patient in person opens it then, until she takes that over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="files")
    binary = models.ForeignKey(Binary, on_delete=models.PROTECT, related_name="records")
    upload = models.ForeignKey(Upload, null=True, on_delete=models.PROTECT, related_name="+")
    aside = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "binary"], name="file_once_per_record")
        ]

    def __str__(self) -> str:
        return f"RecordFile {self.pk}"
