"""How a failed preparation is put into one sentence."""

import pytest

from phr.launch.demo import reason_in


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Traceback\n  File x\nphr.errors.KeyError: The key is gone.\n", "The key is gone."),
        (
            "django.core.exceptions.ImproperlyConfigured: PHR_ORIGIN must look like https://…",
            "PHR_ORIGIN must look like https://…",
        ),
        (
            "SystemCheckError: Some issues:\n\n?: (phr.E001) DEBUG must be off.\n\n1 issue.",
            "DEBUG must be off.",
        ),
        ("", "A step stopped without saying why."),
    ],
)
def test_reason_is_the_sentence_without_classes(said: str, sentence: str) -> None:
    assert reason_in(said) == sentence
