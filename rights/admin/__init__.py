"""What staff see of the rights desk: dates and states, never content."""

from rights.admin import backups as backups
from rights.admin import cases as cases
from rights.admin import erasures as erasures
from rights.admin import holds as holds
