"""The README of a role stays correct: variables are documented once, in meta/argument_specs.yml."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support.ansible import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


@pytest.fixture(params=ROLES)
def role(request):
    return request.param


@pytest.fixture
def readme(role):
    return (ROOT / "roles" / role / "README.md").read_text()


def with_parts(playbook):
    """The text of a playbook and of those that it imports."""
    text = playbook.read_text()
    return text + "".join(
        with_parts(playbook.parent / name) for name in re.findall(r"import_playbook: (\S+\.yml)", text)
    )


def entry_points(role):
    return yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())["argument_specs"]


def test_a_role_readme_names_only_documented_variables_and_links_to_their_documentation(role, readme):
    documented = {option for entry in entry_points(role).values() for option in entry["options"]}
    assert set(re.findall(r"\bfleetgate_\w+", readme)) <= documented
    assert f"ansible-doc -t role fleetgate.proxmox.{role}" in readme
    assert "(meta/argument_specs.yml)" in readme


def test_a_role_readme_names_every_entry_point_besides_main(role, readme):
    assert {name for name in entry_points(role) if name != "main" and f"`{name}`" not in readme} == set()


def test_the_example_of_a_role_readme_runs_the_role_or_a_playbook_that_does(role, readme):
    (example,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (play,) = yaml.safe_load(example)
    if "import_playbook" not in play:
        assert play["roles"] == [{"role": f"fleetgate.proxmox.{role}"}]
        return
    playbook = play["import_playbook"].removeprefix("fleetgate.proxmox.")
    assert playbook in PLAYBOOKS
    runs = with_parts(ROOT / "playbooks" / f"{playbook}.yml")
    assert f"fleetgate.proxmox.{role}" in runs or f"'{role}'" in runs
