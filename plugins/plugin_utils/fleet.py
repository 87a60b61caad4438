# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the declared state of a fleet to the entries that the modules take.

A group of the identity provider becomes `GROUP-REALM` on PVE. PBS knows no groups, so each member gets the rights
of the group. Both are made before anybody signs in.
"""

from __future__ import annotations

from ..module_utils.core.errors import FleetgateError, refuse
from ..module_utils.pve.names import GROUP


def redirect_uris(names, port, domain=""):
    """The URLs that the web interface of a server is reached at by any of `names`; it sends its own as redirect URI.

    A name without a dot is also taken with the domain. No path and no slash at the end: that is what browsers send.
    """
    hosts = []
    for name in names:
        hosts.append(f"[{name}]" if ":" in name and not name.startswith("[") else name)
        if domain and "." not in name and ":" not in name:
            hosts.append(f"{name}.{domain}")
    return [f"https://{host.lower()}:{port}" for host in dict.fromkeys(hosts)]


def clients(hosts, groups):
    """The OIDC clients of a fleet. `hosts` have `client` (options of pocketid_client), `redirect_uris` and `cluster`.

    Hosts with the same client id share it, and nodes of one cluster use that of the first of them. Only members of
    declared groups may use a client that does not say otherwise.
    """
    shared, first, problems = {}, {}, []
    for host in hosts:
        declared = {"callback_urls": [], **first.setdefault(tuple(host["cluster"]), host)["client"]}
        client = shared.setdefault(declared["id"], dict(declared))
        client["callback_urls"] = list(dict.fromkeys([*client["callback_urls"], *declared["callback_urls"], *host["redirect_uris"]]))
        problems += [
            f"fleetgate_client: hosts that share the client {client['id']} declare its {option} differently"
            for option in {**client, **declared}
            if option != "callback_urls" and client.get(option) != declared.get(option)
        ]
    refuse(list(dict.fromkeys(problems)))
    for client in shared.values():
        client.setdefault("name", client["id"])
        # a run for some of the hosts must not take away what the others need
        client["append"] = ["callback_urls"]
        if groups and client.get("is_group_restricted") is None and client.get("allowed_groups") is None:
            client["allowed_groups"] = [group["name"] for group in groups]
    return list(shared.values())


def people(users, groups):
    """The users and groups for the identity provider, without what they may do on Proxmox."""
    return {
        "users": [{option: value for option, value in user.items() if option != "rights"} for user in users],
        "groups": [
            {
                **{option: value for option, value in group.items() if option not in ("rights", "members")},
                **({"users": group["members"]} if group.get("members") is not None else {}),
            }
            for group in groups
        ],
    }


def pve_access(fleet, realm, host):
    """The groups, users and ACL entries of one PVE cluster.

    `fleet` has `users` and `groups` with their `rights`; `host` has `name` and `groups` as the inventory says.
    """
    broken = [f"fleetgate_groups: '{one['name']}' {GROUP.problem(one['name'])}" for one in fleet["groups"] if GROUP.problem(one["name"])]
    refuse(broken)
    name_in_realm = _naming(realm)
    entries = {"groups": [], "users": [], "acl": []}
    for group in fleet["groups"]:
        granted = [right for right in _rights(group, "pve") if _applies(right, host)]
        if granted:
            groupid = f"{group['name']}-{realm['name']}"
            entries["groups"].append({"groupid": groupid, "comment": group.get("friendly_name") or group["name"]})
            entries["acl"] += [_entry(right, groups=[groupid]) for right in granted]
    for user in fleet["users"]:
        granted = [right for right in _rights(user, "pve") if _applies(right, host)]
        if granted:
            userid = name_in_realm(user["username"], fleet)
            entries["users"].append({"userid": userid, **_person(user)})
            entries["acl"] += [_entry(right, users=[userid]) for right in granted]
    return entries


def pbs_access(fleet, realm, host, members):
    """The users and ACL entries of one PBS host; `members` has the user names of each group at the identity provider.

    Nobody else of the realm keeps a role that is given here, so whoever leaves a group loses its rights.
    """
    name_in_realm = _naming(realm)
    known = {user["username"]: user for user in fleet["users"]}
    userids, acl = {}, []
    holders = [(group, members.get(group["name"], group.get("members") or ())) for group in fleet["groups"]]
    holders += [(user, (user["username"],)) for user in fleet["users"]]
    for holder, usernames in holders:
        granted = [right for right in _rights(holder, "pbs") if _applies(right, host)]
        for username in usernames if granted else ():
            userids.setdefault(name_in_realm(username, fleet), known.get(username, {}))
        acl += [_entry(right, users=[name_in_realm(one, fleet) for one in usernames], exclusive=realm["name"]) for right in granted]
    return {"users": [{"userid": userid, **_person(user)} for userid, user in userids.items()], "acl": acl}


def _rights(holder, product):
    return (holder.get("rights") or {}).get(product) or ()


def _applies(right, host):
    """A right without `hosts` is for all; they are names of the inventory, of hosts or of groups."""
    wanted = right.get("hosts")
    return wanted is None or bool({host["name"], *host["groups"]} & set(wanted))


def _entry(right, **subjects):
    return {**{option: value for option, value in right.items() if option != "hosts"}, **subjects}


def _person(user):
    """What PVE and PBS note of a person; both would take it from the claims, but only when they make the user."""
    told = {"email": user.get("email"), "firstname": user.get("first_name"), "lastname": user.get("last_name")}
    # PBS has no room for a name of one letter
    return {option: value for option, value in told.items() if value and len(value) > 1}


def _naming(realm):
    """How a user of the identity provider is called on PVE and PBS, which is known ahead for some claims only."""
    claim = realm.get("username_claim") or "preferred_username"

    def name_in_realm(username, fleet):
        if claim in ("preferred_username", "username"):
            return f"{username}@{realm['name']}"
        email = next((user.get("email") for user in fleet["users"] if user["username"] == username), None)
        if claim == "email" and email:
            return f"{email}@{realm['name']}"
        why = f"{username} has no declared email" if claim == "email" else "its values are only known to the identity provider"
        raise FleetgateError(
            f"fleetgate_realm.username_claim: with '{claim}' {username} cannot be given rights ahead of the first sign-on ({why}); use preferred_username"
        )

    return name_in_realm
