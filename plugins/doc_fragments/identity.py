# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """The options of users and API tokens that PVE and PBS have alike."""

    DOCUMENTATION = r"""
options:
  required_privileges:
    description:
      - What the user or token must be allowed to do when the task is done. The server is asked for the effective permissions, and the
        task fails with each privilege that is missing, and its path. A token never has more than its user.
      - Proxmox Backup Server counts a change of the ACL after up to 5 seconds, so it is asked for up to 6.
      - In check mode that is only looked at when nothing is to be changed, because the permissions after a change are not there yet.
    type: list
    elements: dict
    suboptions:
      path:
        description: Path of the ACL.
        type: str
        required: true
      privileges:
        description: Privileges that are all needed there, V(Sys.Audit) for example.
        type: list
        elements: str
        required: true
  comment:
    description: Comment.
    type: str
attributes:
  check_mode:
    support: partial
    details: What O(required_privileges) asks for is only looked at when nothing is to be changed, so the real run can fail for it.
"""

    USER = r"""
options:
  userid:
    description: User with realm, V(NAME@REALM), at most 64 characters.
    type: str
    required: true
  enable:
    description: Whether the user may sign in. New users may.
    type: bool
  expire:
    description: When the account ends, in seconds since 1970; V(0) is never.
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
    description: When the token ends, in seconds since 1970; V(0) is never.
    type: int
  secret:
    description:
      - What becomes of the secret of a token that is there. A new token gets one in any case.
      - V(keep), which counts when this is left out, leaves it as it is.
      - V(regenerate) has the server make another one, in every run. The old one is not accepted any more.
      - V(if_invalid) tries what O(secret_file) holds, and then O(secret_candidates), against the server, and has another one made when
        none of them is accepted. A token that is disabled or expired, or whose user is, accepts no secret; it keeps the one that it has.
      - Proxmox VE 9.1.14 and Proxmox Backup Server 3.3.7 and later do it in place. On older ones the token is removed and made again, and
        has its ACL entries still when the task is done. On Proxmox VE a second token, named like the first with C(.fleetgate) behind it
        and expired from the beginning, keeps them meanwhile, so that an interrupted run is put right by the next one.
      - A token cannot be used to make its own secret anew.
    type: str
    choices: [keep, regenerate, if_invalid]
  secret_candidates:
    description: Secrets that may be right, for O(secret=if_invalid). The one that is accepted is put into O(secret_file).
    type: list
    elements: str
  secret_file:
    description:
      - File that keeps the secret, on the node that runs the module. It has the mode 0600, and room for the
        secret is taken on the disk before anything is changed. One that others can read is closed to them, whatever it holds.
      - Where it is lost although the token is there, the task fails, and with O(secret=if_invalid) it makes another secret.
    type: path
  secret_file_vault_id:
    description:
      - Encrypts O(secret_file) as C(ansible-vault) does, with the password that ansible was given for this vault id. The one of
        C(--vault-password-file) has the id V(default).
      - Lookups such as P(ansible.builtin.file#lookup) decrypt the file when they read it.
      - Needs the vault of the running ansible, so neither C(async) nor C(fleetgate_execute_on) can be used with it.
    type: str
  return_secret:
    description:
      - Whether the secret is returned as C(secret), in clear text, when it is a new one, or when O(secret=if_invalid) found one that works.
    type: bool
attributes:
  idempotent:
    support: partial
    details: With O(secret=regenerate) every run makes another secret.
"""
