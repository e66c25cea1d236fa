"""Requests on the staff desk: the queue by the day they are due, and the page where one is worked."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Now, TruncDate
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.actors import Actor
from accounts.admin import MetadataAdmin, StateFilter, staff_actor
from rights.casework import CasePage, Refused
from rights.forms.cases import DeskForm, IntakeForm
from rights.models import RightRequest
from rights.regimes import Jurisdiction, Right
from rights.services import desk, intake
from rights.transitions import ENDED, OPEN, State

TODAY = TruncDate(Now())
RUNNING = Q(state__in=OPEN, waiting_since=None)
Words = dict[str, str]
ACTS: Final[dict[str, Callable[[Actor, UUID, Words], None]]] = {
    "acknowledge": lambda actor, pk, _: desk.acknowledge(actor, pk),
    "ask": lambda actor, pk, said: desk.ask(actor, pk, about=said["about"], text=said["text"]),
    "close": lambda actor, pk, _: desk.close(actor, pk),
    "confirm": lambda actor, pk, _: desk.confirm(actor, pk),
    "extend": lambda actor, pk, said: desk.extend(actor, pk, text=said["text"]),
    "grant": lambda actor, pk, said: desk.decide(actor, pk, decision="granted", text=said["text"]),
    "lift": lambda actor, pk, said: desk.lift(actor, pk, text=said["text"]),
    "propose": lambda actor, pk, said: desk.decide(
        actor, pk, decision=said["decision"], ground=said["ground"], text=said["text"]
    ),
    "resume": lambda actor, pk, _: desk.resume(actor, pk),
    "send back": lambda actor, pk, _: desk.send_back(actor, pk),
    "write": lambda actor, pk, said: desk.write(actor, pk, text=said["text"]),
}


class RequestState(StateFilter):
    states = {
        "open": Q(state__in=OPEN),
        "overdue": RUNNING & Q(legal_on__lt=TODAY),
        "past the safe day": RUNNING & Q(safe_on__lt=TODAY),
        "receipt to be confirmed": Q(acknowledged_at=None, state__in=OPEN),
        "waiting for the person": Q(state=State.WAITING),
        "waiting for a second member of staff": Q(state=State.PROPOSED),
        "answered": Q(state=State.DECIDED),
        "over": Q(state__in=ENDED),
    }


@admin.register(RightRequest)
class RightRequestAdmin(MetadataAdmin):
    list_display = (
        "reference", "right", "regime", "state", "alarm", "safe_on", "legal_on", "acknowledge_on",
        "waiting_since",
    )  # fmt: skip
    fields = (
        "id", "case", "right", "regime", "rule_version", "state", "decision", "ground",
        "acknowledged_at", "decided_at", "legal_on", "safe_on", "acknowledge_on", "waiting_since",
    )  # fmt: skip
    list_filter = (RequestState, "right", "regime")
    # What is open first, by the day we work to.
    ordering = (Case(When(state__in=OPEN, then=0), default=1).asc(), "safe_on", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("case")
        named: QuerySet[Any] = rows.only(*self.fields, "case__reference").annotate(day=TODAY)
        return named

    @admin.display(description="reference")
    def reference(self, row: Any) -> str:
        return str(row.case.reference)

    @admin.display(description="alarm")
    def alarm(self, row: Any) -> str:
        if row.state not in OPEN or row.waiting_since:
            return ""
        if row.legal_on < row.day:
            return "OVERDUE"
        if row.acknowledge_on and not row.acknowledged_at and row.acknowledge_on < row.day:
            return "RECEIPT NOT CONFIRMED"
        return "now" if row.safe_on <= row.day else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def add_view(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Write down a request that came by e-mail or letter."""
        form = IntakeForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and _taken_in(request, form):
            return redirect("admin:rights_rightrequest_changelist")
        context = self.admin_site.each_context(request) | {"form": form, "opts": self.opts}
        return render(request, "rights/desk_intake.html", context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page of one request with the messages of its case; its acts go through services."""
        object_id = kwargs.get("object_id") or next(iter(args), None)
        return self._as_staff(request, self._work, request, _id(object_id))

    def _work(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        actor = staff_actor(request)
        page = desk.read(actor, request_id)
        one = next(one for one in page.asked if one.row.pk == request_id)
        acts = desk.may(actor, request_id)
        form = DeskForm(request.POST or None, acts=list(acts), right=one.right)
        if request.method == "POST" and form.is_valid():
            _act(request, actor, request_id, form.cleaned_data)
            return redirect("admin:rights_rightrequest_change", request_id)
        return self._shown(request, page, {"one": one, "form": form, "acts": acts})

    def _shown(self, request: HttpRequest, page: CasePage, more: dict[str, Any]) -> HttpResponse:
        context = self.admin_site.each_context(request) | {"page": page, "opts": self.opts} | more
        return render(request, "rights/desk_request.html", context)


def _taken_in(request: HttpRequest, form: IntakeForm) -> bool:
    said = form.cleaned_data
    try:
        reference = intake.take_in(
            staff_actor(request),
            said["email"],
            right=Right(said["right"]),
            jurisdiction=Jurisdiction(said["jurisdiction"]),
            received_on=said["received_on"],
            words=said["words"],
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return False
    messages.success(request, f"Written down as {reference}. The person has been told.")
    return True


def _act(request: HttpRequest, actor: Actor, request_id: UUID, said: Words) -> None:
    try:
        ACTS[said["act"]](actor, request_id, said)
        messages.success(request, f"Done: {said['act']}.")
    except Refused as refused:
        messages.error(request, str(refused))


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as error:
        raise Http404 from error
