"""`make demo`: the main job on the simulated fleet of examples/fleet, with the collection installed from its tarball."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.simulators.browser import Person, Refused
from tests.simulators.fleet import FLEETS, Fleet, FleetServers, Server

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build/demo"
EXAMPLE = "fleet"
PERSON = "carol"


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m", flush=True)


def run(*command: str, quiet: bool = False) -> str:
    """Run one of ansible's programs and show what it prints; the demo ends where one fails."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(FOLDER / "collections"),
        "ANSIBLE_PYTHON_INTERPRETER": "{{ ansible_playbook_python }}",
        "ANSIBLE_HOME": str(FOLDER / "home"),
        "ANSIBLE_DISPLAY_OK_HOSTS": "false",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_FORCE_COLOR": "true",
    }
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.Popen(
        [program, *command[1:]],
        cwd=FOLDER,
        env={**os.environ, **settings},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = []
    assert done.stdout
    for line in done.stdout:
        lines.append(line)
        if not quiet:
            print(line, end="", flush=True)
    if done.wait():
        sys.exit("".join(lines) if quiet else f"{command[0]} failed")
    return "".join(lines)


def wire(*arguments: str) -> str:
    return run(
        "ansible-playbook",
        "fleetgate.proxmox.wire",
        "-i",
        str(ROOT / "examples" / EXAMPLE),
        "-i",
        str(FOLDER / "inventory.yml"),
        *arguments,
    )


def main() -> None:
    for made in ("collections", "dist"):
        shutil.rmtree(FOLDER / made, ignore_errors=True)
    say("The collection is built and installed")
    run("ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(FOLDER / "dist"), quiet=True)
    (tarball,) = (FOLDER / "dist").glob("*.tar.gz")
    run("ansible-galaxy", "collection", "install", str(tarball), "-p", str(FOLDER / "collections"), quiet=True)
    print(f"{tarball.name} is in an empty folder of collections")
    with FleetServers(FLEETS[EXAMPLE], FOLDER / "fleet", real_ports=True) as fleet:
        show(fleet)
    say("Everything is stopped again; what was made is in build/demo")


def show(fleet: Fleet) -> None:
    (FOLDER / "inventory.yml").write_text(yaml.safe_dump(fleet.inventory()))
    nodes = ", ".join(f"{name} ({len(servers)} nodes)" for name, servers in fleet.pve.items())
    say(f"A fleet is running: Pocket ID, PVE clusters {nodes}, PBS {', '.join(fleet.pbs)}")

    say("1. The plan: ansible-playbook fleetgate.proxmox.wire --check --diff")
    wire("--check", "--diff")
    expect(not fleet.writes(), "the plan was made with reads only")

    say("2. The job: ansible-playbook fleetgate.proxmox.wire")
    wire()
    print(f"{len(fleet.writes())} requests changed something")

    say("3. The same again, for ever")
    fleet.forget()
    recap = wire()
    expect(
        "changed=0" in recap and not any(f"changed={number}" in recap for number in range(1, 10)), "nothing was changed"
    )
    expect(not fleet.writes(), f"none of {len(fleet.exchanges())} requests was a write")

    say(f"4. {PERSON} signs in on every server, through Pocket ID and back")
    person = fleet.person(PERSON)
    for servers in fleet.pve.values():
        for server in servers:
            sign_in(person, server, f"https://{server.name}:{server.port}")
    for server in fleet.pbs.values():
        sign_in(person, server, server.url)


def sign_in(person: Person, server: Server, address: str) -> None:
    try:
        signed_in = person.sign_in(server.url, "pocketid", address)
    except Refused as refusal:
        sys.exit(f"{server.name}: {refusal}")
    told = (
        "; ".join(f"{path}: {few(privileges)}" for path, privileges in significant(signed_in.rights).items())
        or "no rights"
    )
    print(f"{server.name:14} {signed_in.userid} may {told}")


def significant(rights: dict[str, list[str]]) -> dict[str, list[str]]:
    """Rights by path, without the paths that only have what comes from above."""
    return {path: privileges for path, privileges in rights.items() if path == "/" or rights.get("/") != privileges}


def few(privileges: list[str]) -> str:
    return (
        ", ".join(privileges) if len(privileges) < 5 else f"{', '.join(privileges[:3])} and {len(privileges) - 3} more"
    )


def expect(true: bool, what: str) -> None:
    if not true:
        sys.exit(f"the demo went wrong: it is not so that {what}")
    print(what)


if __name__ == "__main__":
    main()
