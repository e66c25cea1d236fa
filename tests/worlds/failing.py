"""A page and a task that fail while they hold a patient's data, and say so in their error."""

from celery import shared_task
from django.http import HttpRequest, HttpResponse
from django.urls import path

from phr.urls import urlpatterns as portal
from tests.worlds.shared_record import MARK


class Telling(Exception):
    """An error whose text quotes what was being read."""


def page(request: HttpRequest) -> HttpResponse:
    words = request.POST.get("text", MARK)
    raise Telling(f"cannot read {words}")


@shared_task(name="tests.fail")
def fail(upload_id: str) -> None:
    raise Telling(f"cannot read {MARK} of {upload_id}")


urlpatterns = [path("fails/", page), *portal]
