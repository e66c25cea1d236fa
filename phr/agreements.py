"""What a patient agrees to when she shares, in the words that are kept with the permission."""

from collections.abc import Sequence

from django.template.loader import render_to_string

from phr.display.kinds import kind
from sharing.scopes import Scope

# Moves with every change of the template: an old agreement says which words it was made in.
VERSION = 2


def words(scope: Scope, who: str, tags: Sequence[str]) -> str:
    """The agreement as plain text: who may see what, how, why, from when until when."""
    context = {
        "version": VERSION,
        "scope": scope,
        "who": who,
        "tags": tags,
        "types": [kind(one) for one in scope.types],
    }
    return render_to_string("phr/agreement.txt", context).strip()
