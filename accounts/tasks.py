"""Doors for the workers: one service call each."""

from celery import shared_task

from accounts import expiry, gate, licences, mail, sealer
from accounts.actors import Actor, System


@shared_task(name="accounts.tasks.seal_audit")
def seal_audit() -> int:
    return sealer.seal_audit(Actor.job(System.AUDIT))


@shared_task(name="accounts.tasks.send_mail")
def send_mail() -> int:
    return mail.send_due(Actor.job(System.MAIL))


@shared_task(name="accounts.tasks.advance_mark")
def advance_mark() -> int:
    gate.advance(Actor.job(System.BACKUP))
    return 0  # never "more to do": a sweep runs until nothing is due


@shared_task(name="accounts.tasks.clear_expired")
def clear_expired() -> int:
    return expiry.clear_expired(Actor.job(System.PURGE))


@shared_task(name="accounts.tasks.mark_licences")
def mark_licences() -> int:
    return licences.mark_due(Actor.job(System.DIRECTORY))
