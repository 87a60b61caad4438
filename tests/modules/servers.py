"""Connections of tasks to the servers of a fleet, and a task that uses each module."""

from __future__ import annotations


def connection(wired, system):
    """The connection options for the first server of a system: pve, pbs, pocketid or oidc."""
    fleet = wired.fleet
    trust = str(fleet.authority.bundle)
    if system == "pocketid":
        return {"url": fleet.pocketid.url, "api_key": fleet.api_key, "ca_path": trust}
    if system == "oidc":
        return {"ca_path": trust}
    name, server = next((name, nodes[0]) for name, nodes in fleet.pve.items()) if system == "pve" else next(iter(fleet.pbs.items()))
    return {
        "api_host": server.host,
        "api_port": server.port,
        "api_token_id": "root@pam!fleet",
        "api_token_secret": fleet.tokens[name],
        "ca_path": trust,
    }


def task(wired, module, **options):
    """A task of a playbook that uses a module of the collection."""
    return {f"fleetgate.proxmox.{module}": {**connection(wired, module.partition("_")[0]), **options}}


REALM = {"issuer_url": "https://id.example.org", "client_id": "proxmox", "client_key": "a-client-secret-of-a-realm"}


def every_module(wired, logo):
    """For each module tasks that make something, in an order in which they can run."""
    new = {"users": [{"username": "dora", "email": "dora@example.org"}], "groups": [{"name": "dancers", "users": ["dora"]}]}
    return [
        ("pve_role", {"roleid": "Reader", "privs": ["VM.Audit", "Sys.Audit"]}),
        ("pve_group", {"groupid": "readers", "comment": "They read"}),
        ("pve_user", {"userid": "rita@pve", "groups": ["readers"], "password": "a-password-of-rita", "email": "rita@example.org"}),
        ("pve_token", {"userid": "rita@pve", "tokenid": "ci", "return_secret": True}),
        ("pve_acl", {"path": "/vms", "roles": ["Reader"], "users": ["rita@pve"], "tokens": ["rita@pve!ci"]}),
        ("pve_realm", {"realm": "sso", **REALM}),
        ("pve_state", {"groups": [{"groupid": "writers"}], "realms": [{"realm": "other", **REALM}]}),
        ("pve_info", {"gather": ["groups", "users", "tokens", "acl", "realms", "nodes", "cluster", "version", "roles"]}),
        ("pbs_realm", {"realm": "sso", **REALM}),
        ("pbs_user", {"userid": "rita@sso", "email": "rita@example.org"}),
        ("pbs_token", {"userid": "rita@sso", "token_name": "ci", "return_secret": True}),
        ("pbs_acl", {"path": "/datastore", "roles": ["Audit"], "users": ["rita@sso"], "tokens": ["rita@sso!ci"]}),
        ("pbs_state", {"users": [{"userid": "sam@pbs", "password": "a-password-of-sam"}]}),
        ("pbs_info", {}),
        ("pocketid_user", {"username": "carla", "email": "carla@example.org"}),
        ("pocketid_group", {"name": "cooks", "users": ["carla"]}),
        ("pocketid_client", {"id": "kitchen", "name": "Kitchen", "allowed_groups": ["cooks"], "logo": logo, "secret": "a-chosen-client-secret"}),
        ("pocketid_state", new),
        ("pocketid_info", {}),
        ("oidc_info", {"issuer": wired.fleet.pocketid.url, "claims": ["groups"]}),
    ]
