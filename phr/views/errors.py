"""Answers when something is not right."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open too long, or the form came from elsewhere. `reason` stays unsaid."""
    del reason
    return render(request, "403.html", status=403)
