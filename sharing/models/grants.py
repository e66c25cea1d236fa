"""Permissions given by patients."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from accounts.actors import Actor, Door
from accounts.models import Patient, User
from sharing.models.facilities import Organization, PractitionerRole


class Purpose(models.TextChoices):
    """Why a patient shares (HL7 v3-PurposeOfUse, as in FHIR R4 Consent.provision.purpose)."""

    TREAT = "TREAT", "For my care"
    SECOND_OPINION = "COC", "For a second opinion or a change of doctor"
    FAMILY = "FAMRQT", "So that family or friends know"
    INSURANCE = "COVERAGE", "For my insurance"
    RESEARCH = "HRESCH", "For research"
    OTHER = "PATRQT", "For another reason of mine"
    EMERGENCY = "BTG", "In an emergency"


class Path(models.TextChoices):
    """By which way somebody other than the patient reaches something of her record."""

    EMERGENCY = "emergency", "Emergency access"
    FACILITY = "facility", "Facility"
    LINK = "link", "Link"
    PERSON = "person", "Person"
    PROXY = "proxy", "Somebody who acts for you"


# The actor's permissions in force, from behind the wall: to whom something was passed on does not see
# the permission that it came from.
IN_FORCE = RawSQL("SELECT phr_grants()", [])
# In which order permissions were made; `sharing.statuses` makes an index of it that tells nothing.
NEXT_SERIAL = models.Func(
    models.Value("sharing_grant_serial"), function="nextval", output_field=models.BigIntegerField()
)
# The paths by which one user reaches it, invited by her address.
INVITED = (Path.PERSON, Path.PROXY)


class Authority(models.TextChoices):
    """By what right somebody acts for a patient."""

    CHOSEN = "chosen", "You chose them yourself"
    GUARDIAN = "guardian", "A court or an authority appointed them"
    PARENT = "parent", "They are your parent"
    POWER_OF_ATTORNEY = "attorney", "You gave them a power of attorney"

    @property
    def theirs(self) -> str:
        """The same, told to who acts."""
        return {
            Authority.CHOSEN: "You were chosen by this person",
            Authority.GUARDIAN: "You were appointed by a court or an authority",
            Authority.PARENT: "You are a parent",
            Authority.POWER_OF_ATTORNEY: "You hold a power of attorney",
        }[self]


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self) -> "GrantQuerySet":
        """Accepted, begun, not paused, ended or revoked; of who is not restricted or leaving.

        What was passed on stands only while that from which it was passed on does.
        """
        above = Grant.objects.filter(pk=OuterRef("via_id"), grantee__is_active=True)
        return self.standing().filter(
            Q(via=None) | Exists(above.standing()) | Q(pk__in=IN_FORCE),
            patient__restricted_at=None,
            patient__erasing_at=None,
        )

    def standing(self) -> "GrantQuerySet":
        """In force by itself, whoever holds it."""
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            accepted_at__isnull=False,
            revoked_at=None,
            paused_at=None,
            starts_at__lte=Now(),
        )

    def reached_by(self, actor: Actor) -> "GrantQuerySet":
        """Those that are this actor's, through the door she came in by."""
        if actor.door is Door.LINK and actor.grant_id:
            return self.filter(pk=actor.grant_id, path=Path.LINK)
        if actor.door is not Door.SESSION or actor.user_id is None:
            return self.none()
        if actor.acting_for:
            return self.filter(
                path=Path.PROXY,
                may_manage=True,
                patient=actor.acting_for,
                grantee=actor.user_id,
                grantee__is_active=True,
            )
        teams = PractitionerRole.objects.seeing_as(actor).values("organization")
        hers = Q(grantee=actor.user_id, grantee__is_active=True)
        return self.filter(
            hers & Q(path__in=INVITED)
            | hers & Q(path=Path.EMERGENCY, organization__in=teams)
            | Q(path=Path.FACILITY, organization__in=teams)
        )

    def waiting(self) -> "GrantQuerySet":
        """Invitations that nobody has accepted yet and that are still open."""
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            accepted_at=None,
            revoked_at=None,
            invitation_ends_at__gt=Now(),
        )


