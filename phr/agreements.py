"""What a patient agrees to when she shares, in the words that are kept with the permission."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

from phr.display.kinds import kind
from sharing.scopes import Scope
from sharing.services.directory import Chosen

# Moves with every change of the template: an old agreement says which words it was made in.
VERSION = 7


def words(scope: Scope, who: str, tags: Sequence[str], chosen: Chosen | None = None) -> str:
    """The agreement as plain text: who may see what, how, why, from when until when.

    Of a facility that was `chosen` it also says by which law, policy and agreements it is bound, and
    which it names that no staff have read; of a single person, that the portal does not know, and
    whether a licence was checked.
    """
    context = {
        "version": VERSION,
        "scope": scope,
        "who": who,
        "privacy": privacy_version(),
        "chosen": chosen,
        "tags": tags,
        "types": [kind(one) for one in scope.types],
    }
    return render_to_string("phr/agreement.txt", context).strip()


def digest(scope: Scope, who: str, tags: Sequence[str], chosen: Chosen | None = None) -> str:
    """SHA-256 of these words, whatever is left out: so a yes is bound to the words that were shown.

    What she leaves out she ticks beside the yes itself.
    """
    shown = words(replace(scope, besides=()), who, tags, chosen)
    return sha256(shown.encode()).hexdigest()


def privacy_version() -> str:
    """The privacy policy of this portal as it is now: the first digits of its SHA-256."""
    page = Path(settings.BASE_DIR) / "templates" / "phr" / "privacy.html"
    return sha256(page.read_bytes()).hexdigest()[:12]
