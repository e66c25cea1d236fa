"""A word has one token, however it is made."""

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing.tokens import Keyed, keyed


@given(st.binary(max_size=64), st.text())
def test_what_is_made_many_times_is_what_is_made_once(key: bytes, text: str) -> None:
    assert Keyed(key).digest(text) == hmac.digest(key, text.encode(), sha256)
    assert Keyed(key).token(text) == keyed(key, text)


def test_a_key_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        Keyed(bytes(65))
