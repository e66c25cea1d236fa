"""Doors for the workers: one service call each."""

from uuid import UUID

from celery import shared_task

from accounts.actors import Actor, System
from rights.services import erasures


@shared_task(name="rights.tasks.purge")
def purge(erasure_id: str) -> int:
    return int(erasures.purge(Actor.job(System.PURGE), UUID(erasure_id)))


@shared_task(name="rights.tasks.purge_due")
def purge_due() -> int:
    return erasures.purge_due(Actor.job(System.PURGE))
