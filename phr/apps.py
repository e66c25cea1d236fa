from django.apps import AppConfig

from phr.celery import app as celery_app

__all__ = ["celery_app"]


class PhrConfig(AppConfig):
    name = "phr"
