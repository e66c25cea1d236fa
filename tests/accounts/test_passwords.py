"""Passwords: what is refused, and in which words."""

import pytest
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords import ADVICE

ALICE = User(email="alice@example.org")


@pytest.mark.parametrize(
    "password", ["1234", "password1234", "qwertyuiop12", "alice@example.org", "aaaaaaaaaaaaaaaa"]
)
def test_easy_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, ALICE)


def test_the_reason_is_one_sentence_and_an_advice() -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password("password1234", ALICE)
    assert refused.value.messages == [f"This password is too easy to guess. {ADVICE}"]


@pytest.mark.parametrize("words", ["seven quiet owls on a roof", "seven quiet owls on a roof " * 5])
def test_a_few_words_will_do_and_many_words_too(words: str) -> None:
    validate_password(words, ALICE)


def test_what_is_asked_for_fits_on_a_phone() -> None:
    assert len(" ".join(password_validators_help_texts())) < 250
