"""Tables of what the tests of all modules do with those of one system, a file for each system.

Each has `connection` (the options that lead to its first server) and EVERY_MODULE, HIDDEN and BAD_INPUT; those whose
modules write have also `server`, LIVES, COMPANY, THERE and ONE, and those with privileges MISSING_RIGHTS. NEWER are
options by module that older servers do not have.
"""

from __future__ import annotations

from tests.modules.systems import authentik, oidc, pbs, pocketid, pulse, pve

SYSTEMS = {"pve": pve, "pbs": pbs, "pocketid": pocketid, "authentik": authentik, "pulse": pulse, "oidc": oidc}
WRITING = [one for one in SYSTEMS.values() if hasattr(one, "LIVES")]


def system_of(module):
    return SYSTEMS[module.partition("_")[0]]


def task(wired, module, **options):
    """A task of a playbook that uses a module of the collection. An option that is None is left out."""
    given = {**system_of(module).connection(wired), **options}
    return {f"fleetgate.proxmox.{module}": {option: value for option, value in given.items() if value is not None}}


def union(name, systems=WRITING):
    """The tables of that name of all systems as one."""
    return {key: row for one in systems for key, row in getattr(one, name, {}).items()}
