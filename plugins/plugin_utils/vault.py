# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vault of the running ansible: what --vault-id and --vault-password-file gave it the passwords for."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.vault import AnsibleVaultError, match_encrypt_vault_id_secret


class Vault:
    """Encrypts and decrypts texts as ansible-vault does; None is the answer where a password is not known."""

    def __init__(self, loader: Any) -> None:
        self._vault = loader._vault

    def encrypt(self, text: str, vault_id: str) -> str | None:
        try:
            _name, password = match_encrypt_vault_id_secret(self._vault.secrets, encrypt_vault_id=vault_id)
        except AnsibleVaultError:
            return None
        encrypted: str = to_text(self._vault.encrypt(text, password, vault_id))
        return encrypted

    def decrypt(self, text: str) -> str | None:
        try:
            decrypted: str = to_text(self._vault.decrypt(text))
        except AnsibleVaultError:
            return None
        return decrypted
