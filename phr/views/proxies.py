"""Name somebody to act for her."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.requests import actor_of, dangerous
from phr import agreements
from phr.forms.proxies import ProxyForm
from phr.services import foresight, marks
from sharing.services import directory, granting
from sharing.services.recipients import Refused


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def name_proxy(request: HttpRequest) -> HttpResponse:
    """Choose, check what they will see and may do, then name them."""
    form = ProxyForm(request.POST or None, tags=marks.own_tags(actor_of(request)))
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "phr/proxy.html", {"form": form})
    return _named(request, form) if "confirmed" in request.POST else _check(request, form)


def _check(request: HttpRequest, form: ProxyForm) -> HttpResponse:
    scope, chosen = form.scope(), directory.Chosen.by_address(form.cleaned_data["email"])
    found = foresight.would_see(actor_of(request), scope)
    listed = {item.id for item in found.items}
    context = {
        "form": form,
        "scope": scope,
        "who": chosen.name,
        "chosen": chosen,
        "foresight": found,
        "unlisted": [one for one in scope.besides if one not in listed],
        "agreement": _words(form),
        "further": form.further_rows,
    }
    return render(request, "phr/share_check.html", context)


def _words(form: ProxyForm) -> str:
    chosen = directory.Chosen.by_address(form.cleaned_data["email"])
    said = agreements.words(form.scope(), chosen.name, form.shown_tags, chosen)
    return "\n\n".join([said, *(": ".join(row) for row in form.further_rows)])


def _named(request: HttpRequest, form: ProxyForm) -> HttpResponse:
    actor = actor_of(request)
    try:
        granting.grant(actor, form.recipient, scope=form.scope(), agreement=_words(form))
    except Refused as refused:
        form.add_error("email", str(refused))
        return render(request, "phr/proxy.html", {"form": form})
    messages.success(request, "Done. We have sent them an email with an invitation.")
    return redirect("sharing:sharing")
