"""Answers when something is not right."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sharing.policy import Restricted


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open too long, or the form came from elsewhere. `reason` stays unsaid."""
    del reason
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same answer for what is not there and for what is not hers; a word about her own rest."""
    if isinstance(exception, Restricted):
        return render(request, "phr/restricted.html", status=409)
    return render(request, "404.html", status=404)
