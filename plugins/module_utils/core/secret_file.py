# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that keep secrets which a server tells once, in clear text or encrypted with ansible-vault."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import FleetgateError

_WRITES, _ENCRYPTED = "cannot be written on the node that runs the task", "$ANSIBLE_VAULT;"

# The vault of the running ansible, which only its own process has: `encrypt(text, vault_id)` and `decrypt(text)` give text,
# and None where that vault cannot do it.
_vault = ContextVar("vault", default=None)


@contextmanager
def vault_at_hand(vault):
    """What runs inside may encrypt and decrypt."""
    token = _vault.set(vault)
    try:
        yield
    finally:
        _vault.reset(token)


def cannot_keep(path, vault_id):
    """Why a secret could not be kept in a file, as (option, rule) pairs; nothing is written."""
    problems = []
    if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK):
        problems.append(("secret_file", f"'{path}' {_WRITES}; make its folder first"))
    if os.path.isdir(path):
        problems.append(("secret_file", f"'{path}' is a folder"))
    if vault_id and _vault.get() is None:
        why = "needs the vault of the ansible that runs the task; leave out async and fleetgate_execute_on, or the encryption"
        problems.append(("secret_file_vault_id", why))
    elif vault_id and _vault.get().encrypt("", vault_id) is None:
        why = f"'{vault_id}' is not among the vault ids that ansible was given a password for (--vault-id {vault_id}@FILE)"
        problems.append(("secret_file_vault_id", why))
    return problems


def kept_secret(path):
    """What a file holds (None where it is not there), whether it is encrypted, and why it cannot be read."""
    try:
        with open(path, encoding="utf-8") as source:
            text = source.read().strip()
    except FileNotFoundError:
        return None, False, None
    except OSError as error:
        return None, False, f"'{path}' cannot be read on the node that runs the task ({error.strerror})"
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


class SecretFile:
    """A file for a secret that a server tells once. It is opened before the server is asked, so that nothing is lost."""

    def __init__(self, path, vault_id=None):
        self._path = path
        self._vault_id = vault_id
        self._draft = f"{path}.{os.getpid()}"
        try:
            self._descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise FleetgateError(f"secret_file: '{path}' {_WRITES} ({error.strerror})") from None

    def keep(self, secret):
        text = f"{secret}\n"
        os.write(self._descriptor, (_vault.get().encrypt(text, self._vault_id) if self._vault_id else text).encode())
        os.fsync(self._descriptor)
        os.replace(self._draft, self._path)

    def close(self):
        os.close(self._descriptor)
        if os.path.exists(self._draft):
            os.unlink(self._draft)
