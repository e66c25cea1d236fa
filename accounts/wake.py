"""A message that makes due work happen sooner. Losing it changes nothing: beat sweeps the rows."""

import logging
import time
from threading import Lock
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

QUIET_SECONDS = 10.0
_lock = Lock()
_quiet_until = 0.0


def wake(task: str, *ids: UUID) -> None:
    """After the commit, send `task` its ids; a broker that is down costs one short try in 10 s."""
    transaction.on_commit(lambda: _send(task, [str(one) for one in ids]))


def _send(task: str, ids: list[str]) -> None:
    global _quiet_until  # noqa: PLW0603 - one process-wide pause, guarded by the lock
    if time.monotonic() < _quiet_until:
        return
    try:
        current_app.send_task(task, args=ids, retry=False, ignore_result=True)
    except (OperationalError, OSError):
        with _lock:
            _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("The broker does not answer; due work waits for the next sweep.")
