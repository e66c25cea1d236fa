"""What the trials said."""

from collections import Counter
from dataclasses import dataclass, field

from tests.race.askers import Asked
from tests.race.world import READING, WRITING

# A stream that is under way may still bring what was decided before (DESIGN D11).
GRACE_SECONDS, GRACE_BYTES = 2.0, 1 << 20


@dataclass
class Told:
    """A trial is a request that was under way when the answer came, or was sent after it.

    `served` are those sent later that brought content, `newer` those that brought what was written
    after the answer, `written` those that were kept although they were sent later, and `late`
    those that were kept after it although they were sent before.
    """

    trials: int = 0
    later: int = 0
    rounds: int = 0
    held_up: int = 0
    failed: int = 0
    served: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    went_on: list[str] = field(default_factory=list)
    most_bytes: int = 0
    most_seconds: float = 0.0
    acknowledged: list[float] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Every single thing that should not have been."""
        return [
            f"{what}: {one}"
            for what, found in (
                ("SERVED", self.served), ("NEWER SERVED", self.newer), ("WRITTEN", self.written),
                ("WRITTEN LATE", self.late), ("WENT ON", self.went_on),
            )
            for one in found
        ]  # fmt: skip

    @property
    def blind(self) -> set[str]:
        """Who never read or wrote anything while it was allowed: of them nothing was shown."""
        return {one for one in (*READING, *WRITING) if not self.did[one]}

    @property
    def p95(self) -> float:
        """Seconds that taking it back took, everybody reading."""
        return sorted(self.acknowledged)[int(len(self.acknowledged) * 0.95)]

    def judge(self, asked: Asked, answered: float) -> None:
        """Count one request of somebody from whom something was taken back at that moment."""
        if asked.newer:
            self.newer.append(str(asked))
        if asked.done < answered:
            self.did[asked.what] += asked.succeeded
            return
        self.trials += 1
        self.failed += asked.status >= 500
        if asked.sent > answered:
            self.later += 1
            if asked.pieces:
                self.served.append(str(asked))
        elif asked.pieces:
            self._under_way(asked, answered)

    def _under_way(self, asked: Asked, answered: float) -> None:
        seconds, size = asked.pieces[-1][0] - answered, asked.after(answered)
        self.most_seconds = max(self.most_seconds, seconds)
        self.most_bytes = max(self.most_bytes, size)
        if seconds > GRACE_SECONDS and size > GRACE_BYTES:
            self.went_on.append(f"{asked} for {seconds:.1f} s and {size} bytes")

    def judge_writes(
        self, asked: list[Asked], answered: float, soon: set[str], at_end: set[str]
    ) -> None:
        """`soon` are the marks of what was kept just after the answer, `at_end` when all was over."""
        sent = {one.mark: one for one in asked if one.mark}
        for mark in at_end & sent.keys():
            if sent[mark].sent > answered:
                self.written.append(str(sent[mark]))
            elif mark not in soon:
                self.late.append(str(sent[mark]))
