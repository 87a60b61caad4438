#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: wire_host
short_description: Set up rights and sign-on of one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - This is what the roles C(pve) and C(pbs) run, once to check a host and once to set it up. It takes the variables of the host as
    its options, so a task only says the stage and the product.
  - In the preflight the host is read once and nothing is written. The result says what is to be done, and what the identity provider has
    to know of the host.
  - A variable that cannot be evaluated is reported by its name, together with everything else that is wrong.
options:
  stage:
    description:
      - V(preflight) checks the host, V(apply) makes it as declared.
      - V(apply) uses what the preflight of the host registered as C(__fleetgate_host), and M(fleetgate.proxmox.wire_provider) as
        C(__fleetgate_idp) and C(__fleetgate_idp_done).
    type: str
    choices: [preflight, apply]
    required: true
  product:
    description: The product that runs on the host.
    type: str
    choices: [pve, pbs]
    required: true
  host:
    description: Name of the inventory host, its groups, and all names that the inventory has. The action plugin fills it in.
    type: dict
    default: {}
  api:
    description:
      - Connection options of the modules of the product, for example C(api_token_id) and C(api_token_secret).
      - When left out, the variable C(fleetgate_api) is used. The server is the inventory host itself, unless C(api_host) is given.
    type: raw
  realm:
    description:
      - Name of the realm (C(name)), and options of M(fleetgate.proxmox.pve_realm) or M(fleetgate.proxmox.pbs_realm).
      - When left out, the variable C(fleetgate_realm) of the host is used; the same is true of every option with such a variable.
    type: raw
  users:
    description: People, as in the variable C(fleetgate_users), which is used when this is left out.
    type: raw
  groups:
    description: Groups and their rights, as in the variable C(fleetgate_groups), which is used when this is left out.
    type: raw
  members:
    description:
      - User names by group, as the identity provider has them.
      - When left out, the variable C(fleetgate_members) or what M(fleetgate.proxmox.wire_provider) returned is used.
    type: dict
    default: {}
  client:
    description: The OIDC client of the host, as in the variable C(fleetgate_client), which is used when this is left out.
    type: raw
  names:
    description: Further names that people reach the web interface by. When left out, the variable C(fleetgate_names) is used.
    type: raw
  domain:
    description: Domain of names without a dot. When left out, the variable C(fleetgate_domain) is used.
    type: raw
  issuer:
    description:
      - The issuer, in which V({client_id}) stands for the id of the client and V({slug}) for the slug of its application.
      - When left out, the variable C(fleetgate_issuer) or what M(fleetgate.proxmox.wire_provider) returned is used.
    type: str
  scopes:
    description: Scopes of a realm that declares none. When left out, as O(issuer) with the variable C(fleetgate_scopes).
    type: list
    elements: str
  client_secret:
    description:
      - Secret of the client.
      - When left out, that of the client in the variable C(fleetgate_client_secrets) or in what
        M(fleetgate.proxmox.wire_provider) returned is used.
    type: str
  undeclared:
    description:
      - What happens to objects that belong to the realm, or were created for the fleet, and that are not declared any more. V(report)
        lists them, V(remove) removes them, V(ignore) does neither.
      - When left out, the variable C(fleetgate_undeclared) is used, and without it V(report).
    type: raw
requirements:
  - requests
  - proxmoxer >= 2.3.0 (not with C(connection=shell))
seealso:
  - module: fleetgate.proxmox.wire_provider
  - module: fleetgate.proxmox.pve_state
  - module: fleetgate.proxmox.pbs_state
extends_documentation_fragment:
  - fleetgate.proxmox.attributes
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.wire
      - fleetgate.proxmox.all
  async:
    support: none
    details: Secrets are encrypted by the action plugin before they are registered, which an C(async) task would bypass.
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Check the cluster
  fleetgate.proxmox.wire_host:
    stage: preflight
    product: pve
  register: __fleetgate_host

- name: Set up rights and sign-on of the cluster
  fleetgate.proxmox.wire_host:
    stage: apply
    product: pve
"""

RETURN = r"""
plan:
  description: The requests that change something, in order, each with its reason. In check mode and in the preflight, those to come.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains, reason: realm pocketid is missing}
wiring:
  description: What the identity provider and other hosts have to know.
  returned: in the preflight
  type: dict
  contains:
    cluster:
      description: Name of the cluster, empty for a server in none.
      type: str
    identity:
      description: The same for inventory hosts that are one server or nodes of one cluster.
      type: list
      elements: str
    client:
      description: Options of the OIDC client, without its secret.
      type: dict
    redirect_uris:
      description: All URLs that people may reach the web interface by.
      type: list
      elements: str
    certain_uris:
      description: Those of them that are declared or reported by the server.
      type: list
      elements: str
    pending:
      description: Whether there is anything to do.
      type: bool
    connects:
      description: Whether a sign-on can begin, or null where that was not tried.
      type: bool
secrets:
  description: The client secret that the realm has (C(realm)) and the declared one (C(client)), encrypted with a key of the run.
  returned: in the preflight, where there are such secrets
  type: dict
realms:
  description: The realm as it is after the task, or in check mode as it would be, without its secret. Likewise C(groups), C(users), C(acl).
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid}]
undeclared:
  description: Objects that belong to the realm, or were created for the fleet, and that are not declared any more.
  returned: success, unless O(undeclared=ignore)
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
    name:
      description: The object, and what it has or allows.
      type: str
    removable:
      description: Whether O(undeclared=remove) removes it.
      type: bool
  sample:
    - {kind: user, name: "user bob@pocketid (Administrator on /)", removable: true}
"""

from ..module_utils.fleet.host import HOST

MODULE = HOST


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
