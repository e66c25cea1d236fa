"""Doors for the workers: one service call each."""

from celery import shared_task

from accounts.actors import Actor, System
from sharing.services import closing, notices


@shared_task(name="sharing.tasks.mail_notices")
def mail_notices() -> int:
    return notices.mail_due(Actor.job(System.MAIL))


@shared_task(name="sharing.tasks.forget_notices")
def forget_notices() -> int:
    return notices.forget_old(Actor.job(System.PURGE))


@shared_task(name="sharing.tasks.close_facilities")
def close_facilities() -> int:
    return closing.work(Actor.job(System.DIRECTORY))
