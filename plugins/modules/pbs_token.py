#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_token
short_description: Manage an API token of Proxmox Backup Server
version_added: 0.1.0
description:
  - Makes, changes or removes one API token of a user of a Proxmox Backup Server.
  - A token has no rights before it has ACL entries of its own; see M(fleetgate.proxmox.pbs_acl).
  - The server tells the secret of a token once, when it makes it; the task must therefore say where it is to go.
options:
  userid:
    description: Owner of the token, V(NAME@REALM).
    type: str
    required: true
  token_name:
    description: Name of the token, the part after the C(!) of its full id.
    type: str
    required: true
  enable:
    description: Whether the token may be used. New tokens may.
    type: bool
  expire:
    description: When the token ends, in seconds since 1970; V(0) is never.
    type: int
  comment:
    description: Comment.
    type: str
  secret:
    description:
      - What becomes of the secret of a token that is there. A new token gets one in any case.
      - V(keep), which counts when this is left out, leaves it as it is.
      - V(regenerate) has the server make another one, in every run. The old one is not accepted any more.
      - V(if_invalid) tries what O(secret_file) holds, and then O(secret_candidates), against the server, and has another one made when
        none of them is accepted. A token that is disabled or expired, or whose user is, accepts no secret; it keeps the one that it has.
      - Proxmox Backup Server 3.3.7 and later do it in place. On older ones the token is removed and made again; these keep the ACL
        entries of a token that is removed.
      - A token cannot be used to make its own secret anew.
    type: str
    choices: [keep, regenerate, if_invalid]
  secret_candidates:
    description: Secrets that may be right, for O(secret=if_invalid). The one that is accepted is put into O(secret_file).
    type: list
    elements: str
  secret_file:
    description:
      - File that keeps the secret, on the node that runs the module. It is written with mode 0600, before anything else is done.
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
  required_privileges:
    description:
      - What the token must be allowed to do when the task is done. The server is asked for the effective permissions, and the task
        fails with each privilege that is missing, and its path. A token needs ACL entries of its own, and never has more than its
        user. It is asked for up to 6 seconds, because the server counts a change of the ACL after up to 5.
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
  state:
    description: Whether the token is there. Removing it also removes its ACL entries.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pbs_state
  - module: fleetgate.proxmox.pbs_acl
extends_documentation_fragment:
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: A token for Pulse, its secret in a file
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    comment: Pulse
    secret_file: "{{ playbook_dir }}/secrets/pulse-{{ inventory_hostname }}"

- name: A secret that works, kept encrypted; a new one only if the file is lost or the server does not accept what it holds
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    secret: if_invalid
    secret_file: "{{ playbook_dir }}/secrets/pulse-{{ inventory_hostname }}"
    secret_file_vault_id: default

- name: Another secret for a token that may have leaked
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    secret: regenerate
    secret_file: "{{ playbook_dir }}/secrets/pulse-{{ inventory_hostname }}"

- name: See that the token may do what it is for
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    required_privileges:
      - {path: /, privileges: [Sys.Audit]}
"""

RETURN = r"""
token:
  description: The token as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {userid: pulse-monitor@pbs, token_name: pulse, enable: true, expire: 0, comment: Pulse}
secret:
  description: A secret that was made, or that works. In check mode, where one would be made, a text that says so.
  returned: when O(return_secret=true) and one was made or found to work
  type: str
  sample: 4f0a3c62-2f0c-4d9c-9df4-6f0e1c1f2d11
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users/pulse-monitor@pbs/token/pulse, reason: token pulse-monitor@pbs!pulse is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.one("token")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
