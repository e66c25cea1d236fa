"""Who may see: permissions given by patients, and the facilities they may be given to."""

from sharing.models.facilities import Organization, PractitionerRole, Shift
from sharing.models.grants import INVITED, Grant, GrantQuerySet, Path, Purpose

__all__ = [
    "INVITED", "Grant", "GrantQuerySet", "Organization", "Path", "PractitionerRole", "Purpose",
    "Shift",
]  # fmt: skip
