# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity that Pulse signs in with, and the addresses that it may know a server by.

Rights after section 16 of what is known of Pulse 6.3.0: what it reads, and which privilege lets it.
"""

from __future__ import annotations

from ..module_utils.core.client import in_url
from . import declared

COMMENT = "Pulse, which monitors this server"
GUEST_AGENT = "FleetgateGuestAgent"

# how a token is named; all of PBS have only the rights that are given to themselves
_NAMED = {"pve": lambda name: {"tokenid": name, "privsep": True}, "pbs": lambda name: {"token_name": name}}


def monitoring_identity(options, product, version):
    """Entries of <product>_state for the user and token of Pulse, and `token`, the full id of the token.

    `options` are those of the role `monitoring`. A token has what both it and its user have, so each gets every right;
    nothing that can write is among them unless an option asks for it.
    """
    options = declared.monitoring(options)
    userid = f"{options.get('user', 'pulse-monitor')}@{product}"
    name = options.get("token", "pulse")
    token = f"{userid}!{name}"
    rights, roles = {"pve": _on_pve, "pbs": _on_pbs}[product](options, version)
    required = [{"path": path, "privileges": privileges} for path, _role, privileges in rights]
    subjects = {"users": [userid], "tokens": [token]}
    return {
        "token": token,
        "user": {"userid": userid, "comment": COMMENT},
        "entry": {"userid": userid, "comment": COMMENT, **_NAMED[product](name), "required_privileges": required},
        "acl": [{"path": path, "roles": [role], **subjects} for path, role, _privileges in rights],
        "exclusive": [{"subject": userid}, {"subject": token}],
        "roles": roles,
    }


def _on_pve(options, version):
    rights, roles = [("/", "PVEAuditor", ["Sys.Audit", "VM.Audit", "Datastore.Audit"])], []
    if options.get("guest_agent"):
        # Proxmox VE 9 has a privilege for each thing that VM.Monitor allowed together
        privilege = "VM.GuestAgent.FileRead" if int(version.split(".")[0]) >= 9 else "VM.Monitor"
        roles = [{"roleid": GUEST_AGENT, "privs": [privilege]}]
        rights.append(("/", GUEST_AGENT, [privilege]))
    if options.get("backup_volumes"):
        rights.append(("/storage", "PVEDatastoreAdmin", ["Datastore.Allocate"]))
    return rights, roles


def _on_pbs(options, _version):
    rights = [("/datastore", "DatastoreAudit", ["Datastore.Audit"]), ("/system", "Audit", ["Sys.Audit"])]
    if options.get("pull_jobs"):
        rights.append(("/remote", "RemoteAudit", ["Remote.Audit"]))
    return rights, []


def node_addresses(nodes, port, domain=""):
    """The URLs that a cluster may be known by: those of its nodes' addresses, and of their names in a domain.

    Their short names are left out, because nodes of several clusters may have the same.
    """
    hosts = [in_url(node["ip"]) for node in nodes if node.get("ip")]
    names = [f"{node['name']}.{domain}" for node in nodes if domain]
    return [f"https://{host}:{port}" for host in hosts + names]
