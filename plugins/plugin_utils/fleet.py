# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the declared state of a fleet to the entries that the modules take.

A group of the identity provider becomes `GROUP-REALM` on PVE. PBS knows no groups, so each member gets the rights
of the group. Both are made before anybody signs in.
"""

from __future__ import annotations

from ..module_utils.core.client import in_url
from ..module_utils.core.errors import FleetgateError, refuse
from ..module_utils.core.fields import Text
from ..module_utils.pve.names import GROUP
from . import authentik, declared
from .declared import PRODUCTS

# '*' is for patterns of Pocket ID
_HOST = Text(
    pattern=r"(?!.*\.\.)[\w*]([\w*.-]*[\w*])?(:\d{1,5})?|[0-9a-fA-F.:]*:[0-9a-fA-F.:]*|\[[0-9a-fA-F.:]+\](:\d{1,5})?",
    rule="must be the name or address of a host, perhaps with a port, without scheme and path",
)


def redirect_uris(names, port, domain=""):
    """The URLs that the web interface of a server is reached at by any of `names`; it sends its own as redirect URI.

    A name without a dot is also taken with the domain, and one with a port stands for that of a proxy. No path, no
    slash at the end, and no port 443: that is what browsers send.
    """
    names = [names] if isinstance(names, str) else names
    declared_names = [("fleetgate_names", str(name)) for name in names] + [("fleetgate_domain", domain)]
    refuse([f"{variable}: '{name}' {_HOST.problem(name)}" for variable, name in declared_names if _HOST.problem(name)])
    origins = []
    for name in map(str, names):
        host, separator, given = name.rpartition(":")
        if separator and given.isdigit() and (":" not in host or host.startswith("[")):
            origins.append(_origin(host, given))
            continue
        origins.append(_origin(name, port))
        if domain and "." not in name and ":" not in name:
            origins.append(_origin(f"{name}.{domain}", port))
    return list(dict.fromkeys(origins))


def _origin(host, port):
    host = in_url(host.lower())
    return f"https://{host}" if str(port) == "443" else f"https://{host}:{port}"


def issuer(form, client_id):
    """The issuer of a client. `form` says {client_id} or {slug} where each client has an issuer of its own."""
    return form.replace("{client_id}", client_id).replace("{slug}", authentik.slug(client_id))


def clients(hosts, groups, users, members):
    """The OIDC clients of a fleet. `hosts` have `client` (options of pocketid_client), `redirect_uris` and `cluster`.

    Hosts with the same client id share it, and nodes of one cluster use that of the first of them. Only members of
    declared groups may use a client that does not say otherwise; `members` has the user names of each group.
    """
    groups, users = declared.groups(groups), declared.users(users)
    shared, first, problems = {}, {}, []
    for host in hosts:
        said = {"callback_urls": [], **declared.client(first.setdefault(tuple(host["cluster"]), host)["client"])}
        client = shared.setdefault(said["id"], dict(said))
        client["callback_urls"] = list(
            dict.fromkeys([*client["callback_urls"], *said["callback_urls"], *host["redirect_uris"]])
        )
        problems += [
            f"fleetgate_client: hosts that share the client {client['id']} declare its {option} differently"
            for option in {**client, **said}
            if option != "callback_urls" and client.get(option) != said.get(option)
        ]
    allowed = [group["name"] for group in groups if _wanted(group)]
    inside = {username for group in allowed for username in members.get(group, ())}
    for client in shared.values():
        client.setdefault("name", client["id"])
        # a run for some of the hosts must not take away what the others need
        client["append"] = ["callback_urls"]
        if allowed and client.get("is_group_restricted") is None and client.get("allowed_groups") is None:
            client["allowed_groups"] = allowed
            client["append"] += ["allowed_groups"]
            problems += [
                f"fleetgate_users: {user['username']} has rights, but is in none of the declared groups that may use the client {client['id']};"
                " put them into a group, or say is_group_restricted of fleetgate_client"
                for user in users
                if _wanted(user)
                and any(_rights(user, product) for product in PRODUCTS)
                and user["username"] not in inside
            ]
    refuse(list(dict.fromkeys(problems)))
    return list(shared.values())


def people(users, groups):
    """The users and groups for the identity provider, without what they may do on Proxmox."""
    users, groups = declared.users(users), declared.groups(groups)
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
    """The groups, users and ACL entries of one PVE cluster, and the scopes in which these entries are all.

    `fleet` has `users` and `groups` with their `rights`; `host` has `name`, `groups` and `known`, all names that the
    inventory has. The rights of a person or group, where declared, are all that it has.
    """
    fleet = _typed(fleet, realm, host)
    refuse(
        [
            f"fleetgate_groups: '{one['name']}' {GROUP.problem(one['name'])}"
            for one in fleet["groups"]
            if GROUP.problem(one["name"])
        ]
    )
    name_in_realm = _naming(realm, fleet)
    entries = {"groups": [], "users": [], "acl": [], "exclusive": []}
    for group in fleet["groups"]:
        groupid = f"{group['name']}-{realm['name']}"
        _hold(
            entries,
            group,
            host,
            "groups",
            groupid,
            {"groupid": groupid, "comment": group.get("friendly_name") or group["name"]},
        )
    for user in fleet["users"]:
        if not _wanted(user) or _rights(user, "pve") is not None:
            userid = name_in_realm(user["username"])
            _hold(entries, user, host, "users", userid, {"userid": userid, **_person(user)})
    return entries


def _hold(entries, holder, host, kind, name, entry):
    """Add what a person or group has on PVE: itself, its ACL entries, and that these are all."""
    if not _wanted(holder):
        key = "groupid" if kind == "groups" else "userid"
        entries[kind].append({key: name, "state": "absent"})
        return
    rights = _rights(holder, "pve")
    if rights is None:
        return
    granted = [right for right in rights if _applies(right, host)]
    if granted:
        entries[kind].append(entry)
    entries["acl"] += [_entry(right, **{kind: [name]}) for right in granted]
    entries["exclusive"].append({"subject": name})


def pbs_access(fleet, realm, host, members):
    """The users and ACL entries of one PBS host; `members` has the user names of each group at the identity provider.

    The rights of a person who is declared or a member are all that it has, and nobody else of the realm has any on a path
    that a group has rights on, so whoever leaves a group loses its rights, whatever they were.
    """
    fleet = _typed(fleet, realm, host)
    name_in_realm = _naming(realm, fleet)
    known = {user["username"]: user for user in fleet["users"]}
    gone = [user["username"] for user in fleet["users"] if not _wanted(user)]
    userids, rows, exclusive = {}, {}, []
    holders = [
        (group, members.get(group["name"], group.get("members") or ()) if _wanted(group) else ())
        for group in fleet["groups"]
    ]
    holders += [(user, (user["username"],) if _wanted(user) else ()) for user in fleet["users"]]
    for holder, usernames in holders:
        rights = _rights(holder, "pbs")
        if rights is None:
            continue
        granted = [right for right in rights if _applies(right, host)]
        subjects = [name_in_realm(username) for username in usernames if username not in gone]
        exclusive += [{"subject": userid} for userid in subjects]
        if "username" not in holder:
            exclusive += [{"path": right["path"], "realm": realm["name"]} for right in granted]
        for username, userid in zip((one for one in usernames if one not in gone), subjects):
            if granted:
                userids.setdefault(userid, {"userid": userid, **_person(known.get(username, {}))})
        for right in granted:
            for userid in subjects:
                for role in right["roles"]:
                    # two groups may give the same role; the one that reaches further counts
                    key = right["path"], role, userid
                    rows[key] = rows.get(key, False) or right.get("propagate", True)
    absent = [{"userid": name_in_realm(username), "state": "absent"} for username in gone]
    acl = [
        {"path": path, "roles": [role], "users": [userid], "propagate": propagate}
        for (path, role, userid), propagate in rows.items()
    ]
    return {
        "users": [*userids.values(), *absent],
        "acl": acl,
        "exclusive": list({tuple(one.items()): one for one in exclusive}.values()),
    }


def _wanted(one):
    return one.get("state", "present") == "present"


def _typed(fleet, realm, host):
    """The declared users and groups; rights that would silently count nowhere are refused."""
    typed = {"users": declared.users(fleet["users"]), "groups": declared.groups(fleet["groups"])}
    nameless = [] if realm.get("name") else ["fleetgate_realm: name must be given"]
    refuse(
        nameless
        + [
            f"fleetgate_{kind}: {holder[name]}: rights.{product}: '{one}' in hosts is no host or group of the inventory"
            for kind, name in (("groups", "name"), ("users", "username"))
            for holder in typed[kind]
            for product in PRODUCTS
            for right in _rights(holder, product) or ()
            for one in right.get("hosts") or ()
            if one not in host["known"]
        ]
    )
    return typed


def _rights(holder, product):
    """The declared rights, or None where nothing is declared, which leaves alone what there is."""
    return (holder.get("rights") or {}).get(product)


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


def _naming(realm, fleet):
    """How a user of the identity provider is called on PVE and PBS, which is known ahead for some claims only."""
    claim = realm.get("username_claim") or "preferred_username"

    def name_in_realm(username):
        if claim in ("preferred_username", "username"):
            return f"{username}@{realm['name']}"
        email = next((user.get("email") for user in fleet["users"] if user["username"] == username), None)
        if claim == "email" and email:
            return f"{email}@{realm['name']}"
        why = (
            f"{username} has no declared email"
            if claim == "email"
            else "its values are only known to the identity provider"
        )
        raise FleetgateError(
            f"fleetgate_realm.username_claim: with '{claim}' {username} cannot be given rights ahead of the first sign-on ({why}); use preferred_username"
        )

    return name_in_realm
