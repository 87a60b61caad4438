# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


def _attributes(playbook: str) -> str:
    """The attributes of the modules of a playbook."""
    return rf"""
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.{playbook}
      - fleetgate.proxmox.all
  async:
    support: none
    details: The action plugin uses results of other tasks of the run, and encrypts secrets before they are registered, which an C(async) task
      would bypass.
"""


# the options may be followed by others
_PEOPLE = r"""
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
      - Defaults to the variable C(fleetgate_members){otherwise}.
    type: dict
    default: {{}}
"""
_WITH_MEMBERS = _PEOPLE.format(otherwise=", and then to the result of the preflight of the identity provider")


class ModuleDocFragment:
    """The declaration of a fleet, and attributes of the modules that work on it."""

    SERVER: str = r"""
options:
  product:
    description: The product that runs on the host.
    type: str
    choices: [pve, pbs]
    required: true
  host:
    description: Name and groups of the inventory host, and the names of the inventory that the declaration refers to. Set by the action plugin.
    type: dict
    default: {}
  api:
    description:
      - Connection options of the modules of the product, for example C(api_token_id) and C(api_token_secret).
      - Defaults to the variable C(fleetgate_api). The address is that of the inventory host unless C(api_host) is given.
      - "Options that are not given fall back to environment variables. If hosts have secrets of their own, E(PROXMOX_TOKEN_SECRETS) or
        E(PROXMOX_BACKUP_TOKEN_SECRETS) has a line C(HOST: SECRET) for each."
    type: raw
requirements:
  - requests
  - proxmoxer >= 2.3.0 (not with C(connection=shell))
"""

    CLIENT: str = r"""
options:
  client:
    description: The OIDC client of the host, as in the variable C(fleetgate_client), which is the default.
    type: raw
  names:
    description: Further names of the web interface. Defaults to the variable C(fleetgate_names).
    type: raw
  domain:
    description: Domain of names without a dot. Defaults to the variable C(fleetgate_domain).
    type: raw
"""

    ISSUER: str = r"""
options:
  issuer:
    description:
      - The issuer. V({client_id}) is replaced by the ID of the client, and V({slug}) by the slug of its application.
      - Defaults to the variable C(fleetgate_issuer), and then to the result of the preflight of the identity provider.
    type: str
  scopes:
    description: Scopes of a realm that declares none. Defaults like O(issuer), with the variable C(fleetgate_scopes).
    type: list
    elements: str
  claims:
    description:
      - Claims at the identity provider of people who are declared absent, by user name, for realms whose users are named by another claim.
      - Defaults to the result of the preflight of the identity provider.
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

    IDP: str = r"""
options:
  idp:
    description: The identity provider, as in the variable C(fleetgate_idp), which is the default.
    type: raw
"""

    HOSTS: str = r"""
options:
  hosts:
    description: Results of the preflights of the hosts. Set by the action plugin.
    type: list
    elements: dict
    default: []
  outside:
    description: Hosts by client that are not in this run. Set by the action plugin.
    type: dict
    default: {}
"""

    KEEP: str = r"""
options:
  keep:
    description: What is left alone although it differs from the declaration, as in the variable C(fleetgate_keep), which is the default.
    type: list
    elements: str
    default: []
"""

    LEFT_OUT: str = r"""
options:
  left_out:
    description: Hosts of the fleet that are not in this run. Set by the action plugin.
    type: list
    elements: str
    default: []
"""

    PROOF: str = (
        _WITH_MEMBERS
        + r"""
  prove:
    description: The person who signs in and the files of the report. Defaults to the variable C(fleetgate_prove).
    type: raw
"""
        + _attributes("prove")
    )

    ADOPTION: str = _WITH_MEMBERS + _attributes("adopt")

    REMOVAL: str = "options: {}\n" + _attributes("unwire")

    ROTATION: str = r"""
options:
  rotate:
    description: What is rotated, and from which age on. Defaults to the variable C(fleetgate_rotate).
    type: raw
""" + _attributes("rotate")

    OFFBOARDING: str = (
        _PEOPLE.format(otherwise="")
        + r"""
  person:
    description: User name of the person at the identity provider. Defaults to the variable C(fleetgate_person).
    type: str
    default: ''
"""
        + _attributes("offboard")
    )

    REVIEW: str = _WITH_MEMBERS + _attributes("report")

    DOCUMENTATION: str = (
        _WITH_MEMBERS
        + r"""
  undeclared:
    description:
      - What to do with objects that belong to the realm, or were created for the fleet, and are not part of the declaration any longer. V(report)
        lists them, V(remove) removes them, V(ignore) does neither.
      - Defaults to the variable C(fleetgate_undeclared), and then to V(report).
    type: raw
"""
        + _attributes("wire")
    )