class Grant(models.Model):
    """A permission a patient gives (shown to programs as FHIR R4 Consent): the one row by which
    anybody but herself reaches anything of hers.

    `path` says to whom: a person or somebody who acts for her (`grantee`, once the invited address
    is confirmed by its owner; until then it gives nothing), a facility (`organization`), who holds
    a link, or a person of a facility in an emergency (both).

    It covers a record when the record's category is listed and *all* its sensitivity labels are
    (opaque per-patient tokens, see `sharing/tokens.py`). What is set narrows that further: FHIR
    resource `types`, any of some `tags`, these `records` alone, all `besides` these, and the time
    of the care itself (`data_from` up to `data_until`, which undated records are never within).
    `inward_categories` and `inward_labels` are what the holder may send in. `via` is the permission
    from which its holder passed this one on, never wider and never without it. `may_decide` stands
    in for a dependent, who has no account, and does nothing in any other record. `agreement_sealed`
    is the text she agreed to; `replaces` the grant it was before a change. `serial` counts them all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Found by `grant_by_patient`.
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="grants", db_index=False
    )
    grantee = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="grants")
    path = models.CharField(max_length=10, choices=Path, db_default="person", default="person")
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.PROTECT, related_name="grants"
    )
    # One DELETE of all that a patient gave takes both; the database looks at the end.
    via = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, related_name="passed_on"
    )
    invited_email = models.EmailField(blank=True)
    categories = ArrayField(models.CharField(max_length=20))
    labels = ArrayField(models.BigIntegerField())
    types = ArrayField(models.CharField(max_length=40), db_default=[], default=list)
    tags = ArrayField(models.BigIntegerField(), db_default=[], default=list)
    records = ArrayField(models.UUIDField(), db_default=[], default=list)
    besides = ArrayField(models.UUIDField(), db_default=[], default=list)
    data_from = models.DateTimeField(null=True)
    data_until = models.DateTimeField(null=True)
    may_copy = models.BooleanField()
    may_reshare = models.BooleanField(db_default=False, default=False)
    may_manage = models.BooleanField(db_default=False, default=False)
    may_decide = models.BooleanField(db_default=False, default=False)
    authority = models.CharField(
        max_length=10, choices=Authority, blank=True, db_default="", default=""
    )
    inward_categories = ArrayField(models.CharField(max_length=20), db_default=[], default=list)
    inward_labels = ArrayField(models.BigIntegerField(), db_default=[], default=list)
    purpose = models.CharField(max_length=8, choices=Purpose, db_default="TREAT", default="TREAT")
    agreement_sealed = models.BinaryField(null=True)
    replaces = models.UUIDField(null=True)
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    invitation_ends_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    serial = models.BigIntegerField(unique=True, editable=False, db_default=NEXT_SERIAL)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="grant_has_a_holder",
                condition=Q(path__in=INVITED, organization=None)
                & (
                    Q(grantee=None, accepted_at=None)
                    | Q(grantee__isnull=False, accepted_at__isnull=False)
                )
                | Q(path="facility", organization__isnull=False, grantee=None)
                & Q(accepted_at__isnull=False)
                | Q(path="link", organization=None, grantee=None, accepted_at__isnull=False)
                | Q(path="emergency", organization__isnull=False, grantee__isnull=False)
                & Q(accepted_at__isnull=False, ends_at__isnull=False, may_copy=False),
            ),
            models.CheckConstraint(
                name="grant_covers_something",
                condition=Q(categories__len__gt=0, labels__len__gt=0)
                | Q(inward_categories__len__gt=0, inward_labels__len__gt=0),
            ),
            models.CheckConstraint(
                name="only_who_acts_for_her_manages",
                condition=Q(may_manage=False) | Q(path="proxy"),
            ),
            models.CheckConstraint(
                name="who_manages_sees_the_whole",
                condition=Q(may_manage=False)
                | Q(may_copy=True, types=[], tags=[], records=[], besides=[])
                & Q(data_from=None, data_until=None),
            ),
            models.CheckConstraint(
                name="only_who_keeps_it_decides",
                condition=Q(may_decide=False) | Q(may_manage=True, grantee__isnull=False),
            ),
            models.CheckConstraint(
                name="who_acts_for_her_says_by_what_right",
                condition=Q(path="proxy") & ~Q(authority="") | ~Q(path="proxy") & Q(authority=""),
            ),
            models.CheckConstraint(
                name="what_was_passed_on_ends_there",
                condition=Q(via=None) | Q(path="person", may_reshare=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["grantee", "patient"], name="grant_by_grantee"),
            models.Index(fields=["patient", "id"], name="grant_by_patient"),
            models.Index(
                fields=["patient", "organization"],
                name="grant_by_patient_at_facility",
                condition=Q(path="facility"),
            ),
            models.Index(
                fields=["grantee", "-created_at", "-id"],
                name="grant_newest_of_grantee",
                condition=Q(revoked_at=None),
            ),
            models.Index(
                fields=["organization", "-created_at", "-id"],
                name="grant_newest_of_facility",
                condition=Q(path="facility", revoked_at=None),
            ),
            models.Index(
                fields=["organization", "patient"],
                name="grant_by_organization",
                condition=Q(organization__isnull=False),
            ),
            models.Index(fields=["via"], name="grant_by_via", condition=Q(via__isnull=False)),
            models.Index(
                fields=["invited_email"],
                name="grant_by_invitation",
                condition=Q(grantee=None, revoked_at=None),
            ),
        ]

    @property
    def acts(self) -> Authority:
        """By what right its holder acts for the patient. Raises `ValueError` for any other path."""
        return Authority(self.authority)

    def __str__(self) -> str:
        return f"Grant {self.pk}"
