"""Who may see: permissions given by patients, and the facilities they may be given to."""

from sharing.models.agreements import Agreement, AgreementKind
from sharing.models.attestations import Answer, Attestation, Reason
from sharing.models.emergencies import EmergencyAccess, EmergencyPlan, Outcome
from sharing.models.facilities import Organization, PractitionerRole, Regime, Role, Shift
from sharing.models.grants import INVITED, Authority, Grant, GrantQuerySet, Path, Purpose
from sharing.models.handovers import Handover
from sharing.models.links import MOST_WRONG, ShareLink
from sharing.models.notices import Notice, NoticeChoice, NoticeKind
from sharing.models.offers import DeliveryChoice, Offer, Unasked
from sharing.models.requests import AccessRequest
from sharing.models.statuses import StatusList
from sharing.models.usage import Usage, UsageKey

__all__ = [
    "INVITED",
    "MOST_WRONG",
    "AccessRequest",
    "Agreement",
    "AgreementKind",
    "Answer",
    "Attestation",
    "Authority",
    "DeliveryChoice",
    "EmergencyAccess",
    "EmergencyPlan",
    "Grant",
    "GrantQuerySet",
    "Handover",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "Offer",
    "Organization",
    "Outcome",
    "Path",
    "PractitionerRole",
    "Purpose",
    "Reason",
    "Regime",
    "Role",
    "ShareLink",
    "Shift",
    "StatusList",
    "Unasked",
    "Usage",
    "UsageKey",
]  # fmt: skip
