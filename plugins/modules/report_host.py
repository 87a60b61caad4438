#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: report_host
short_description: Read who has access to one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The task of the role P(fleetgate.proxmox.report#role), which the playbook C(fleetgate.proxmox.report) runs. Use these instead of the module.
  - Reads users, groups, tokens, roles, ACL entries, realms and second factors, and compares them with the declaration. Nothing is written.
  - Options default to the variables of the host.
options:
  compare:
    description: Whether the identity provider could be read, without which nothing is reported as undeclared. Set by the action plugin.
    type: bool
    default: true
seealso:
  - module: fleetgate.proxmox.report_provider
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.client
  - fleetgate.proxmox.fleet.issuer
  - fleetgate.proxmox.fleet.review
  - fleetgate.proxmox.fleet.emergency
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read the people of the identity provider
  fleetgate.proxmox.report_provider:
    stage: preflight
  register: __fleetgate_idp
  run_once: true

- name: Read who has access to the cluster
  fleetgate.proxmox.report_host:
    product: pve
  register: __fleetgate_facts
"""

RETURN = r"""
identity:
  description: The same for inventory hosts that are one server or nodes of one cluster.
  returned: success
  type: list
  elements: str
  sample: [berlin, berlin1, berlin2]
facts:
  description: What the review needs to know of the host.
  returned: success
  type: dict
  contains:
    product:
      description: Title of the product.
      type: str
    server:
      description: The server that was read.
      type: str
    caller:
      description: The user or token that it was read as.
      type: str
    realm:
      description: The realm of the fleet.
      type: str
    emergency:
      description: The declared emergency account, empty if there is none.
      type: str
    all_powerful:
      description: The role that has all privileges.
      type: str
    administrator:
      description: The privileges of that role.
      type: list
      elements: str
    key_path:
      description: The ACL path on which C(Sys.Audit) shows the settings of realms.
      type: str
    roles:
      description: The privileges of each role that an ACL entry has.
      type: dict
    acl:
      description: ACL entries, each with its C(status) (V(declared), V(missing), V(undeclared), V(unmanaged) or V(unknown)) and where it is declared.
      type: list
      elements: dict
    users:
      description: Users, and whether they have a second factor.
      type: list
      elements: dict
    groups:
      description: The members of each group.
      type: dict
    tokens:
      description: API tokens, without secrets.
      type: list
      elements: dict
    realms:
      description: Realms, without secrets.
      type: list
      elements: dict
    undeclared:
      description: Kind and description of each object that belongs to the realm and is not declared.
      type: list
      elements: list
    unseen:
      description: What the caller cannot see.
      type: list
      elements: str
  sample:
    product: Proxmox VE
    server: PVE pve1.example.org
    caller: fleetgate@pve!automation
    realm: pocketid
    acl:
      - {path: /, type: group, subject: admins-pocketid, role: Administrator, propagate: true, status: declared, where: "fleetgate_groups[admins].rights.pve"}
"""

from ..module_utils.fleet.report import REVIEW

MODULE = REVIEW


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
