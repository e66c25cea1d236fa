"""Why a request may be refused: coded grounds as data (`data/grounds.toml`)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rights.regimes import Right


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: `text` for the person, `cite` the law; `rights` is empty when it fits all."""

    code: str
    text: str
    cite: str
    rights: tuple[str, ...] = ()

    def fits(self, right: Right) -> bool:
        return not self.rights or right in self.rights


def _load() -> dict[str, Ground]:
    data = tomllib.loads((Path(__file__).parent / "data" / "grounds.toml").read_text("utf-8"))
    return {
        code: Ground(code, one["text"], one["cite"], tuple(one.get("rights", ())))
        for code, one in data.items()
    }


GROUNDS: Final = _load()
