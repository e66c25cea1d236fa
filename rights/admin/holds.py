"""Legal holds on the staff desk: the queue, the form to ask for one, and what two people decide."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.db.models.functions import Now, TruncDate
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import services as accounts
from accounts.acting import acting_as, note_denied
from accounts.actors import Actor, Denied
from accounts.admin import MetadataAdmin, StateFilter, staff_actor
from rights.models import Hold
from rights.services import placing

IN_FORCE = Q(confirmed_at__isnull=False, released_at=None, emptied_at=None)
LEFT = (
    "Left as they are: {}. A second person must decide, nobody decides about her own record, and"
    " nothing is decided twice or when the item is gone."
)


class HoldState(StateFilter):
    states = {
        "waiting for a second person": Q(confirmed_at=None, declined_at=None),
        "release waiting for a second person": IN_FORCE & Q(release_asked_at__isnull=False),
        "review is overdue": IN_FORCE & Q(review_on__lt=TruncDate(Now())),
        "placed after a request to delete": IN_FORCE & Q(placed_after_request=True),
        "could not be kept whole": IN_FORCE & Q(lost_at__isnull=False),
        "in force": IN_FORCE,
    }


class HoldForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """An item by its number, a coded ground, a day to look again; no free text."""

    default_renderer = DjangoTemplates()
    patient_id = forms.UUIDField(label="Patient id")
    record_id = forms.UUIDField(
        label="Item id",
        help_text="The last part of the item's address, as the order of a court or the person's own"
        " log names it. The desk does not show what the item says.",
    )

    class Meta:
        model = Hold
        fields = ("patient_id", "record_id", "ground", "review_on")
        widgets: ClassVar = {"review_on": forms.DateInput(attrs={"type": "date"})}
        help_texts: ClassVar = {"review_on": "When the ground is looked at again; within a year."}

    def ask(self, actor: Actor) -> bool:
        """Whether the hold has been asked for; what stood in the way is an error of the form."""
        data = self.cleaned_data
        try:
            placing.ask_hold(
                actor,
                data["patient_id"],
                data["record_id"],
                ground=Hold.Ground(data["ground"]),
                review_on=data["review_on"],
            )
        except ValueError as wrong:
            self.add_error("review_on", str(wrong))
        except Denied as denied:
            note_denied(denied)
            self.add_error(
                None, "There is no such item, it is your own, or it is being destroyed already."
            )
        return self.is_valid()


@admin.register(Hold)
class HoldAdmin(MetadataAdmin):
    list_display = (
        "record_id", "ground", "state", "placed_after_request", "review_on", "who_asked", "asked_at",
    )  # fmt: skip
    fields = (
        "id", "patient_id", "record_id", "ground", "review_on", "placed_after_request", "asked_by",
        "asked_at", "confirmed_by", "confirmed_at", "declined_by", "declined_at", "reviewed_by",
        "reviewed_at", "release_asked_by", "release_asked_at", "released_by", "released_at",
        "opening_asked_by", "opening_asked_at", "opening_allowed_by", "opening_allowed_at",
        "opened_at", "rehomed_at", "lost_at", "emptied_at",
    )  # fmt: skip
    list_filter = (HoldState,)
    ordering = ("emptied_at", "review_on", "asked_at")
    actions = (
        "confirm", "decline", "review", "ask_release", "decline_release", "confirm_release",
        "ask_opening", "allow_opening",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def add_view(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Ask for a hold; nothing is held before a colleague has confirmed it."""
        form = HoldForm(request.POST or None)
        actor = staff_actor(request)
        with acting_as(actor):
            if request.method == "POST" and form.is_valid() and form.ask(actor):
                messages.success(request, "Asked. A colleague must confirm it before it counts.")
                return redirect("admin:rights_hold_changelist")
        context = self.admin_site.each_context(request) | {"form": form, "opts": self.opts}
        return render(request, "rights/desk_hold.html", context)

    @admin.display(description="asked by")
    def who_asked(self, row: Hold) -> str:
        """Whose colleague must decide: who asked for the release, else for the hold."""
        user_id = row.release_asked_by or row.asked_by
        found = accounts.people({user_id})
        return found[user_id].name if user_id in found else str(user_id)

    def _each(
        self,
        request: HttpRequest,
        chosen: QuerySet[Hold],
        decide: Callable[[Actor, UUID], None],
    ) -> None:
        actor, left = staff_actor(request), 0
        rows = list(chosen)
        for row in rows:
            try:
                decide(actor, row.pk)
            except Denied as denied:
                note_denied(denied)
                left += 1
        messages.success(request, f"Done: {len(rows) - left}")
        if left:
            messages.error(request, LEFT.format(left))

    @admin.action(description="Confirm: a colleague asked to keep these items")
    def confirm(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.confirm_hold)

    @admin.action(description="Decline: these items need not be kept")
    def decline(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.decline_hold)

    @admin.action(description="Reviewed: the ground still holds, look again in half a year")
    def review(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.review_hold)

    @admin.action(description="Ask to release: the ground has ended")
    def ask_release(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.ask_release)

    @admin.action(description="Do not release: the hold goes on")
    def decline_release(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.decline_release)

    @admin.action(description="Release, as a colleague asked; what was kept is destroyed")
    def confirm_release(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.confirm_release)

    @admin.action(description="Ask that the operator may hand these items over, once")
    def ask_opening(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.ask_opening)

    @admin.action(description="Allow to hand over, as a colleague asked; for seven days")
    def allow_opening(self, request: HttpRequest, chosen: QuerySet[Hold]) -> None:
        self._each(request, chosen, placing.allow_opening)
