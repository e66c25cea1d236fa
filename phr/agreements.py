"""What a patient agrees to when she shares, in the words that are kept with the permission."""

from collections.abc import Sequence

from django.template.loader import render_to_string

from phr.display.kinds import kind
from sharing.scopes import Scope
from sharing.services.directory import Chosen

# Moves with every change of the template: an old agreement says which words it was made in.
VERSION = 3


def words(scope: Scope, who: str, tags: Sequence[str], chosen: Chosen | None = None) -> str:
    """The agreement as plain text: who may see what, how, why, from when until when.

    Of a facility that was `chosen` it also says by which law, policy and agreements it is bound.
    """
    context = {
        "version": VERSION,
        "scope": scope,
        "who": who,
        "chosen": chosen,
        "tags": tags,
        "types": [kind(one) for one in scope.types],
    }
    return render_to_string("phr/agreement.txt", context).strip()
