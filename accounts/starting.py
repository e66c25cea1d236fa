"""What every process makes sure of before it works: that it has the right KEK."""

from accounts import gate, keys
from accounts.roles import assumed


def check_key() -> None:
    """Raise `keys.KeyProblem` unless this process may start.

    Behind a closed gate the portal's roles may read nothing, so that the tables' owner looks; and a
    vault that has lost its keys is no reason against starting what it is restored with.
    """
    if not gate.closed():
        keys.check()
        return
    with assumed(None):
        if keys.known():
            keys.check()
