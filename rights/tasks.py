"""Doors for the workers: one service call each."""

from uuid import UUID

from celery import shared_task

from accounts.actors import Actor, System
from rights import replay, saga
from rights.services import backups, building, exports, holds


@shared_task(name="rights.tasks.purge")
def purge(erasure_id: str) -> int:
    return int(saga.carry_on(Actor.job(System.PURGE), UUID(erasure_id)))


@shared_task(name="rights.tasks.purge_due")
def purge_due() -> int:
    actor = Actor.job(System.PURGE)
    return replay.resume(actor) + saga.carry_on_due(actor)


# A large dump takes longer than other jobs may; whoever comes meanwhile finds the turn taken.
@shared_task(name="rights.tasks.back_up", time_limit=12 * 3600)
def back_up() -> int:
    return backups.back_up_due(Actor.job(System.BACKUP))


@shared_task(name="rights.tasks.expire_backups")
def expire_backups() -> int:
    return backups.expire(Actor.job(System.BACKUP))


@shared_task(name="rights.tasks.destroy_held")
def destroy_held(hold_id: str) -> int:
    return int(holds.destroy_held(Actor.job(System.HOLD), UUID(hold_id)))


@shared_task(name="rights.tasks.hold_due")
def hold_due() -> int:
    return holds.due(Actor.job(System.HOLD))


# Longer than other tasks: a long record with many scans. The row's lease tells who is at work.
@shared_task(name="rights.tasks.build_export", time_limit=6 * 3600)
def build_export(export_id: str) -> int:
    return int(building.build(Actor.job(System.EXPORT), UUID(export_id)))


@shared_task(name="rights.tasks.build_exports", time_limit=6 * 3600)
def build_exports() -> int:
    return building.build_due(Actor.job(System.EXPORT))


@shared_task(name="rights.tasks.destroy_exports")
def destroy_exports() -> int:
    return exports.destroy_due(Actor.job(System.PURGE))
