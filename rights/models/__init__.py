"""The rights desk: what was asked, and how far it is carried out."""

from rights.models.erasures import Erasure as Erasure
from rights.models.exports import Export as Export
