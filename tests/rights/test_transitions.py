"""Every state, every party and every step: allowed or refused, and the manual says the same."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from rights.transitions import ENDED, OPEN, TABLE, Party, State, Step, after, steps

MANUAL = (Path(settings.BASE_DIR) / "docs" / "rights-desk.md").read_text(encoding="utf-8")


def listed() -> dict[tuple[str, str], dict[str, str]]:
    """The manual's table: (state, party) → step → next state."""
    lines = MANUAL.partition("\n## Who may do what\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    parties = [cell.partition(":")[0] for cell in rows[0][1:]]
    return {
        (row[0], party): dict(re.findall(r"(\w[\w ]*?) → (\w+)", cell))
        for row in rows[2:]
        for party, cell in zip(parties, row[1:], strict=True)
    }


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("party", Party)
def test_every_step_is_allowed_or_refused_as_the_manual_says(state: State, party: Party) -> None:
    row = listed()[state.value, party.value]

    for step in Step:
        follows = after(state, party, step)
        assert (follows.value if follows else None) == row.get(step.value), step
    assert {step.value for step in steps(state, party)} == set(row)


def test_the_manual_lists_nothing_else() -> None:
    assert set(listed()) == {(state.value, party.value) for state in State for party in Party}
    assert {step for row in listed().values() for step in row} == {step.value for step in Step}


def test_nothing_follows_an_end_and_everything_leads_to_one() -> None:
    assert not [state for state, _ in TABLE if state in ENDED]
    reached = {State.RECEIVED}
    for _ in State:
        reached |= {
            to for (state, _), row in TABLE.items() if state in reached for to in row.values()
        }
    assert reached == set(State)
    assert set(OPEN) == set(State) - set(ENDED) - {State.DECIDED}


def test_only_two_members_of_staff_refuse() -> None:
    """A refusal begins as a proposal, and who proposed it cannot confirm it."""
    leading = {(state, party, step) for (state, party), row in TABLE.items()
               for step, to in row.items() if to is State.DECIDED and state is not to}  # fmt: skip

    assert {step for *_, step in leading} == {Step.GRANT, Step.CONFIRM}
    assert {(state, party) for state, party, step in leading if step is Step.CONFIRM} == {
        (State.PROPOSED, Party.COLLEAGUE)
    }
    assert not [party for _, party, _ in leading if party is Party.PERSON]
