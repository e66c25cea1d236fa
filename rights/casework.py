"""What the person's and the desk's services share: rows of a case, inside the act that is open."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import mail
from accounts.models import User
from rights import clocks, transitions
from rights.authorities import AUTHORITIES, Authority
from rights.deadlines import Due, Kind
from rights.grounds import GROUNDS, Ground
from rights.letters import Letter
from rights.models import Case, RightRequest
from rights.regimes import REGIMES, Jurisdiction, Regime, Right, Rule, applying, rule_of
from rights.transitions import ENDED, OPEN, Party, State, Step

CHANGING: Final = (
    "state", "decision", "ground", "proposed_by", "decided_by", "acknowledged_at", "decided_at",
    "legal_on", "safe_on", "acknowledge_on", "waiting_since",
)  # fmt: skip


class Refused(Exception):
    """Something that cannot be done now; the text is one sentence for whoever tried."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as people read it: what, under which law, until when and why then, the answer."""

    row: RightRequest
    right: Right
    regime: Regime
    rule: Rule
    due: Due
    state: State
    ground: Ground | None
    today: date

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_answered(self) -> bool:
        return self.state in {State.DECIDED, State.CLOSED}

    @property
    def is_late(self) -> bool:
        """The law's last day is over, and we neither answered nor wait for the person."""
        return self.is_open and not self.due.paused_since and self.due.legal < self.today


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case with everything that a person or the desk reads of it."""

    case: Case
    jurisdiction: Jurisdiction
    asked: list[Asked]
    letters: list[Letter]
    authorities: tuple[Authority, ...]

    @property
    def may_write(self) -> bool:
        return self._may(Step.WRITE)

    @property
    def may_withdraw(self) -> bool:
        return self._may(Step.WITHDRAW)

    def _may(self, step: Step) -> bool:
        return any(transitions.after(one.state, Party.PERSON, step) for one in self.asked)


def begin(case: Case, right: Right, on: date | None = None) -> None:
    """Ask for a right, under each law that may apply, and start the clocks today or `on` a day."""
    place = Jurisdiction(case.jurisdiction)
    for rule in applying(right, place, on or clocks.today("portal")):
        _begin(case, rule, on or clocks.today(rule.regime))


def _begin(case: Case, rule: Rule, on: date) -> None:
    found = clocks.first(rule.version, on)
    row = RightRequest(case=case, patient_id=case.patient_id, right=rule.right, regime=rule.regime)
    row.rule_version = rule.version
    row.legal_on, row.safe_on, row.acknowledge_on = found.legal, found.safe, found.acknowledge
    row.save()
    clocks.strike(row, Kind.STARTED, on=on)


def move(row: RightRequest, state: State, *, answered: bool = False) -> None:
    """Put a request into a state and save it; leaving the wait sets its clock going again.

    Only where she `answered` what she was asked does the wait move a deadline.
    """
    if row.state == State.WAITING and state is not State.WAITING:
        for reason in clocks.waiting(row):
            clocks.strike(row, Kind.RESUMED if answered else Kind.DROPPED, reason=reason)
    if state is State.WITHDRAWN:
        clocks.strike(row, Kind.WITHDRAWN)
    if state is State.DECIDED and row.decided_at is None:
        clocks.strike(row, Kind.SATISFIED)
        row.decided_at = timezone.now()
    row.state = state
    keep(row)


def keep(row: RightRequest) -> None:
    """Save what may change of a request; the database lets nothing else be changed."""
    row.save(update_fields=CHANGING)


def settle(case: Case) -> None:
    """Close a case once each of its requests has ended."""
    # Of two colleagues who each end one of the last two, the second sees what the first did.
    Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    if not case.requests.exclude(state__in=ENDED).exists():
        case.closed_at = timezone.now()
        case.save(update_fields=["closed_at"])


def tell(case: Case) -> None:
    """Mail the person that something happened in her case, and nothing else."""
    user = User.objects.filter(pk=case.user_id).first() if case.user_id else None
    if user is not None:
        link = settings.PHR_ORIGIN + reverse("rights:case", args=[case.reference])
        mail.send(user.email, "rights/case", link=link)


def page(case: Case, letters: list[Letter]) -> CasePage:
    """A case as people read it; row-level security let it through."""
    place = Jurisdiction(case.jurisdiction)
    rows = case.requests.order_by("safe_on", "id")
    return CasePage(case, place, [asked(row) for row in rows], letters, AUTHORITIES[place])


def asked(row: RightRequest) -> Asked:
    """One request as people read it."""
    return Asked(
        row,
        Right(row.right),
        REGIMES[row.regime],
        rule_of(row.rule_version),
        clocks.reckoned(row),
        State(row.state),
        GROUNDS.get(row.ground),
        clocks.today(row.regime),
    )
