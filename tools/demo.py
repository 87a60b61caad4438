"""`make demo`: the main job on the simulated fleet of examples/fleet, with the collection installed from its tarball."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.simulators.browser import Refused
from tests.simulators.fleet import FLEETS, Fleet, FleetServers, Server
from tests.support.ansible import ROOT, Ansible, Run

FOLDER = ROOT / "build/demo"
COLLECTIONS = FOLDER / "collections"
INVENTORY = FOLDER / "inventory.yml"
EXAMPLE = "fleet"
REALM = "pocketid"
PLAYBOOK = "fleetgate.proxmox.wire"

Row = tuple[str, ...]
# The names of the roles that grant each combination of privileges.
RoleNames = dict[frozenset[str], tuple[str, ...]]


def main() -> None:
    for name in ("collections", "dist", "fleet", "runs"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    (FOLDER / "runs").mkdir(parents=True)
    ansible = Ansible(FOLDER / "runs", COLLECTIONS)
    tarball = install(ansible)
    with FleetServers(FLEETS[EXAMPLE], FOLDER / "fleet", real_ports=True) as fleet:
        INVENTORY.write_text(yaml.safe_dump(fleet.inventory()))
        show_fleet(fleet, tarball)
        planned = plan(fleet, ansible)
        apply(fleet, ansible, planned)
        repeat(fleet, ansible)
        sign_in(fleet)
    next_steps(tarball)


def install(ansible: Ansible) -> Path:
    """Build the collection and install its tarball into an empty folder."""
    galaxy(ansible, "build", str(ROOT), "--output-path", str(FOLDER / "dist"))
    (tarball,) = (FOLDER / "dist").glob("*.tar.gz")
    galaxy(ansible, "install", str(tarball), "-p", str(COLLECTIONS))
    return tarball


def galaxy(ansible: Ansible, *arguments: str) -> None:
    done = ansible.program("ansible-galaxy", "collection", *arguments)
    if done.returncode:
        sys.exit(done.stdout)


def show_fleet(fleet: Fleet, tarball: Path) -> None:
    heading(
        f"The fleet of examples/{EXAMPLE}",
        "Real server software is replaced by simulators on this machine. Nobody can sign in yet but root.",
    )
    rows: list[Row] = [("Pocket ID", "pocketid", "-", fleet.pocketid.url)]
    rows += [("PVE cluster", name, str(len(nodes)), nodes[0].url) for name, nodes in fleet.pve.items()]
    rows += [("PBS host", name, "1", server.url) for name, server in fleet.pbs.items()]
    table(("system", "name", "nodes", "address"), rows)
    print()
    table(("group", "members", "system", "path", "roles", "hosts"), group_rows())
    print(f"\nThe collection is installed from {tarball.name}.")


def plan(fleet: Fleet, ansible: Ansible) -> list[Row]:
    heading(f"1. Plan: ansible-playbook {PLAYBOOK} --check --diff", "What would change, before anything does.")
    run = wire(ansible, "plan", "--check", "--diff")
    planned = changes(run)
    table(("host", "create", "update", "delete"), planned)
    print()
    check(not fleet.writes(), f"{len(fleet.exchanges())} requests were sent, and none of them writes")
    print(f"Every option of every object: {log('plan')}")
    return planned


def apply(fleet: Fleet, ansible: Ansible, planned: list[Row]) -> None:
    heading(f"2. Apply: ansible-playbook {PLAYBOOK}", "The provider first, then every server.")
    fleet.forget()
    run = wire(ansible, "apply", "--diff")
    applied = changes(run)
    owners = {node.name: name for name, nodes in fleet.pve.items() for node in nodes} | {"pocketid": "Pocket ID"}
    writes = Counter(owners.get(name, name) for name, _exchange in fleet.writes())
    table(("changed", "objects", "write requests"), [(*row, str(writes[row[0]])) for row in totals(run)])
    print()
    check(applied == planned, "The changes are those of the plan")
    print(f"Every option of every object: {log('apply')}")


def repeat(fleet: Fleet, ansible: Ansible) -> None:
    heading(f"3. Apply again: ansible-playbook {PLAYBOOK}", "A fleet that is as declared is left alone.")
    fleet.forget()
    run = wire(ansible, "again", "--diff")
    check(not run.changed, "Nothing was changed on any host")
    check(not fleet.writes(), f"{len(fleet.exchanges())} requests were sent, and none of them writes")


def sign_in(fleet: Fleet) -> None:
    heading(
        "4. Sign in: everyone, on every server, through Pocket ID and back",
        "As in a browser; the rights are those that the server reports after the login.",
    )
    targets = {name: [(node, node.named_url) for node in nodes] for name, nodes in fleet.pve.items()}
    targets |= {name: [(server, server.url)] for name, server in fleet.pbs.items()}
    names = {
        host: role_names(servers[0][0], fleet.tokens[host], str(fleet.authority.bundle))
        for host, servers in targets.items()
    }
    rows: list[Row] = []
    logins = 0
    for user in declared("fleetgate_users"):
        username = user["username"]
        hosts_by_rights: dict[str, list[str]] = {}
        for host, servers in targets.items():
            results = [granted(fleet, username, server, address, names[host]) for server, address in servers]
            check(
                all(result == results[0] for result in results), "", f"{username} has other rights on a node of {host}"
            )
            entitled = username in with_rights("pve" if host in fleet.pve else "pbs")
            check(results[0] is not None or not entitled, "", f"{username} cannot sign in on {host}")
            logins += len(results) if results[0] is not None else 0
            hosts_by_rights.setdefault(in_words(results[0]), []).append(host)
        person = f"{user['first_name']} ({username}@{REALM})"
        for rights, hosts in hosts_by_rights.items():
            rows.append((person, ", ".join(hosts), rights))
            person = ""
    table(("who", "where", "rights"), rows)
    print(f"\n{logins} logins, with the rights from the first one on. A right on a path replaces that on a path above.")


def in_words(roles: dict[str, tuple[str, ...]] | None) -> str:
    if roles is None:
        return "cannot sign in: no rights there"
    return "; ".join(f"{', '.join(names)} on {path}" for path, names in sorted(roles.items())) or "none"


def next_steps(tarball: Path) -> None:
    heading("How to go on", "The simulated servers are stopped; inventory and output are kept in build/demo.")
    print(
        f"""Install the collection:
  python3 -m venv venv && . venv/bin/activate && pip install ansible-core -r requirements.txt
  ansible-galaxy collection install {tarball.relative_to(ROOT)}

