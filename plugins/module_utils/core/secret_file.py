# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files for one-time secrets, in clear text or encrypted with ansible-vault."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol

from .errors import FleetgateError, Problem

_WRITES, _ENCRYPTED = ("cannot be written on the node that runs the task", "$ANSIBLE_VAULT;")

# The part of the names of drafts after that of their file, and the length of a secret that space is reserved for.
_DRAFT = ".fleetgate-"
_LONGEST_SECRET = 512


class Vault(Protocol):
    """The vault of the running ansible, which only its own process has. Both return None where a password is not known."""

    def encrypt(self, text: str, vault_id: str) -> str | None: ...

    def decrypt(self, text: str) -> str | None: ...


_vault: ContextVar[Vault | None] = ContextVar("vault", default=None)


@contextmanager
def vault_at_hand(vault: Vault) -> Iterator[None]:
    """Make the vault available within the block."""
    token = _vault.set(vault)
    try:
        yield
    finally:
        _vault.reset(token)


def cannot_keep(path: str, vault_id: str | None) -> list[Problem]:
    """Return why a secret could not be stored in a file, as `Problem`s; nothing is written."""
    problems = []
    if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK):
        problems.append(Problem("secret_file", f"'{path}' {_WRITES}; create its directory first"))
    if os.path.isdir(path):
        problems.append(Problem("secret_file", f"'{path}' is a directory"))
    if vault_id:
        vault = _vault.get()
        if vault is None:
            why = "requires the vault of the control node; remove async and fleetgate_execute_on from the task, or disable the encryption"
            problems.append(Problem("secret_file_vault_id", why))
        elif vault.encrypt("", vault_id) is None:
            why = f"'{vault_id}' is not a vault ID with a known password; run ansible with --vault-id {vault_id}@FILE"
            problems.append(Problem("secret_file_vault_id", why))
    return problems


def kept_secret(path: str) -> tuple[str | None, bool, str | None]:
    """Return the content of a file (None if it does not exist), whether it is encrypted, and why it cannot be read."""
    try:
        with open(path, encoding="utf-8") as source:
            text = source.read().strip()
    except FileNotFoundError:
        return None, False, None
    except OSError as error:
        return (None, False, f"'{path}' cannot be read on the node that runs the task ({error.strerror})")
    except UnicodeDecodeError:
        return None, False, f"'{path}' is not a text file"
    if not text.startswith(_ENCRYPTED):
        return text, False, None
    vault = _vault.get()
    clear = vault.decrypt(text) if vault else None
    if clear is None:
        why = (
            "with a vault password that is not known; run ansible with --vault-id"
            if vault
            else "and can only be decrypted on the control node"
        )
        return None, True, f"'{path}' is encrypted {why}"
    return clear.strip(), True, None


def others_can_read(path: str) -> bool:
    """Whether other users than its owner can access a file."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o077)


def mode_of(path: str) -> str:
    return f"{stat.S_IMODE(os.stat(path).st_mode):04o}"


def protect(path: str) -> None:
    """Restrict a file to its owner."""
    try:
        os.chmod(path, 0o600)
    except OSError as error:
        raise FleetgateError(f"secret_file: '{path}' cannot be given the mode 0600 ({error.strerror})") from None


class SecretFile:
    """A file for a one-time secret.

    Its disk space is reserved before the request is sent, in a draft in the same directory whose name cannot be predicted.
    A draft is locked as long as its process runs, so a draft without a lock was left behind by a run that was killed.
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
        """Write the secret to the file. The server has already created it, so it is saved elsewhere if that fails."""
        content = self._encoded(secret)
        try:
            try:
                _write(self._descriptor, content)
            except OSError:
                # a file system that never writes in place needs the space that truncating the draft frees
                os.ftruncate(self._descriptor, 0)
                _write(self._descriptor, content)
            os.replace(self._draft, self._path)
            self._draft = ""
        except OSError as error:
            why = f"secret_file: '{self._path}' {_WRITES} ({error.strerror}), but the server has created the secret"
            raise FleetgateError(f"{why}; {_saved_elsewhere(content)}") from None

    def close(self) -> None:
        """Remove the draft if it still exists."""
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
            # another run may have removed it as abandoned before it was locked
            if os.path.exists(draft):
                self._descriptor, self._draft = descriptor, draft
            else:
                os.close(descriptor)

    def _remove_abandoned(self) -> None:
        for name in os.listdir(self._folder):
            draft = os.path.join(self._folder, name)
            if not (name.startswith(self._prefix) and stat.S_ISREG(os.lstat(draft).st_mode)):
                continue
            # drafts that other runs are writing are locked, and those of other users cannot be opened
            with suppress(OSError):
                descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(draft)
                finally:
                    os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    """Replace the content of a file and flush it to disk."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _saved_elsewhere(content: bytes) -> str:
    """Save a secret that does not fit into its file system elsewhere; return where, as part of a message."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="fleetgate-secret-")
        try:
            _write(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError:
        return "it is lost; free disk space and set secret=if_invalid to replace it"
    return f"it is in '{path}', which only you can read; free disk space and move it"
