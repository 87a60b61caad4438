#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: report_provider
short_description: Read the people of the identity provider of a fleet, and write the access review
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.report#role), which the playbook C(fleetgate.proxmox.report) runs once for all hosts. Use these
    instead of the module.
  - Options default to the variables of the first host.
options:
  stage:
    description:
      - V(preflight) reads persons, members of the declared groups, and whether clients are restricted to groups.
      - V(report) applies the rules, prints the findings, and writes the files in O(report). It runs on the control node in any case.
    type: str
    choices: [preflight, report]
    required: true
  report:
    description: The files of the review, and which findings fail. Defaults to the variable C(fleetgate_report).
    type: raw
requirements:
  - requests
seealso:
  - module: fleetgate.proxmox.report_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.review
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

- name: Write the review
  fleetgate.proxmox.report_provider:
    stage: report
  run_once: true
"""

RETURN = r"""
people:
  description: The identity provider as the review sees it.
  returned: with O(stage=preflight), if it could be read
  type: dict
  contains:
    title:
      description: What the provider is called.
      type: str
    users:
      description: Whether each person is disabled. Empty where the provider does not show persons.
      type: dict
    groups:
      description: The members of the declared groups.
      type: dict
    restricted:
      description: Whether each client is restricted to groups.
      type: dict
  sample:
    {title: Pocket ID, users: {alice: false}, groups: {admins: [alice]}, restricted: {proxmox-ve: true}}
problems:
  description: Why it could not be read.
  returned: with O(stage=preflight)
  type: list
  elements: str
issuer:
  description: The issuer, with V({slug}) or V({client_id}) where each client has one of its own.
  returned: with O(stage=preflight)
  type: str
scopes:
  description: Scopes of realms that declare none.
  returned: with O(stage=preflight)
  type: list
  elements: str
claims:
  description: The claims of people who are declared absent and still have a user, by user name.
  returned: with O(stage=preflight)
  type: dict
  sample: {bob: {preferred_username: bob, email: bob@example.org}}
members:
  description: The user names in each group, as the declaration has them.
  returned: with O(stage=preflight)
  type: dict
refused:
  description: The findings that fail by inventory host.
  returned: with O(stage=report)
  type: dict
summary:
  description: The number of findings by severity.
  returned: with O(stage=report)
  type: dict
  sample: {high: 2, medium: 1, low: 0}
"""

from ..module_utils.fleet.report_provider import REVIEW_PROVIDER

MODULE = REVIEW_PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
