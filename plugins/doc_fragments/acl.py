# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """The options of ACL entries that PVE and PBS have alike."""

    DOCUMENTATION = r"""
options:
  roles:
    description: Roles to grant, or with O(state=absent) to take away.
    type: list
    elements: str
    required: true
  users:
    description: Users, V(NAME@REALM).
    type: list
    elements: str
  tokens:
    description: API tokens, by their full id V(NAME@REALM!TOKEN).
    type: list
    elements: str
  propagate:
    description: Whether the roles also count below the path. New entries do.
    type: bool
  allow_lockout:
    description:
      - Whether entries may be removed, narrowed or overruled by V(NoAccess) by which the user or token works that runs this task,
        and whether it may get such as overrule what lets it change the ACL. It might not be able to give that back to itself.
    type: bool
  exclusive:
    description:
      - Scopes in which the declared entries are all that there are. Others that are in one of them are removed.
      - An entry is in a scope when it is all that the scope says; a scope says at least one thing.
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
        description: Entries that give this role.
        type: str
      subject:
        description: Entries of this subject, a user, a full token id or on Proxmox VE a group.
        type: str
      realm:
        description: Entries of the users of this realm, and on Proxmox VE of groups whose name ends in V(-REALM).
        type: str
  max_removals:
    description: How many entries one run may remove. A run that would remove more is refused before it writes.
    type: int
    default: 20
  state:
    description: Whether the entries are there.
    type: str
    choices: [present, absent]
    default: present
"""
