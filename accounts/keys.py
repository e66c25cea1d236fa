"""Keys: a KEK wraps one random root key per patient; HKDF gives subkeys by purpose (ADR 4).

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the additional data names patient and
place, so a ciphertext moved to another row, field, version or patient does not open.
"""

import os
import time
from base64 import b64decode, b64encode
from collections import OrderedDict
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts.models import User
from accounts.vault.acting import in_vault
from accounts.vault.models import KeyEncryptionKey, PatientKey

CACHE_SECONDS = 60
CACHE_KEYS = 512
FORMAT = b"\x01"
CHECK_TEXT = b"this vault belongs to this key"


class Purpose(StrEnum):
    """What a subkey is for; a key of one purpose opens nothing of another."""

    AUDIT = "audit"
    BLOB = "blob"
    BODY = "body"
    INDEX = "index"


class KeyProblem(Exception):
    """The KEK is missing or not the one this vault was sealed with; the text is for the operator."""


class Unopenable(Exception):
    """A ciphertext is damaged, was moved, or its key has been destroyed."""


class KeyProvider(Protocol):
    """Where the KEK lives: a file here; a KMS or a Vault transit engine in other deployments."""

    def current(self) -> str: ...

    def wrap(self, plaintext: bytes, aad: bytes) -> tuple[str, bytes]: ...

    def unwrap(self, kek_id: str, wrapped: bytes, aad: bytes) -> bytes: ...


class FileKeyProvider:
    """KEKs in a file of mode 0400, one `id:base64` a line, the current one first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _all(self) -> dict[str, bytes]:
        try:
            lines = self.path.read_text(encoding="ascii").split()
        except FileNotFoundError as error:
            raise KeyProblem(f"The key file {self.path.name} is missing.") from error
        except OSError as error:
            raise KeyProblem(f"The key file {self.path.name} cannot be read.") from error
        try:
            pairs = (line.split(":", 1) for line in lines)
            keys = {name: b64decode(value, validate=True) for name, value in pairs}
        except ValueError as error:
            raise KeyProblem(f"The key file {self.path.name} is damaged.") from error
        if not keys or any(len(key) != 32 for key in keys.values()):
            raise KeyProblem(f"The key file {self.path.name} is damaged.")
        return keys

    def current(self) -> str:
        return next(iter(self._all()))

    def wrap(self, plaintext: bytes, aad: bytes) -> tuple[str, bytes]:
        name = self.current()
        return name, encrypt(self._all()[name], aad, plaintext)

    def unwrap(self, kek_id: str, wrapped: bytes, aad: bytes) -> bytes:
        return decrypt(self._one(kek_id), aad, wrapped)

    def seal_check(self, kek_id: str) -> bytes:
        """The text that shows later whether the file still holds this very KEK."""
        return encrypt(self._one(kek_id), b"check", CHECK_TEXT)

    def _one(self, kek_id: str) -> bytes:
        key = self._all().get(kek_id)
        if key is None:
            raise KeyProblem(f"The key file {self.path.name} has no key named {kek_id}.")
        return key

    def create(self) -> None:
        """Write a new KEK, readable by its owner alone; never over an existing file."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_keys(self.path, {_new_name(): os.urandom(32)})
        _sync(self.path.parent)

    def names(self) -> list[str]:
        """Every KEK in the file, the current one first."""
        return list(self._all())

    def append(self) -> str:
        """Add a new KEK behind the others; nothing is wrapped with it yet. Returns its name."""
        name = _new_name()
        self._replace({**self._all(), name: os.urandom(32)})
        return name

    def promote(self, name: str) -> None:
        """Make a KEK the current one."""
        keys = self._all()
        self._replace({name: keys.pop(name), **keys})

    def drop(self, name: str) -> None:
        """Destroy a KEK that nothing is wrapped with any more. Raises ValueError for the current."""
        if name == self.current():
            raise ValueError("the current KEK")
        self._replace({one: key for one, key in self._all().items() if one != name})

    def _replace(self, keys: dict[str, bytes]) -> None:
        """Put a new file in the place of the old one, whole or not at all."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        try:
            _write_keys(fresh, keys)
            owner = self.path.stat()
            os.chown(fresh, owner.st_uid, owner.st_gid)
            fresh.replace(self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise KeyProblem(f"The key file {self.path.name} cannot be replaced.") from error


def _new_name() -> str:
    return os.urandom(6).hex()


def _write_keys(path: Path, keys: dict[str, bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as out:
        out.writelines(f"{name}:{b64encode(key).decode()}\n" for name, key in keys.items())
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    """Until this, a loss of power may take back which file the name stands for."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def provider() -> FileKeyProvider:
    return FileKeyProvider(Path(settings.PHR_KEK_FILE))


