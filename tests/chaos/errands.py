"""What an operator or beat does with backups and keys, as orders for the worker of `worker.py`."""

from uuid import UUID

from accounts.actors import Actor, System
from rights.backups.repository import Kind
from rights.services import backups, reconciling, restoring, rotating

JOB = Actor.job(System.BACKUP)


def back_up(_about: str) -> None:
    backups.back_up(JOB, Kind.DEFAULT)


def expire(_about: str) -> None:
    backups.expire(JOB)


def restore(set_id: str) -> None:
    restoring.restore(JOB, UUID(set_id), agreed=lambda _found: True)


def reconcile(_about: str) -> None:
    reconciling.reconcile(Actor.job(System.RECONCILE))


def rotate(_about: str) -> None:
    rotating.rotate(JOB)
