"""The playbook bootstrap: from a new fleet and root's shell or password to an identity that the main job works with."""

from __future__ import annotations

import pytest
import requests
import yaml

from tests.support.ansible import ROOT

PRIVILEGES = yaml.safe_load((ROOT / "roles/bootstrap/defaults/main.yml").read_text())["fleetgate_privileges"]
STORED = "{{ lookup('ansible.builtin.file', fleetgate_token_file, errors='ignore') }}"


@pytest.fixture
def homelab(fleet_of, tmp_path):
    return new(fleet_of("homelab"), tmp_path)


def new(wired, folder):
    """A fleet whose inventory has no credential but what bootstrap will have stored."""
    inventory = wired.fleet.inventory()
    for system in ("pve", "pbs"):
        for host in inventory["all"]["children"][system]["hosts"].values():
            host["fleetgate_api"].update(api_token_id=f"fleetgate@{system}!automation", api_token_secret=STORED)
            host["fleetgate_token_file"] = f"{folder}/secrets/{{{{ inventory_hostname }}}}.token"
    wired.inventory, wired.secrets = inventory, folder / "secrets"
    wired.list_hosts(inventory)
    return wired


def stored(wired):
    return {path.stem: path.read_text().strip() for path in wired.secrets.iterdir()}


def plans(run):
    """Plan and diff of the identity by host, and what the last look with the token would have to change."""
    told = {}
    for row in run.rows:
        if "plan" in row["result"]:
            known = (row["host"], "proven" if (row["host"], "made") in told else "made")
            told[known] = [row["result"]["plan"], row["result"]["diff"]] if known[1] == "made" else row["result"]["plan"]
    return told


def rights(server, system, secret, trust):
    """What the server says that the stored token may do, as privileges by path."""
    separator = {"pve": "=", "pbs": ":"}[system]
    header = {"Authorization": f"{system.upper()}APIToken=fleetgate@{system}!automation{separator}{secret}"}
    told = requests.get(f"{server.url}/api2/json/access/permissions", headers=header, verify=trust, timeout=10).json()["data"]
    return {path: set(privileges) for path, privileges in told.items() if privileges}


def test_from_a_new_fleet_to_the_main_job(homelab):
    planned = homelab.play("bootstrap", "--check", "--diff").succeeded()
    assert homelab.fleet.writes() == [] and not homelab.secrets.exists()
    first = homelab.play("bootstrap", "-vvvv", "--diff").succeeded()
    assert homelab.fleet.writes()
    assert plans(first) == {**plans(planned), ("pve1", "proven"): [], ("pbs1", "proven"): []}
    secrets = stored(homelab)
    assert set(secrets) == {"pve1", "pbs1"}
    assert [oct(path.stat().st_mode)[-3:] for path in (homelab.secrets, *homelab.secrets.iterdir())] == ["700", "600", "600"]
    assert [secret for secret in [*homelab.fleet.secrets(), *secrets.values()] if secret in first.output] == []
    trust = str(homelab.fleet.authority.bundle)
    assert rights(homelab.fleet.pve["pve1"][0], "pve", secrets["pve1"], trust)["/"] == set(PRIVILEGES)
    on_pbs = rights(homelab.fleet.pbs["pbs1"], "pbs", secrets["pbs1"], trust)
    assert on_pbs and all(path.startswith("/access") for path in on_pbs)
    again = homelab.play("bootstrap", fleetgate_bootstrap={"via": "password"}, ansible_ssh_executable="/nowhere/ssh").succeeded()
    assert again.changed == [] and homelab.fleet.writes() == [] and stored(homelab) == secrets
    homelab.play("wire").succeeded()
    assert homelab.play("wire").succeeded().changed == []


def test_with_the_password_of_root_once(homelab):
    passwords = {"pve1": homelab.fleet.tokens["pve1 root"], "pbs1": homelab.fleet.tokens["pbs1 root"]}
    told = {"via": "password", "api_password": "{{ passwords[inventory_hostname] }}"}
    options = {"passwords": passwords, "fleetgate_bootstrap": told, "ansible_ssh_executable": "/nowhere/ssh"}
    homelab.play("bootstrap", "--check", **options).succeeded()
    assert homelab.fleet.writes() == []
    wrong = homelab.play("bootstrap", **{**options, "passwords": dict.fromkeys(passwords, "not-the-password")})
    assert len(wrong.failed) == 2 and all("root@pam could not sign in" in one for one in wrong.failed), wrong.failed
    assert homelab.fleet.writes() == []
    first = homelab.play("bootstrap", "-vvvv", **options).succeeded()
    secrets = stored(homelab)
    assert [secret for secret in [*homelab.fleet.secrets(), *secrets.values()] if secret in first.output] == []
    assert homelab.play("bootstrap").succeeded().changed == []