def encrypt(key: bytes, aad: bytes, plaintext: bytes) -> bytes:
    nonce = os.urandom(12)
    return FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def decrypt(key: bytes, aad: bytes, sealed: bytes) -> bytes:
    return _decrypted(AESGCM(key), aad, sealed)


def _decrypted(cipher: AESGCM, aad: bytes, sealed: bytes) -> bytes:
    if sealed[:1] != FORMAT:
        raise Unopenable("unknown format")
    try:
        return cipher.decrypt(sealed[1:13], sealed[13:], aad)
    except InvalidTag as error:
        raise Unopenable("does not open") from error


def derive(key: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """HKDF-SHA256 (RFC 5869) to 32 bytes."""
    return HKDF(SHA256(), 32, salt, info).derive(key)


_subkeys: OrderedDict[tuple[UUID, Purpose], tuple[float, bytes]] = OrderedDict()
_lock = Lock()


def subkey(patient_id: UUID, purpose: Purpose) -> bytes:
    """The patient's 32-byte key for `purpose`, kept in this process for at most 60 s.

    Raises `Unopenable` when the patient has no key (never made, or destroyed).
    """
    now = time.monotonic()
    with _lock:
        _drop_old(now)
        kept = _subkeys.get((patient_id, purpose))
    if kept is not None:
        return kept[1]
    key = derive(_root(patient_id), purpose.encode())
    with _lock:
        _subkeys[patient_id, purpose] = (now + CACHE_SECONDS, key)
        while len(_subkeys) > CACHE_KEYS:
            _subkeys.popitem(last=False)
    return key


def _drop_old(now: float) -> None:
    # In the order of their time: what is old is forgotten also when nobody asks for it again.
    while _subkeys and next(iter(_subkeys.values()))[0] <= now:
        _subkeys.popitem(last=False)


def forget(patient_id: UUID) -> None:
    """Drop what this process remembers of a patient's keys."""
    with _lock:
        for purpose in Purpose:
            _subkeys.pop((patient_id, purpose), None)


def forget_all() -> None:
    with _lock:
        _subkeys.clear()


def create_patient_key(patient_id: UUID) -> None:
    """Make and wrap a random root key for a new patient."""
    kek_id, wrapped = provider().wrap(os.urandom(32), patient_id.bytes)
    with in_vault(about=patient_id):
        PatientKey.objects.using("vault").create(
            patient_id=patient_id, kek_id=kek_id, wrapped=wrapped
        )


def destroy_patient_key(patient_id: UUID) -> bool:
    """Destroy a root key: whatever it sealed opens nowhere any more. Returns whether there was one.

    Other processes may remember the key for `CACHE_SECONDS` more.
    """
    forget(patient_id)
    with in_vault(about=patient_id, worker=True):
        gone, _ = PatientKey.objects.using("vault").filter(patient_id=patient_id).delete()
    return bool(gone)


def has_key(patient_id: UUID) -> bool:
    with in_vault(about=patient_id):
        return PatientKey.objects.using("vault").filter(patient_id=patient_id).exists()


def _root(patient_id: UUID) -> bytes:
    with in_vault(about=patient_id):
        row = PatientKey.objects.using("vault").filter(patient_id=patient_id).first()
    if row is None:
        raise Unopenable("no key")
    return provider().unwrap(row.kek_id, bytes(row.wrapped), patient_id.bytes)


def seal(patient_id: UUID, purpose: Purpose, place: str, plaintext: bytes) -> bytes:
    """Encrypt for one place, e.g. `phr_record/<id>/body/<version>`."""
    return encrypt(subkey(patient_id, purpose), _aad(patient_id, place), plaintext)


class Sealing:
    """`seal` for many places: the cipher is set up once for as long as the key is remembered."""

    def __init__(self, patient_id: UUID, purpose: Purpose) -> None:
        self._patient_id, self._purpose = patient_id, purpose
        self._about, self._key = _aad(patient_id, ""), b""

    def seal(self, place: str, plaintext: bytes) -> bytes:
        """Encrypt for one place. Raises `Unopenable` once the key is destroyed."""
        key = subkey(self._patient_id, self._purpose)
        if key is not self._key:
            self._key, self._cipher = key, AESGCM(key)
        nonce = os.urandom(12)
        return FORMAT + nonce + self._cipher.encrypt(nonce, plaintext, self._about + place.encode())


class Opening:
    """`unseal` for many places: the cipher is set up once for as long as the key is remembered."""

    def __init__(self, patient_id: UUID, purpose: Purpose) -> None:
        self._patient_id, self._purpose = patient_id, purpose
        self._about, self._key = _aad(patient_id, ""), b""

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made for this very place; else raises `Unopenable`."""
        key = subkey(self._patient_id, self._purpose)
        if key is not self._key:
            self._key, self._cipher = key, AESGCM(key)
        return _decrypted(self._cipher, self._about + place.encode(), sealed)


def unseal(patient_id: UUID, purpose: Purpose, place: str, sealed: bytes) -> bytes:
    """Decrypt what `seal` made for this very patient and place; else raises `Unopenable`."""
    return decrypt(subkey(patient_id, purpose), _aad(patient_id, place), bytes(sealed))


def _aad(patient_id: UUID, place: str) -> bytes:
    return f"{patient_id}|{place}".encode()


@cache
def portal_key(purpose: str) -> bytes:
    """A key of the whole portal (mail, audit chain), derived from a secret kept outside the database."""
    return derive(settings.PHR_PORTAL_SECRET.encode(), f"portal:{purpose}".encode())


def seal_portal(place: str, plaintext: bytes) -> bytes:
    return encrypt(portal_key("seal"), place.encode(), plaintext)


def unseal_portal(place: str, sealed: bytes) -> bytes:
    return decrypt(portal_key("seal"), place.encode(), bytes(sealed))


def prepare() -> bool:
    """Make the KEK on the first run only; else check it. Returns whether one was made.

    Raises `KeyProblem` when data exists and the KEK is missing or another one.
    """
    sealed_before, keys = known(), provider()
    if not sealed_before and User.objects.exists():
        raise KeyProblem("There are people in the database, but the vault has no key of theirs.")
    made = False
    if not sealed_before and not keys.path.exists():
        keys.create()
        made = True
    if not sealed_before:
        enter(keys.current())
    check()
    return made


def known() -> bool:
    """Whether the vault was ever sealed with a KEK."""
    return KeyEncryptionKey.objects.using("vault").exists()


def enter(kek_id: str) -> None:
    """Let the vault know a KEK of the file; nothing may be wrapped with it before."""
    sealed = provider().seal_check(kek_id)
    with in_vault():
        rows = KeyEncryptionKey.objects.using("vault")
        rows.get_or_create(id=kek_id, defaults={"check_sealed": sealed})


def check() -> None:
    """Raise `KeyProblem` unless every KEK this vault was sealed with is here and opens its check."""
    rows = list(KeyEncryptionKey.objects.using("vault").all())
    if not rows:
        raise KeyProblem("The vault has no key yet. Run manage.py prepare_keys.")
    for row in rows:
        try:
            text = provider().unwrap(row.id, bytes(row.check_sealed), b"check")
        except Unopenable as error:
            raise KeyProblem("The key file holds a key of another vault.") from error
        if text != CHECK_TEXT:
            raise KeyProblem("The key file holds a key of another vault.")
