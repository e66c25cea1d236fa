"""Pages about the people of a facility: inviting, changing, suspending, and the roster."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import resetting
from accounts.actors import Actor
from accounts.requests import actor_of
from sharing.forms.facilities import InviteForm, RoleForm, ShiftForm
from sharing.models import Role
from sharing.services import managing, members, rosters
from sharing.services.recipients import Refused

HOLDS = "Changed. It holds from now on."
WAITS = "The role before has ended. We have asked them to accept the new one."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Invite whoever owns an address."""
    actor = actor_of(request)
    row = managing.read(actor, organization_id).facility
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            members.invite(
                actor, organization_id, said["email"], code=Role(said["code"]), ends_at=form.until
            )
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, "We have sent them an email with an invitation.")
            return redirect("sharing:manage", organization_id)
    return render(request, "sharing/member_invite.html", {"form": form, "facility": row})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """See an invitation to a facility, and accept it."""
    actor = actor_of(request)
    row = members.invitation(actor, role_id)
    if request.method == "POST":
        try:
            members.accept(actor, role_id)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("accounts:register")
        messages.success(request, f"You belong to {row.organization.name} now.")
        return redirect("sharing:facilities")
    return render(request, "sharing/role_invitation.html", {"role": row})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Somebody of the facility: what she is there, and until when."""
    actor = actor_of(request)
    row, person = members.one(actor, role_id)
    known = {"code": row.code, "ends_on": row.ends_at and row.ends_at.date()}
    form = RoleForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        code = Role(form.cleaned_data["code"])
        try:
            changed = members.change(actor, role_id, code=code, ends_at=form.until)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, HOLDS if changed == role_id else WAITS)
            return redirect("sharing:manage", row.organization_id)
    return render(request, "sharing/member.html", {"form": form, "role": row, "person": person})


def _pressed(
    act: Callable[[Actor, UUID], UUID], done: str
) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A page that is only a button."""

    @login_required
    @require_http_methods(["POST"])
    def pressed(request: HttpRequest, role_id: UUID) -> HttpResponse:
        actor = actor_of(request)
        organization_id = members.one(actor, role_id)[0].organization_id
        try:
            act(actor, role_id)
            messages.success(request, done)
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("sharing:manage", organization_id)

    return pressed


suspend = _pressed(members.suspend, "Suspended. They see nothing of the facility from now on.")
resume = _pressed(members.resume, "They see again what the facility sees.")
end = _pressed(members.end, "Ended. They see nothing of the facility from now on.")


@login_required
@require_http_methods(["POST"])
def reset_password(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Send somebody of the facility the ordinary mail for a new password."""
    actor = actor_of(request)
    user_id = members.to_reset(actor, role_id)
    if resetting.mail_reset(request, user_id):
        said = "We have sent them the mail with which they choose a new password."
        messages.success(request, said)
    else:
        messages.error(request, "They got several such mails just now. Try again in an hour.")
    return redirect("sharing:member", role_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def roster(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Who is on call when, in the time of the portal's legal place."""
    with timezone.override(settings.PHR_LEGAL_ZONE):
        return _roster(request, organization_id)


def _roster(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    row = managing.read(actor, organization_id).facility
    people = rosters.on_call(actor, organization_id)
    form = ShiftForm(request.POST or None, people=people)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            rosters.add(
                actor, organization_id, said["role"],
                starts_at=said["starts_at"], ends_at=said["ends_at"],
            )  # fmt: skip
        except Refused as refused:
            form.add_error("ends_at", str(refused))
        else:
            messages.success(request, "Added to the roster.")
            return redirect("sharing:roster", organization_id)
    context = {
        "form": form, "facility": row, "people": people, "zone": settings.PHR_LEGAL_ZONE,
        "shifts": rosters.shifts(actor, organization_id),
    }  # fmt: skip
    return render(request, "sharing/roster.html", context)


@login_required
@require_http_methods(["POST"])
def remove_shift(request: HttpRequest, shift_id: UUID) -> HttpResponse:
    """Take a shift off the roster."""
    organization_id = rosters.remove(actor_of(request), shift_id)
    messages.success(request, "Removed from the roster.")
    return redirect("sharing:roster", organization_id)
