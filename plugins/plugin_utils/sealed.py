# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that go from one task to another within a run, in a form that is useless outside of it.

The key is made when this module is imported. That happens once, in the process that forks ansible's workers: each action
file that uses this module is loaded there before its first task starts. So every worker has the same key, and what is
registered, cached, logged or stored as an artifact holds ciphertext only.
"""

from __future__ import annotations

try:
    # a dependency of ansible-core itself
    from cryptography.fernet import Fernet, InvalidToken

    _BOX = Fernet(Fernet.generate_key())
except ImportError:
    # nothing is sealed where ansible-core itself is incomplete, as in the import test of ansible-test
    _BOX = InvalidToken = None  # type: ignore[assignment,misc]

from ..module_utils.core.errors import FleetgateError

_PREFIX = "sealed:"


def seal(secret: str) -> str:
    """The ciphertext of a secret; an empty one stays empty, so that it can be tested for."""
    return _PREFIX + _BOX.encrypt(secret.encode()).decode() if secret else ""


def unseal(text: str) -> str:
    """The secret of a ciphertext made in the same run."""
    if not text:
        return ""
    try:
        return _BOX.decrypt(str(text).removeprefix(_PREFIX).encode()).decode()
    except InvalidToken:
        raise FleetgateError(
            "a secret that another task of this run returned cannot be decrypted: both tasks must run in the same"
            " ansible-playbook process, with a strategy that forks its workers (linear, free or host_pinned)"
        ) from None