Declare your own servers, people and rights, as "Your first fleet" in README.md shows,
or copy an example: examples/homelab (one PVE, one PBS), examples/fleet (this fleet),
examples/authentik, examples/oidc

Run the playbooks, each with -i INVENTORY:
  ansible-playbook fleetgate.proxmox.bootstrap       an API token for Ansible, over SSH, once
  ansible-playbook fleetgate.proxmox.wire            what this demo ran; first with --check --diff
  ansible-playbook fleetgate.proxmox.prove           can people sign in everywhere?
  ansible-playbook fleetgate.proxmox.monitor         connect Pulse
  ansible-playbook fleetgate.proxmox.report          who has which rights, and why?"""
    )


def wire(ansible: Ansible, name: str, *arguments: str) -> Run:
    """Run the playbook, keep its output in a file, and end the demo if it fails."""
    run = ansible.playbook(PLAYBOOK, "-i", str(ROOT / "examples" / EXAMPLE), "-i", str(INVENTORY), *arguments)
    (ROOT / log(name)).write_text(run.output)
    if run.code:
        sys.exit(run.output)
    return run


def log(name: str) -> str:
    return f"build/demo/{name}.txt"


def changes(run: Run) -> list[Row]:
    """For each host and for the identity provider, how many objects of each kind are created, updated and deleted."""
    return sorted((target, *map(quantities, counters)) for target, counters in changes_of(run).items())


def changes_of(run: Run) -> dict[str, tuple[Counter[str], ...]]:
    by_target: dict[str, tuple[Counter[str], ...]] = {}
    for row in run.rows:
        difference = row["result"].get("diff")
        if not row["result"].get("changed") or not isinstance(difference, dict):
            continue
        before, after = difference["before"], difference["after"]
        target = "Pocket ID" if "identity provider" in row["task"] else row["host"]
        counters = by_target.setdefault(target, (Counter(), Counter(), Counter()))
        for name in before | after:
            number = 0 if name not in before else 2 if name not in after else 1
            counters[number][name.split()[0]] += 1
    return by_target


def totals(run: Run) -> list[Row]:
    """How many objects of each kind a run changed, for each host and for the identity provider."""
    counted = changes_of(run)
    return sorted((target, quantities(sum(kinds, Counter()))) for target, kinds in counted.items())


def quantities(kinds: Counter[str]) -> str:
    names = {"acl": ("ACL entry", "ACL entries")}
    words = {kind: names.get(kind, (kind, f"{kind}s")) for kind in kinds}
    return ", ".join(f"{count} {words[kind][count > 1]}" for kind, count in sorted(kinds.items())) or "-"


def role_names(server: Server, token: str, trust: str) -> RoleNames:
    """The names of the one or two roles by the privileges that they grant together."""
    scheme, separator = ("PVEAPIToken", "=") if server.port == 8006 else ("PBSAPIToken", ":")
    headers = {"Authorization": f"{scheme}=root@pam!fleet{separator}{token}"}
    answer = requests.get(f"{server.url}/api2/json/access/roles", headers=headers, verify=trust, timeout=10)
    roles = {}
    for role in answer.json()["data"]:
        privileges = role["privs"].split(",") if isinstance(role["privs"], str) else role["privs"]
        roles[role["roleid"]] = frozenset(privileges)
    names: RoleNames = {}
    for count in (1, 2):
        for group in combinations(sorted(roles), count):
            names.setdefault(frozenset().union(*(roles[name] for name in group)), group)
    return names


def granted(
    fleet: Fleet, username: str, server: Server, address: str, names: RoleNames
) -> dict[str, tuple[str, ...]] | None:
    """Sign in and return the roles by path, without paths that only inherit; None when the login is refused."""
    try:
        rights = fleet.person(username).sign_in(server.url, REALM, address).rights
    except Refused:
        return None
    roles: dict[str, tuple[str, ...]] = {}
    for path, privileges in rights.items():
        role = names.get(frozenset(privileges), (f"{len(privileges)} privileges",))
        above = next((parent for parent in parents(path) if parent in rights), None)
        if privileges and (above is None or rights[above] != privileges):
            roles[path] = role
    return roles


def parents(path: str) -> Iterator[str]:
    """The paths above a path, the nearest first."""
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path


def declared(name: str) -> list[dict[str, Any]]:
    """A list of the variables of the example."""
    variables = yaml.safe_load((ROOT / "examples" / EXAMPLE / "group_vars/all.yml").read_text())
    return list(variables[name])


def group_rows() -> list[Row]:
    """A row for each right of each declared group."""
    rows: list[Row] = []
    for group in declared("fleetgate_groups"):
        names = (group["name"], ", ".join(group["members"]))
        for product, rights in group["rights"].items():
            for right in rights:
                hosts = ", ".join(right.get("hosts", ["all"]))
                rows.append((*names, product.upper(), right["path"], ", ".join(right["roles"]), hosts))
                names = ("", "")
    return rows


def with_rights(product: str) -> set[str]:
    """The users with a right on every host of a product."""
    return {
        username
        for group in declared("fleetgate_groups")
        if any("hosts" not in right for right in group["rights"].get(product, ()))
        for username in group["members"]
    }


def heading(text: str, meaning: str) -> None:
    print(f"\n\033[1m{text}\033[0m\n{meaning}\n", flush=True)


def table(heads: Row, rows: list[Row]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *rows)]
    for row in (heads, tuple("-" * width for width in widths), *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


def check(condition: bool, success: str, failure: str = "") -> None:
    """Print what holds, or end the demo."""
    if not condition:
        sys.exit(f"The demo failed: {failure or f'expected: {success}'}")
    if success:
        print(f"{success}.", flush=True)


if __name__ == "__main__":
    main()
