"""Who may see: permissions given by patients, and the facilities they may be given to."""

from sharing.models.agreements import Agreement, AgreementKind
from sharing.models.facilities import Organization, PractitionerRole, Regime, Role, Shift
from sharing.models.grants import INVITED, Authority, Grant, GrantQuerySet, Path, Purpose
from sharing.models.links import MOST_WRONG, ShareLink
from sharing.models.notices import Notice, NoticeChoice, NoticeKind

__all__ = [
    "INVITED", "MOST_WRONG", "Agreement", "AgreementKind", "Authority", "Grant", "GrantQuerySet",
    "Notice", "NoticeChoice", "NoticeKind", "Organization", "Path", "PractitionerRole", "Purpose",
    "Regime", "Role", "ShareLink", "Shift",
]  # fmt: skip
