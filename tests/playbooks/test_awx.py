"""The playbook awx with the modules of awx.awx against a simulated AWX, as the guide describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.support import awx as simulated
from tests.support.ansible import ROOT

GUIDE = (ROOT / "docs/docsite/rst/guide_awx.rst").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE)]
(VARIABLES,) = (block for block in BLOCKS if isinstance(block, dict) and "fleetgate_awx_project_url" in block)
LISTS = {
    "controller_credential_types": "credential_types",
    "controller_credentials": "credentials",
    "controller_execution_environments": "execution_environments",
    "controller_projects": "projects",
    "controller_inventories": "inventories",
    "controller_inventory_sources": "inventory_sources",
    "controller_templates": "job_templates",
    "controller_workflows": "workflow_job_templates",
    "controller_schedules": "schedules",
}


@pytest.fixture(scope="module")
def awx(ansible, tmp_path_factory):
    """An AWX for which the playbook runs twice, with the variables of the guide."""
    simulated.install(ansible._collections)
    variables = tmp_path_factory.mktemp("awx") / "awx.yml"
    variables.write_text(yaml.safe_dump(VARIABLES))
    with simulated.running() as awx:
        awx.run = lambda *arguments: ansible.playbook(
            "fleetgate.proxmox.awx", "-e", f"@{variables}", *arguments, **awx.environment
        )
        awx.first = awx.run()
        written = len(awx.observed.writes())
        awx.second = awx.run()
        awx.written_again = awx.observed.writes()[written:]
        yield awx


@pytest.fixture(scope="module")
def data(ansible, tmp_path_factory):
    """The lists that the role defines for infra.aap_configuration."""
    folder = tmp_path_factory.mktemp("data")
    tasks = [
        {"ansible.builtin.import_role": {"name": "fleetgate.proxmox.awx", "tasks_from": "data"}},
        {"ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.vars', *lists) }}"}, "name": "Lists"},
    ]
    plays = [{"hosts": "localhost", "gather_facts": False, "vars": {"lists": list(LISTS)}, "tasks": tasks}]
    (folder / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    (folder / "awx.yml").write_text(yaml.safe_dump(VARIABLES))
    run = ansible.playbook(str(folder / "play.yml"), "-e", f"@{folder / 'awx.yml'}").succeeded()
    return dict(zip(LISTS, run.results("Lists")[0]["msg"]))


def test_everything_is_declared_and_a_second_run_changes_nothing(awx):
    awx.first.succeeded()
    awx.second.succeeded()
    assert awx.second.changed == [] and awx.written_again == []
    for collection in LISTS.values():
        assert awx.simulator.objects(collection), collection


@pytest.mark.parametrize("name", LISTS)
def test_data_for_aap_configuration_is_what_the_playbook_declares(awx, data, name):
    """Each value of an entry is a field of the object in AWX."""
    awx.first.succeeded()
    objects = awx.simulator.objects(LISTS[name])
    assert sorted(entry["name"] for entry in data[name]) == sorted(objects)
    for entry in data[name]:
        found = objects[entry["name"]]
        # before ansible-core 2.19 an option that is left out is in the entry
        entry = {key: value for key, value in entry.items() if not str(value).startswith("__omit_place_holder__")}
        expected = {key: value for key, value in entry.items() if key in found}
        other = set(entry) - set(found) - {"organization", "update_secrets", "survey_spec", "workflow_nodes"}
        assert other == set()
        if "extra_vars" in expected:
            found["extra_vars"] = json.loads(found["extra_vars"])
        if "credentials" in expected:
            expected["credentials"] = sorted(expected["credentials"])
        assert {key: found[key] for key in expected} == expected
        if "survey_spec" in entry:
            assert awx.simulator.survey(entry["name"]) == entry["survey_spec"]


def test_workflow_sets_up_the_provider_then_slices_then_proves(awx):
    awx.first.succeeded()
    nodes = awx.simulator.objects("workflow_job_template_nodes")
    order = {name: (node["unified_job_template"], node["success_nodes"]) for name, node in nodes.items()}
    assert order == {
        "provider": ("fleetgate wire provider", ["hosts"]),
        "hosts": ("fleetgate wire hosts", ["prove"]),
        "prove": ("fleetgate prove", []),
    }
    templates = awx.simulator.objects("job_templates")
    assert templates["fleetgate wire hosts"]["job_slice_count"] == VARIABLES["fleetgate_awx_slices"]


def test_missing_variable_is_reported_before_the_first_request(ansible, awx):
    before = len(awx.observed.journal)
    run = ansible.playbook("fleetgate.proxmox.awx", **awx.environment)
    assert run.code != 0
    assert "fleetgate_awx_image, fleetgate_awx_project_url" in " ".join(run.failed)
    assert len(awx.observed.journal) == before


def test_project_has_a_playbook_for_every_job_template(data):
    for template in data["controller_templates"]:
        assert (Path(simulated.PROJECT) / template["playbook"]).is_file()
