"""The Celery app. Messages carry one id and only hurry; rows say what is due (DESIGN D7)."""

from typing import Any

from celery import Celery, Task
from celery.signals import worker_init
from django.utils.module_loading import import_string


class GatedTask(Task):  # type: ignore[type-arg]
    """No task runs while the gate is closed; its row stays due."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if import_string("accounts.gate.closed")():
            return 0
        return super().__call__(*args, **kwargs)


app = Celery("phr", task_cls=GatedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    # A killed worker's message comes back; the row's lease decides whether it still matters.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=900,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # The broker gives a message of a dead worker back only after this time (default: 1 h).
        "visibility_timeout": 1200,
        "unacked_restore_throttle": 1,
        # A broker that hangs must not hold up a page.
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
        "max_retries": 0,
    },
    timezone="UTC",
    worker_hijack_root_logger=False,
)
app.autodiscover_tasks(["accounts", "sharing", "phr", "rights"])


@worker_init.connect
def stop_without_key(**_kwargs: Any) -> None:
    """A worker with a missing or wrong KEK must not start."""
    import_string("accounts.starting.check_key")()
