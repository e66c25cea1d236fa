"""The staff desk: Django's admin behind the second factor, with allauth's doors and no others."""

from typing import Any
from urllib.parse import urlencode

from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.requests import second_factor_methods, second_factor_passed

# Django's admin pages name their own scripts without a nonce; none is inline.
OWN_SCRIPTS = {"script-src": [SELF]}
UNUSED = {"autocomplete", "view_on_site"}


class StaffDesk(AdminSite):
    """Answers 404 to whoever is no staff, and asks staff for a second factor before any page."""

    site_header = "Staff desk"
    site_title = "Staff desk"
    index_title = "What there is to do"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and _proved(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        inner = super().admin_view(view, cacheable)

        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return door(request) or inner(request, *args, **kwargs)

        return csp_replace(OWN_SCRIPTS)(asked)

    def get_urls(self) -> list[Any]:
        """Without two of Django's pages that answer for any row of any table."""
        kept = (one for one in super().get_urls() if getattr(one, "name", "") not in UNUSED)
        return list(kept)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one sign-in page, allauth's, with its rate limits and second step."""
        del extra_context
        return door(request) or redirect("admin:index")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        del request, extra_context
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        del request, extra_context
        return redirect("account_change_password")


def door(request: HttpRequest) -> HttpResponse | None:
    """Where this request must go first; None for staff who passed. Raises Http404 for others."""
    user, here = request.user, request.get_full_path()
    if not user.is_authenticated:
        return redirect_to_login(here)
    if not (user.is_staff and user.is_active):
        raise Http404
    if _proved(request):
        return None
    methods = second_factor_methods(request)
    if not methods:
        return redirect("mfa_index")
    return redirect(f"{methods[0]}?{urlencode({'next': _after(here)})}")


def _proved(request: HttpRequest) -> bool:
    """Whether the second factor was proved: one answer for each of the desk's questions of a request."""
    if not hasattr(request, "second_factor"):
        request.second_factor = second_factor_passed(request)  # type: ignore[attr-defined]
    return bool(request.second_factor)  # type: ignore[attr-defined]


def _after(here: str) -> str:
    return reverse("admin:index") if here.startswith(reverse("admin:login")) else here
