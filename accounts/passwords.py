"""Which passwords are too easy to guess, said in one plain sentence."""

from typing import Any

from django.core.exceptions import ValidationError
from django_zxcvbn_password_validator import ZxcvbnPasswordValidator

LONGEST_JUDGED = 72  # zxcvbn takes no more characters; a longer password is judged by its beginning
ADVICE = "Three or four words that do not belong together are easy to remember and hard to guess."


class HardToGuess(ZxcvbnPasswordValidator):  # type: ignore[misc]
    """Refuses passwords that zxcvbn scores below `PASSWORD_MINIMAL_STRENGTH`."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError with what to do instead."""
        if not self.get_strength(password[:LONGEST_JUDGED], user)["acceptable"]:
            raise ValidationError(f"This password is too easy to guess. {ADVICE}")

    def get_help_text(self) -> str:
        return ADVICE
