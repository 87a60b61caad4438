# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """Options of users and API tokens that PVE and PBS share."""

    DOCUMENTATION = r"""
options:
  required_privileges:
    description:
      - Privileges that the user or token must have after the task. The task reads the effective permissions from the server and fails
        with every missing privilege and its path. A token never has more privileges than its user.
      - Proxmox Backup Server applies a change of the ACL within 5 seconds, so the task waits for up to 6 seconds.
      - In check mode this is only verified if nothing is to be changed, because the permissions after a change do not exist yet.
    type: list
    elements: dict
    suboptions:
      path:
        description: Path of the ACL.
        type: str
        required: true
      privileges:
        description: Privileges that are all required on the path, for example V(Sys.Audit).
        type: list
        elements: str
        required: true
  comment:
    description: Comment.
    type: str
attributes:
  check_mode:
    support: partial
    details: O(required_privileges) is only verified if nothing is to be changed, so the real run can fail although check mode does not.
"""

    USER = r"""
options:
  userid:
    description: User with realm, V(NAME@REALM), at most 64 characters.
    type: str
    required: true
  enable:
    description: Whether the user may sign in. New users are enabled unless this is V(false).
    type: bool
  expire:
    description: Expiry of the account, in seconds since 1970-01-01 UTC. V(0) means that it never expires.
    type: int
  firstname:
    description: First name.
    type: str
  lastname:
    description: Last name.
    type: str
  email:
    description: E-mail address.
    type: str
"""

    TOKEN = r"""
options:
  userid:
    description: Owner of the token, V(NAME@REALM).
    type: str
    required: true
  expire:
    description: Expiry of the token, in seconds since 1970-01-01 UTC. V(0) means that it never expires.
    type: int
  secret:
    description:
      - How to treat the secret of an existing token. A new token always gets a secret.
      - V(keep) leaves the secret as it is. This is the behavior if the option is omitted.
      - V(regenerate) replaces the secret in every run. The previous secret is no longer accepted.
      - V(if_invalid) tests the content of O(secret_file) and then O(secret_candidates) against the server, and replaces the secret if none of
        them is accepted. A token that is disabled or expired, or whose user is, accepts no secret and keeps the one it has.
      - Proxmox VE 9.1.14 and Proxmox Backup Server 3.3.7 and later replace the secret in place. On older versions the token is deleted and
        recreated, and keeps its ACL entries. On Proxmox VE they are held meanwhile by a second, expired token whose name has the suffix
        C(.fleetgate), so that the next run completes an interrupted one.
      - A token cannot regenerate its own secret.
    type: str
    choices: [keep, regenerate, if_invalid]
  secret_candidates:
    description: Secrets to test with O(secret=if_invalid). The secret that the server accepts is stored in O(secret_file).
    type: list
    elements: str
  secret_file:
    description:
      - File for the secret, on the node that runs the module. It has the mode 0600, and its space is reserved on disk before the first change. The
        mode of an existing file is corrected.
      - If the file is missing although the token exists, the task fails. With O(secret=if_invalid) it replaces the secret instead.
      - A token whose secret was never stored, because the run that created it was interrupted, gets another secret unless O(secret) is given. Such a
        token is recognized by the draft of the file, or by having no privileges yet.
    type: path
  secret_file_vault_id:
    description:
      - Encrypt O(secret_file) with Ansible Vault, with the password of this vault ID. The password of C(--vault-password-file) has the ID
        V(default).
      - Lookups such as P(ansible.builtin.file#lookup) decrypt the file when they read it.
      - Cannot be used with C(async) or C(fleetgate_execute_on), because the vault is only available in the process of the control node.
    type: str
  secret_comment:
    description:
      - Comment that is set whenever the task creates the token or replaces its secret, for example with the date. Otherwise the comment is not
        compared. It cannot be used together with O(comment).
    type: str
  return_secret:
    description:
      - Whether to return the secret as C(secret), in clear text, if it is new or if O(secret=if_invalid) found one that works.
    type: bool
attributes:
  idempotent:
    support: partial
    details: O(secret=regenerate) replaces the secret in every run.
"""
