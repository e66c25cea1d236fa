"""Doors for the workers: one service call each."""

from celery import shared_task

from accounts import mail, sealer
from accounts.actors import Actor, System


@shared_task(name="accounts.tasks.seal_audit")
def seal_audit() -> int:
    return sealer.seal_audit(Actor.job(System.AUDIT))


@shared_task(name="accounts.tasks.send_mail")
def send_mail() -> int:
    return mail.send_due(Actor.job(System.MAIL))
