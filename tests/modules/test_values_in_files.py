"""PVE and PBS keep their configuration in line-based files: no value of an option breaks a file or another object in it.

Each option of each kind of object gets values with the characters that separate lines, fields and lists. The module refuses
a value before it writes, or the object has exactly this value afterwards and all others are as they were.
"""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.modules.systems import SYSTEMS
from tests.support import in_process
from tests.support.sample import sample

MARKS = (
    ":",
    ",",
    ";",
    "#",
    "@",
    "!",
    "=",
    "/",
    "\\",
    '"',
    "'",
    "%",
    "[",
    "{",
    " ",
    "\t",
    "\n",
    "\r",
    "\x00",
    "ä",
    "\u2028",
)
# a role of each system
ROLES = {"pve": "PVEAuditor", "pbs": "Audit"}
# options that change other objects
OF_OTHERS = ("users", "groups", "default")


def variants(text):
    """A value with each of the characters at its beginning, within, and at its end."""
    return [variant for mark in MARKS for variant in (f"{mark}{text}", f"{text[:2]}{mark}{text[2:]}", f"{text}{mark}")]


def tries(system, resource):
    """Entries of a kind in which one option has such a value."""
    identity, create = system.LIVES[f"{system.__name__.rpartition('.')[2]}_{resource.name}"][:2]
    entry = {option: value for option, value in {**identity, **create}.items() if option not in OF_OTHERS}
    if resource.name == "token":
        entry["return_secret"] = True
    for field in resource.table(entry):
        rule = getattr(field.kind, "each", field.kind)
        if not hasattr(rule, "pattern") or rule.choices or field.task_only:
            continue
        value = entry.get(field.option)
        text = (
            value[0]
            if isinstance(value, list) and value
            else value
            if isinstance(value, str) and value
            else "some text"
        )
        for variant in variants(text):
            yield field.option, {**entry, field.option: [variant] if hasattr(field.kind, "each") else variant}


@pytest.mark.parametrize("name", ROLES)
def test_values_with_separators_are_refused_or_kept_and_other_objects_are_unchanged(fleet_of, figure, name):
    wired, system = fleet_of("homelab"), SYSTEMS[name]
    connection = system.connection(wired)
    kinds = {resource.plural: resource for resource in engine_of(name).resources}

    def run(module, **options):
        return in_process.result_of(f"{name}_{module}", **connection, **options)

    def everything():
        found = run("info", gather=list(kinds))
        assert not found.get("failed"), found["msg"]
        # the order of objects is that of a hash on some servers
        return {plural: sorted(found[plural], key=repr) for plural in kinds}

    for module, options in system.COMPANY:
        assert not run(module.partition("_")[2], **options).get("failed")
    before = everything()
    refused = kept = 0
    for resource in kinds.values():
        if f"{name}_{resource.name}" not in system.LIVES or resource.many:
            continue
        for option, entry in sample(tries(system, resource), 20):
            wired.fleet.forget()
            result = run(resource.name, **entry)
            if result.get("failed"):
                assert wired.fleet.writes() == [], (option, entry, result["msg"])
                assert everything() == before, (option, entry)
                refused += 1
                continue
            assert run(resource.name, **entry)["changed"] is False, (option, entry)
            others = everything()
            key = resource.key_of(entry)
            own = [row for row in others[resource.plural] if tuple(row[part] for part in resource.key) == key]
            assert len(own) == 1, (option, entry)
            others[resource.plural] = [row for row in others[resource.plural] if row not in own]
            assert others == before, (option, entry)
            subject = next((option for option, kind in kinds["acl"].subjects.items() if kind == resource.name), None)
            if subject and option in resource.key:
                row = {"path": "/", "roles": [ROLES[name]], subject: ["!".join(key)]}
                for state, changed in (("present", True), ("present", False), ("absent", True)):
                    assert run("acl", **row, state=state).get("changed") is changed, (row, state)
            absent = {part: entry[part] for part in (*resource.key, resource.variant) if part in entry}
            assert not run(resource.name, **absent, state="absent").get("failed")
            assert everything() == before, (option, entry)
            kept += 1
    figure(f"{name}: {refused + kept} values with separators, {refused} refused before a write, {kept} kept")


def engine_of(name):
    """The description of the API of a system in the collection."""
    system = import_module(f"ansible_collections.fleetgate.proxmox.plugins.module_utils.{name}.system")
    return getattr(system, name.upper())
