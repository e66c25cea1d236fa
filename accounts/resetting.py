"""A password reset that somebody else may start: its owner alone chooses the new password."""

from uuid import UUID

from allauth.account.forms import ResetPasswordForm
from allauth.core import ratelimit
from django.http import HttpRequest

from accounts.models import User


def mail_reset(request: HttpRequest, user_id: UUID) -> bool:
    """Send the ordinary reset mail to this user's address; False when too many went already.

    The address is told to nobody.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return True
    if not ratelimit.consume(request, action="reset_password", key=user.email.lower()):
        return False
    form = ResetPasswordForm({"email": user.email})
    if form.is_valid():
        form.save(request)
    return True
