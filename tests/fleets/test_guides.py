"""The guides can be followed: their files are written and their commands run as printed, against a simulated fleet."""

from __future__ import annotations

import pytest

from tests.simulators.fleet import Description, FleetServers
from tests.support.ansible import ROOT
from tests.support.guides import Project, guide, readme
from tests.support.sample import ALL

# the sections of the first guide about other providers
OTHERS = ("With authentik", "With any other issuer")
# guides that are followed on the fleet of the first one, in this order; the tests of their playbooks run most of each
FOLLOWED = (
    "troubleshooting",
    "prove",
    "automation_token",
    "wire",
    "monitoring",
    "report",
    "rotate",
    "migration",
    "tokens",
    "record",
    "offboarding",
    "unwire",
)
# what simulated hosts cannot run; tests/fleets/test_least_privilege.py creates the same identity through the API
BY_HAND = "By hand"
HERE = (*FOLLOWED, "first_fleet", "identity_providers")


def reader(folder, ansible, idp="pocketid"):
    """A fleet as that of the first guide, whose Pocket ID also has the clients of a provider that is managed elsewhere."""
    servers = FleetServers(Description({"lab": ("pve1",)}, ("backup",), idp=idp), folder)
    return servers, lambda fleet: Project(
        folder,
        fleet,
        ansible,
        {
            "vault_pocketid_api_key": fleet.api_key,
            "vault_authentik_token": fleet.authentik_token,
            "vault_pulse_api_token": fleet.tokens["pulse1"],
            "vault_client_secrets": fleet.client_secrets,
        },
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory, ansible):
    servers, project_of = reader(tmp_path_factory.mktemp("first"), ansible)
    with servers as fleet:
        yield fleet, project_of(fleet)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, ansible):
    """The files of the first guide, with tokens that exist already."""
    servers, project_of = reader(tmp_path_factory.mktemp("elsewhere"), ansible, "oidc")
    with servers as fleet:
        project = project_of(fleet)
        for product in ("pve", "pbs"):
            project.replace(f"fleetgate@{product}!automation", "root@pam!fleet")
        for block in (*guide("first_fleet"), *guide("identity_providers")):
            if block.language == "yaml" and (issuer := (block.data.get("fleetgate_idp") or {}).get("issuer")):
                project.replace(issuer, fleet.pocketid.url)
        (project.folder / "secrets").mkdir()
        for host in ("lab", "backup"):
            (project.folder / f"secrets/{host}.token.txt").write_text(fleet.tokens[host])
        blocks = [block for block in guide("first_fleet") if block.section not in OTHERS]
        project.follow([block for block in blocks if "ansible-playbook" not in block.text])
        yield project


def test_first_guide_leads_to_a_sign_on_on_every_server(first, figure):
    fleet, project = first
    runs = project.follow([block for block in guide("first_fleet") if block.section not in OTHERS])
    assert [any(secret in run.output for secret in fleet.secrets()) for run in runs] == [False] * len(runs) != []
    figure(f"{len(runs)} playbooks")
    node = fleet.pve["lab"][0]
    assert "Realm.Allocate" in fleet.person("alice").sign_in(node.url, "pocketid", node.named_url).rights["/"]
    backup = fleet.pbs["backup"]
    assert "Datastore.Allocate" in fleet.person("alice").sign_in(backup.url, "pocketid", backup.url).rights["/"]


def test_readme_has_the_files_and_commands_of_the_first_guide():
    blocks = [block for block in guide("first_fleet") if block.section not in OTHERS]
    assert {block.file: block.text for block in readme() if block.file} == {
        block.file: block.text for block in blocks if block.language == "yaml"
    }
    commands = [command for block in readme() for command in block.commands if not command.startswith("make ")]
    printed = [command for block in blocks for command in block.commands]
    assert [command for command in printed if command in commands] == commands
    assert [command for command in printed if command not in commands and "prove" not in command] == []


@pytest.mark.parametrize("section", OTHERS)
def test_first_guide_works_with_other_providers(elsewhere, section):
    elsewhere.follow([block for block in guide("first_fleet") if block.section == section])
    run = elsewhere.run("ansible-playbook fleetgate.proxmox.wire -i inventory.yml --check").succeeded()
    assert run.changed


@pytest.mark.parametrize("section", ["Any other issuer", "Entra ID", "Authelia"])
def test_declarations_for_other_issuers_are_accepted(elsewhere, section):
    if section != "Entra ID" and not ALL:
        pytest.skip("only with make proof")
    blocks = [block for block in guide("identity_providers") if block.section == section and block.file]
    elsewhere.follow(blocks)
    assert elsewhere.run("ansible-playbook fleetgate.proxmox.wire -i inventory.yml --check").succeeded().changed


@pytest.mark.parametrize("name", FOLLOWED)
def test_guide_can_be_followed_on_the_first_fleet(first, name, figure):
    if name != "migration" and not ALL:
        pytest.skip("only with make proof")
    _fleet, project = first
    runs = project.follow([block for block in guide(name) if block.section != BY_HAND])
    figure(f"{len(runs)} playbooks")


def test_every_guide_with_commands_is_followed_by_a_test():
    tests = " ".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for path in (ROOT / "docs/docsite/rst").glob("guide_*.rst"):
        name = path.stem.removeprefix("guide_")
        if any(block.commands for block in guide(name)):
            assert name in HERE or path.name in tests or f'guide("{name}")' in tests, path.name
