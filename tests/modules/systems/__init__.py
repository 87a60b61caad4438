"""Tables for the tests that cover all modules, a file for each system.

Each has `connection` (the connection options of its first server) and EVERY_MODULE, HIDDEN and BAD_INPUT; systems with
writing modules also have `server`, LIVES, COMPANY, THERE and ONE, and those with privileges MISSING_RIGHTS. NEWER are
options by module that older servers do not support.
"""

from __future__ import annotations

from tests.modules.systems import authentik, oidc, pbs, pocketid, pulse, pve
from tests.support.in_process import run

SYSTEMS = {"pve": pve, "pbs": pbs, "pocketid": pocketid, "authentik": authentik, "pulse": pulse, "oidc": oidc}
WRITING = [system for system in SYSTEMS.values() if hasattr(system, "LIVES")]


def system_of(module):
    return SYSTEMS[module.partition("_")[0]]


def run_on(wired, module, /, **options):
    """The result of a module on the first server of its system, which must not fail."""
    return run(module, **{**system_of(module).connection(wired), **options})


def task(wired, module, **options):
    """A task of a playbook that uses a module of the collection. An option that is None is left out."""
    given = {**system_of(module).connection(wired), **options}
    return {f"fleetgate.proxmox.{module}": {option: value for option, value in given.items() if value is not None}}


def union(name, systems=WRITING):
    """The tables of that name of all systems, merged; a key in two tables would silently hide a case."""
    tables = [getattr(system, name, {}) for system in systems]
    merged = {key: row for table in tables for key, row in table.items()}
    assert len(merged) == sum(map(len, tables)), f"{name} of two systems have the same key"
    return merged
