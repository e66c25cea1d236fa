"""Doors for the workers: one service call each."""

from uuid import UUID

from celery import shared_task

from accounts.actors import Actor, System
from phr.services import imports, remarks, renewing, uploads, waiting


@shared_task(name="phr.tasks.import_upload")
def import_upload(upload_id: str) -> int:
    return int(imports.import_upload(Actor.job(System.IMPORT), UUID(upload_id)))


@shared_task(name="phr.tasks.import_due")
def import_due() -> int:
    return imports.import_due(Actor.job(System.IMPORT))


@shared_task(name="phr.tasks.clear_leftovers")
def clear_leftovers() -> int:
    return uploads.clear_leftovers(Actor.job(System.PURGE))


@shared_task(name="phr.tasks.expire_waiting")
def expire_waiting() -> int:
    actor = Actor.job(System.PURGE)
    return waiting.expire(actor) + remarks.forget_ended(actor)


@shared_task(name="phr.tasks.renew_due")
def renew_due() -> int:
    return renewing.renew_due(Actor.job(System.RENEW))
