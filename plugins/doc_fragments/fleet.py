# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """The declaration of a fleet, and attributes of the modules that work on it."""

    PEOPLE: str = r"""
options:
  realm:
    description:
      - Name of the realm (C(name)), and options of M(fleetgate.proxmox.pve_realm) or M(fleetgate.proxmox.pbs_realm).
      - Defaults to the variable C(fleetgate_realm) of the host. Other options default to the variable of their name in the same way.
    type: raw
  users:
    description: Users, as in the variable C(fleetgate_users), which is the default.
    type: raw
  groups:
    description: Groups and their permissions, as in the variable C(fleetgate_groups), which is the default.
    type: raw
  members:
    description:
      - User names by group at the identity provider.
      - Defaults to the variable C(fleetgate_members), and then to the result of M(fleetgate.proxmox.wire_provider).
    type: dict
    default: {}
"""

    EMERGENCY: str = r"""
options:
  emergency:
    description:
      - The account that administers the host while the identity provider is down, as in the variable C(fleetgate_emergency), which is the default.
        V(false) if none is wanted.
    type: raw
"""

    PROOF: str = (
        PEOPLE
        + r"""
  idp:
    description: The identity provider. Defaults to the variable C(fleetgate_idp).
    type: raw
  prove:
    description: The person who signs in and the files of the report. Defaults to the variable C(fleetgate_prove).
    type: raw
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.prove
      - fleetgate.proxmox.all
  async:
    support: none
    details: The action plugin encrypts secrets before they are registered, which an C(async) task would bypass.
"""
    )

    REMOVAL: str = r"""
options:
  idp:
    description: The identity provider. Defaults to the variable C(fleetgate_idp).
    type: raw
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.unwire
      - fleetgate.proxmox.all
  async:
    support: none
    details: The action plugin passes on what other tasks of the run returned, which an C(async) task would bypass.
"""
    OFFBOARDING: str = (
        PEOPLE.replace(
            "\n      - Defaults to the variable C(fleetgate_members), and then to the result of M(fleetgate.proxmox.wire_provider).",
            "\n      - Defaults to the variable C(fleetgate_members).",
        )
        + r"""
  person:
    description: User name of the person at the identity provider. Defaults to the variable C(fleetgate_person).
    type: str
    default: ''
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.offboard
      - fleetgate.proxmox.all
  async:
    support: none
    details: The action plugin uses results of other tasks of the run, which an C(async) task would not have.
"""
    )

    REVIEW: str = (
        PEOPLE
        + r"""
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.report
      - fleetgate.proxmox.all
  async:
    support: none
    details: The action plugin passes results of other hosts on, which an C(async) task cannot do.
"""
    )

    DOCUMENTATION: str = (
        PEOPLE
        + r"""
  undeclared:
    description:
      - What to do with objects that belong to the realm, or were created for the fleet, and are not part of the declaration any longer. V(report)
        lists them, V(remove) removes them, V(ignore) does neither.
      - Defaults to the variable C(fleetgate_undeclared), and then to V(report).
    type: raw
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.wire
      - fleetgate.proxmox.all
  async:
    support: none
    details: The action plugin encrypts secrets before they are registered, which an C(async) task would bypass.
"""
    )
