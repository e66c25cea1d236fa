"""Doors for the workers: one service call each."""

from celery import shared_task

from accounts import expiry, mail, sealer
from accounts.actors import Actor, System


@shared_task(name="accounts.tasks.seal_audit")
def seal_audit() -> int:
    return sealer.seal_audit(Actor.job(System.AUDIT))


@shared_task(name="accounts.tasks.send_mail")
def send_mail() -> int:
    return mail.send_due(Actor.job(System.MAIL))


@shared_task(name="accounts.tasks.clear_expired")
def clear_expired() -> int:
    return expiry.clear_expired(Actor.job(System.PURGE))
