"""Work in the vault: one transaction there, committed before whatever `default` is doing."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction


@contextmanager
def in_vault(*, about: UUID | None = None, worker: bool = False) -> Iterator[None]:
    """A vault transaction that sees the key of `about` alone, through phr_web or phr_worker."""
    baseline = connections["vault"].settings_dict["OPTIONS"].get("assume_role") or "none"
    with transaction.atomic(using="vault"):
        _tell("phr_worker" if worker else baseline, about)
        yield
        _tell(baseline, None)


def _tell(role: str, about: UUID | None) -> None:
    with connections["vault"].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', %s, true), set_config('phr.about', %s, true)",
            [role, str(about or "")],
        )
