"""To whom a person may complain, by where she lives (`data/authorities.toml`)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rights.regimes import Jurisdiction


@dataclass(frozen=True, slots=True)
class Authority:
    """A public authority and its public address."""

    name: str
    url: str


def _load() -> dict[Jurisdiction, tuple[Authority, ...]]:
    data = tomllib.loads((Path(__file__).parent / "data" / "authorities.toml").read_text("utf-8"))
    return {
        place: tuple(Authority(one["name"], one["url"]) for one in data[place])
        for place in Jurisdiction
    }


AUTHORITIES: Final = _load()
