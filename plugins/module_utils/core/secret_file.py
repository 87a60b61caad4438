# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that keep secrets which a server sends once, in clear text or encrypted with ansible-vault."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol

from .errors import FleetgateError

_WRITES, _ENCRYPTED = ("cannot be written on the node that runs the task", "$ANSIBLE_VAULT;")

# What the names of drafts have after that of their file, and the length that room is reserved for.
_DRAFT = ".fleetgate-"
_LONGEST_SECRET = 512


class Vault(Protocol):
    """The vault of the running ansible, which only its own process has. Both return None where a password is not known."""

    def encrypt(self, text: str, vault_id: str) -> str | None: ...

    def decrypt(self, text: str) -> str | None: ...


_vault: ContextVar[Vault | None] = ContextVar("vault", default=None)


@contextmanager
def vault_at_hand(vault: Vault) -> Iterator[None]:
    """What runs inside may encrypt and decrypt."""
    token = _vault.set(vault)
    try:
        yield
    finally:
        _vault.reset(token)


def cannot_keep(path: str, vault_id: str | None) -> list[tuple[str, str]]:
    """Why a secret could not be kept in a file, as (option, rule) pairs; nothing is written."""
    problems = []
    if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK):
        problems.append(("secret_file", f"'{path}' {_WRITES}; make its folder first"))
    if os.path.isdir(path):
        problems.append(("secret_file", f"'{path}' is a folder"))
    if vault_id:
        vault = _vault.get()
        if vault is None:
            why = "needs the vault of the ansible that runs the task; leave out async and fleetgate_execute_on, or the encryption"
            problems.append(("secret_file_vault_id", why))
        elif vault.encrypt("", vault_id) is None:
            why = f"'{vault_id}' is not among the vault ids that ansible was given a password for (--vault-id {vault_id}@FILE)"
            problems.append(("secret_file_vault_id", why))
    return problems


def kept_secret(path: str) -> tuple[str | None, bool, str | None]:
    """What a file holds (None where it is not there), whether it is encrypted, and why it cannot be read."""
    try:
        with open(path, encoding="utf-8") as source:
            text = source.read().strip()
    except FileNotFoundError:
        return None, False, None
    except OSError as error:
        return (None, False, f"'{path}' cannot be read on the node that runs the task ({error.strerror})")
    except UnicodeDecodeError:
        return None, False, f"'{path}' is no text"
    if not text.startswith(_ENCRYPTED):
        return text, False, None
    vault = _vault.get()
    clear = vault.decrypt(text) if vault else None
    if clear is None:
        why = (
            "with a vault password that ansible was not given"
            if vault
            else "and only ansible's own process decrypts it"
        )
        return None, True, f"'{path}' is encrypted {why}"
    return clear.strip(), True, None


def others_can_read(path: str) -> bool:
    """Whether a file that keeps a secret is open to more than its owner."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o077)


def mode_of(path: str) -> str:
    return f"{stat.S_IMODE(os.stat(path).st_mode):04o}"


def protect(path: str) -> None:
    """Leave a file to its owner alone."""
    try:
        os.chmod(path, 0o600)
    except OSError as error:
        raise FleetgateError(f"secret_file: '{path}' cannot be given the mode 0600 ({error.strerror})") from None


class SecretFile:
    """A file for a secret that a server sends only once.

    Its room on the disk is taken before the server is asked, in a draft beside it that nobody can foresee the name of. A
    draft is locked as long as its process lives, so one that a killed run has left is known by its lock being free.
    """

    def __init__(self, path: str, vault_id: str | None = None) -> None:
        self._path, self._vault_id = path, vault_id
        folder, name = os.path.split(os.path.abspath(path))
        self._folder, self._prefix = folder, f".{name}{_DRAFT}"
        self._draft, self._descriptor = "", -1
        try:
            self._remove_abandoned()
            self._open_draft()
            _write(self._descriptor, self._encoded("x" * _LONGEST_SECRET))
        except OSError as error:
            self.close()
            raise FleetgateError(f"secret_file: '{path}' {_WRITES} ({error.strerror}); nothing was changed") from None

    def keep(self, secret: str) -> None:
        """Put the secret in the file. The server has made it by now, so it is saved elsewhere where that is impossible."""
        content = self._encoded(secret)
        try:
            try:
                _write(self._descriptor, content)
            except OSError:
                # a file system that never writes in place takes the room that the draft gives back
                os.ftruncate(self._descriptor, 0)
                _write(self._descriptor, content)
            os.replace(self._draft, self._path)
            self._draft = ""
        except OSError as error:
            why = f"secret_file: '{self._path}' {_WRITES} ({error.strerror}), and the server has made the secret"
            raise FleetgateError(f"{why}; {_saved_elsewhere(content)}") from None

    def close(self) -> None:
        """Remove what is left of the draft, which may be nothing."""
        if self._draft:
            with suppress(OSError):
                os.unlink(self._draft)
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _encoded(self, secret: str) -> bytes:
        text = f"{secret}\n"
        if self._vault_id:
            vault = _vault.get()
            encrypted = vault.encrypt(text, self._vault_id) if vault else None
            if encrypted is None:
                raise RuntimeError("a secret is to be encrypted that cannot_keep() was not asked about")
            text = encrypted
        return text.encode()

    def _open_draft(self) -> None:
        while self._descriptor < 0:
            descriptor, draft = tempfile.mkstemp(prefix=self._prefix, dir=self._folder)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # another run may have taken it for abandoned before it was locked
            if os.path.exists(draft):
                self._descriptor, self._draft = descriptor, draft
            else:
                os.close(descriptor)

    def _remove_abandoned(self) -> None:
        for name in os.listdir(self._folder):
            draft = os.path.join(self._folder, name)
            if not (name.startswith(self._prefix) and stat.S_ISREG(os.lstat(draft).st_mode)):
                continue
            # one that another run is writing is locked, and one that is somebody else's cannot be opened
            with suppress(OSError):
                descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(draft)
                finally:
                    os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    """Make all of a content that of a file, on the disk."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _saved_elsewhere(content: bytes) -> str:
    """Where a secret is that its own file has no room for."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="fleetgate-secret-")
        try:
            _write(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError:
        return "it is lost, so make room and have another one made (secret=if_invalid)"
    return f"it is in '{path}', which only you can read: make room and move it"
