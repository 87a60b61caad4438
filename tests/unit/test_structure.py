"""Completeness: steps that are easily forgotten when a module is added."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
GROUPS = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]


def load(module):
    return importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{module}")


def test_every_module_has_an_action_file():
    assert sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_action_runs_the_module_of_its_name(module):
    action = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.action.{module}")
    assert action.ActionModule.module is load(module).MODULE


def test_every_module_is_in_the_action_group_of_its_system_and_in_all():
    grouped = {name: [one for one in members if isinstance(one, str)] for name, members in GROUPS.items()}
    extended = [one["metadata"]["extend_group"] for one in GROUPS["all"] if isinstance(one, dict)]
    assert extended == [[name for name in grouped if name != "all"]]
    assert sorted(one for members in grouped.values() for one in members) == MODULES
    for name, members in grouped.items():
        assert name == "all" or all(one.startswith(f"{name}_") for one in members)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_documentation_and_two_lines(module):
    text = (ROOT / f"plugins/modules/{module}.py").read_text()
    code = text[text.index("\nfrom ..module_utils") :].replace(
        '\n\n\ndef main() -> None:\n    MODULE.main()\n\n\nif __name__ == "__main__":\n    main()\n', ""
    )
    statements = [line for line in code.splitlines() if line]
    assert len(statements) <= 2, statements


@pytest.mark.parametrize("system", ["pve", "pbs", "pocketid", "authentik", "pulse"])
def test_entries_of_a_state_module_have_the_options_of_the_one_object_module(system):
    spec = load(f"{system}_state").MODULE.argument_spec
    connection = {option for option in spec if "options" not in spec[option]}
    kinds = {
        option: spec[option]["options"]
        for option in spec
        if spec[option]["type"] == "list" and "options" in spec[option]
    }
    assert kinds
    for option, entry in kinds.items():
        one = load(f"{system}_{option if option == 'acl' else option.removesuffix('s')}").MODULE.argument_spec
        assert {name: value for name, value in one.items() if name not in {*connection, "exclusive"}} == entry
        scope = spec["exclusive"]["options"][option]
        assert one.get("exclusive", scope) == scope


@pytest.mark.parametrize("module", MODULES)
def test_options_that_hold_secrets_are_not_logged(module):
    """Derived from the option's name; options that only refer to a secret are listed."""
    harmless = {
        "api_token_id",
        "secret_file",
        "token_file",
        "update_token",
        "secret_file_vault_id",
        "secret_comment",
        "return_secret",
        "update_password",
        "replace_secret",
        "secret_expires_at",
        "secret_max_age",
        "secret_overlap",
        "secret_candidates_complete",
        "repair_signing_key",
        "secrets",
        "show_secrets",
        "tokenid",
        "token_name",
        "tokens",
        "keys",
        "append",
        "signing_key",
        "encryption_key",
        "include_claims_in_id_token",
        "access_token_validity",
        "refresh_token_validity",
        "refresh_token_threshold",
    }

    def check(spec):
        for name, option in spec.items():
            if any(word in name for word in ("secret", "password", "_key", "token", "totp")) and name not in harmless:
                assert option.get("no_log") is True or "token_duration" in name or "choices" in option, name
            check(option.get("options") or {})

    check(load(module).MODULE.argument_spec)


def test_examples_of_modules_are_tasks_that_the_modules_accept():
    """Checks names and choices of options, not the meaning of values."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    count = 0
    for module in MODULES:
        for task in yaml.safe_load(load(module).EXAMPLES):
            for name, options in task.items():
                if name.startswith("fleetgate.proxmox."):
                    spec = load(name.rpartition(".")[2]).MODULE.argument_spec
                    assert ArgumentSpecValidator(spec).validate(options).error_messages == [], (module, task)
                    count += 1
    assert count >= len(MODULES)


def test_every_example_inventory_can_be_simulated():
    from tests.simulators.fleet import FLEETS

    assert sorted(FLEETS) == sorted(path.parent.name for path in (ROOT / "examples").glob("*/inventory.yml"))
    for name, description in FLEETS.items():
        hosts = yaml.safe_load((ROOT / "examples" / name / "inventory.yml").read_text())["all"]["children"]

        def inside(group):
            yield from group.get("hosts") or ()
            for child in (group.get("children") or {}).values():
                yield from inside(child)

        assert sorted(inside(hosts["pve"])) == sorted(description.clusters)
        assert sorted(inside(hosts["pbs"])) == sorted(description.backups)
        assert list(inside(hosts.get("pulse", {}))) in ([], ["pulse1"])


@pytest.mark.parametrize("example", sorted(path.parent.name for path in (ROOT / "examples").glob("*/inventory.yml")))
def test_example_folder_has_exactly_the_hosts_of_its_inventory_file(ansible, example):
    """Ansible reads every file of an inventory folder, for example a logo, and would create hosts from its lines."""

    def hosts(path):
        listed = json.loads(ansible.program("ansible-inventory", "--list", "-i", str(path)).stdout)
        return {group: members.get("hosts", []) for group, members in listed.items() if group != "_meta"}

    assert hosts(ROOT / "examples" / example) == hosts(ROOT / "examples" / example / "inventory.yml")


@pytest.fixture(scope="module")
def documented(ansible):
    """The output of ansible-doc for every module by name."""
    told = ansible.program("ansible-doc", "--json", *(f"fleetgate.proxmox.{module}" for module in MODULES))
    return {name.rpartition(".")[2]: one["doc"] for name, one in json.loads(told.stdout).items()}


@pytest.mark.parametrize("module", MODULES)
def test_module_attributes_describe_support_and_limitations(documented, module):
    """Derived from option names: options that act in every run, and results that can be verified only at the end."""
    told = documented[module]["attributes"]
    assert {"action", "action_group", "async", "check_mode", "diff_mode", "idempotent", "platform"} == set(told)
    groups = {f"fleetgate.proxmox.{name}" for name, members in GROUPS.items() if module in members or name == "all"}
    assert set(told["action_group"]["membership"]) == groups

    def options(spec):
        for name, option in spec.items():
            yield name, option.get("choices", ())
            yield from options(option.get("options") or {})

    there = list(options(load(module).MODULE.argument_spec))
    in_every_run = any({"always", "regenerate"} & set(choices) for _name, choices in there)
    in_every_run |= module in ("rotate_provider", "rotate_token")
    foretold = "required_privileges" not in dict(there) and module != "pve_realm_sync"
    if not module.endswith("_info"):
        assert told["idempotent"]["support"] == ("partial" if in_every_run else "full")
        assert told["check_mode"]["support"] == ("full" if foretold else "partial")


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))
def test_defaults_of_a_role_are_documented(role):
    folder = ROOT / "roles" / role
    defaults = yaml.safe_load((folder / "defaults/main.yml").read_text())
    entries = yaml.safe_load((folder / "meta/argument_specs.yml").read_text())["argument_specs"].values()
    documented = {name: option for entry in entries for name, option in entry["options"].items()}
    assert set(defaults) <= set(documented)
    # the default of a client is documented as text
    assert {name: documented[name].get("default") for name in defaults if name != "fleetgate_client"} == {
        name: value for name, value in defaults.items() if name != "fleetgate_client"
    }
