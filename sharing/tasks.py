"""Doors for the workers: one service call each."""

from celery import shared_task

from accounts.actors import Actor, System
from sharing.services import (
    attestations,
    closing,
    ending,
    handovers,
    notices,
    offers,
    reminders,
    requests,
    statuses,
    usage,
)


@shared_task(name="sharing.tasks.mail_notices")
def mail_notices() -> int:
    return notices.mail_due(Actor.job(System.MAIL))


@shared_task(name="sharing.tasks.forget_old")
def forget_old() -> int:
    actor = Actor.job(System.PURGE)
    requests.forget_expired(actor)
    handovers.forget_over(actor)
    offers.forget_old(actor)
    ending.end_left_over(actor)
    return notices.forget_old(actor) + usage.forget_old(actor) + usage.forget_keys(actor)


@shared_task(name="sharing.tasks.remind_due")
def remind_due() -> int:
    actor = Actor.job(System.MAIL)
    asked = attestations.ask_expired(actor)
    return asked + attestations.tell_overdue(actor) + reminders.tell_ending(actor)


@shared_task(name="sharing.tasks.sign_statuses")
def sign_statuses() -> int:
    statuses.sign_due(Actor.job(System.MAIL))
    return 0  # never "more to do": a list is signed anew for ever


@shared_task(name="sharing.tasks.close_facilities")
def close_facilities() -> int:
    return closing.work(Actor.job(System.DIRECTORY))
