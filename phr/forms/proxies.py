"""What people choose when they name somebody to act for them, or begin a child's record."""

from typing import Any

from django import forms

from phr.forms.sharing import ShareForm
from sharing.models import Authority
from sharing.scopes import Scope, whole
from sharing.services.recipients import ActsFor, Recipient

LOOK, MANAGE = "look", "manage"


class ProxyForm(ShareForm):
    """Who acts for her, by what right, and what that person may do."""

    authority = forms.ChoiceField(
        label="By what right do they act for you?",
        choices=[(one.value, one.label) for one in Authority if one is not Authority.PARENT],
        initial=Authority.CHOSEN,
        widget=forms.RadioSelect,
    )
    acts = forms.ChoiceField(
        label="What may they do for you?",
        choices=[
            (LOOK, "Look at what I choose, nothing else"),
            (MANAGE, "Keep my whole record: see and download all of it, add and correct items"),
        ],
        initial=LOOK,
        help_text="Whoever keeps your record sees all of it, also every sensitive kind, except what you"
        " keep from everybody. They can never share it, name another person to act for you, give"
        " themselves more, or delete anything.",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(("email", "authority", "acts"))
        # Who acts for her adds items in her place; that is no sending in, and no passing on.
        for name in self.INWARD:
            self.fields[name].widget = self.fields[name].hidden_widget()

    @property
    def recipient(self) -> Recipient:
        chosen = self.cleaned_data
        acts = ActsFor(
            Authority(chosen["authority"]),
            may_manage=chosen["acts"] == MANAGE,
        )
        return Recipient(chosen["email"], acts)

    def scope(self) -> Scope:
        """What was chosen; the whole for who keeps the record."""
        chosen = super().scope()
        if self.cleaned_data["acts"] == LOOK:
            return chosen
        return whole(chosen)

    @property
    def further_rows(self) -> list[tuple[str, str]]:
        """What the check shows besides the scope."""
        shown = ((name, dict(self.fields[name].choices)) for name in ("authority", "acts"))  # type: ignore[attr-defined]
        return [
            (str(self.fields[name].label), str(choices[self.cleaned_data[name]]))
            for name, choices in shown
        ]
