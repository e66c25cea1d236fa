"""The rights desk: what was asked, and how far it is carried out."""

from rights.models.cases import Case as Case
from rights.models.cases import CaseMessage as CaseMessage
from rights.models.cases import ClockEvent as ClockEvent
from rights.models.cases import RightRequest as RightRequest
from rights.models.erasures import Erasure as Erasure
from rights.models.exports import Export as Export
from rights.models.holds import HeldFile as HeldFile
from rights.models.holds import HeldItem as HeldItem
from rights.models.holds import Hold as Hold