def test_the_secret_is_encrypted_where_a_vault_is_named(homelab, tmp_path):
    (tmp_path / "password").write_text("of the vault")
    vault = {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password"), "fleetgate_bootstrap": {"vault_id": "default"}}
    homelab.play("bootstrap", **vault).succeeded()
    assert all(secret.startswith("$ANSIBLE_VAULT;") for secret in stored(homelab).values())
    assert homelab.play("bootstrap", **vault).succeeded().changed == []
    homelab.play("wire", "--check", **vault).succeeded()


def test_a_host_without_ssh_does_not_keep_the_others(homelab):
    run = homelab.play("bootstrap", "-e", '{"ansible_port": "{{ 2222 if inventory_hostname == \'pve1\' else 22 }}"}')
    assert [one.split(":")[0] for one in run.failed] == ["pve1"] and "Connection refused" in run.failed[0]
    assert set(stored(homelab)) == {"pbs1"}


def test_more_privileges_are_given_as_root(homelab):
    homelab.play("bootstrap").succeeded()
    before = stored(homelab)
    more = homelab.play("bootstrap", fleetgate_privileges=[*PRIVILEGES, "Sys.Modify"]).succeeded()
    assert {one.split(":")[0] for one in more.changed} == {"pve1"} and stored(homelab) == before
    trust = str(homelab.fleet.authority.bundle)
    assert "Sys.Modify" in rights(homelab.fleet.pve["pve1"][0], "pve", before["pve1"], trust)["/"]


def test_a_lost_secret_is_only_replaced_when_asked_for(homelab):
    """Another control node may work with the token."""
    homelab.play("bootstrap").succeeded()
    before = stored(homelab)
    (homelab.secrets / "pve1.token").unlink()
    (homelab.secrets / "pbs1.token").write_text("not-the-secret")
    refused = homelab.play("bootstrap")
    assert len(refused.failed) == 2 and homelab.fleet.writes() == []
    assert "pve1.token" in refused.failed[0] + refused.failed[1] and "replace_secret" in refused.output
    homelab.play("bootstrap", "--check", fleetgate_bootstrap={"replace_secret": True}).succeeded()
    assert homelab.fleet.writes() == []
    replaced = homelab.play("bootstrap", "-vvvv", fleetgate_bootstrap={"replace_secret": True}).succeeded()
    after = stored(homelab)
    assert set(before.values()).isdisjoint(after.values()) and not any(secret in replaced.output for secret in after.values())
    assert homelab.play("bootstrap", fleetgate_bootstrap={"replace_secret": True}).succeeded().changed == []


def test_nodes_of_one_cluster_share_a_token(fleet_of, tmp_path):
    wired = fleet_of("fleet")
    nodes = wired.fleet.pve["berlin"]
    hosts = new(wired, tmp_path).inventory["all"]["children"]["pve"]["hosts"]
    listed = {node.name: {**hosts["berlin"], "ansible_host": node.host} for node in nodes}
    for node in nodes:
        listed[node.name]["fleetgate_api"] = {**hosts["berlin"]["fleetgate_api"], "api_port": node.port}
    wired.list_hosts({"all": {"children": {"pve": {"hosts": listed}}}})
    limit = ("--limit", ",".join(listed))
    wired.play("bootstrap", "--check", *limit).succeeded()
    wired.play("bootstrap", *limit).succeeded()
    secrets = stored(wired)
    assert set(secrets) == set(listed) and len(set(secrets.values())) == 1
    assert wired.play("bootstrap", *limit).succeeded().changed == []
    (wired.secrets / "berlin1.token").unlink()
    wired.play("bootstrap", *limit).succeeded()
    assert wired.fleet.writes() == [] and stored(wired) == secrets
