"""A setting that cannot be is refused with a sentence."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from phr import environment


def test_a_folder_is_absolute_or_not_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setenv("PHR_FONT_DIR", tmp_path.name)

    assert environment.folder("PHR_FONT_DIR") == str(tmp_path.resolve())
    monkeypatch.delenv("PHR_FONT_DIR")
    assert environment.folder("PHR_FONT_DIR") == ""


def test_a_folder_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHR_FONT_DIR", "/nowhere/fonts")

    with pytest.raises(ImproperlyConfigured, match="PHR_FONT_DIR names no folder"):
        environment.folder("PHR_FONT_DIR")
