# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """ACL options that PVE and PBS share."""

    DOCUMENTATION = r"""
options:
  roles:
    description: Roles to grant, or to revoke with O(state=absent).
    type: list
    elements: str
    required: true
  users:
    description: Users, V(NAME@REALM).
    type: list
    elements: str
  tokens:
    description: API tokens, by their full ID V(NAME@REALM!TOKEN).
    type: list
    elements: str
  propagate:
    description: Whether the roles also apply below the path. New entries propagate unless this is V(false).
    type: bool
  allow_lockout:
    description:
      - Allow changes that may remove the calling user's or token's own permission to modify the ACL.
      - Such changes are refused by default, because the caller might not be able to restore its permissions.
    type: bool
  exclusive:
    description:
      - Remove undeclared entries within these scopes.
      - An entry matches a scope if it meets all of its conditions. A scope needs at least one condition.
    type: list
    elements: dict
    suboptions:
      path:
        description: Entries on this path.
        type: str
      subtree:
        description: Entries on this path and below.
        type: str
      role:
        description: Entries that grant this role.
        type: str
      subject:
        description: Entries of this subject, which is a user, a full token ID or, on Proxmox VE, a group.
        type: str
      realm:
        description: Entries of users of this realm and, on Proxmox VE, of groups whose name ends in V(-REALM).
        type: str
  max_removals:
    description: Maximum number of entries that one run may remove. A run that would remove more is refused before the first change.
    type: int
    default: 20
  state:
    description: Whether the entries exist.
    type: str
    choices: [present, absent]
    default: present
"""
