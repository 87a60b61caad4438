"""The identity of the automation in other situations: no SSH, lost secrets, additional privileges, several nodes of a cluster."""

from __future__ import annotations

import pyotp
import pytest
import yaml

from tests.support.bootstrap import PRIVILEGES, new, rights, stored


@pytest.fixture
def homelab(fleet_of, tmp_path):
    return new(fleet_of("homelab"), tmp_path)


def test_bootstrap_works_with_the_password_of_root(homelab):
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


def test_second_factor_of_root_is_used_once(fleet_of, tmp_path):
    """A server accepts each code once, and the playbook works as root in two tasks."""
    factor = pyotp.TOTP(pyotp.random_base32())
    homelab = new(fleet_of("homelab", totp={"root@pam": factor.secret}), tmp_path)
    passwords = {name: homelab.fleet.tokens[f"{name} root"] for name in ("pve1", "pbs1")}
    told = {"via": "password", "api_password": "{{ passwords[inventory_hostname] }}", "api_totp": factor.now()}
    run = homelab.play("bootstrap", "-vvvv", passwords=passwords, fleetgate_bootstrap=told).succeeded()
    assert set(stored(homelab)) == set(passwords) and "root@pam:" not in run.output


def test_secret_is_encrypted_when_a_vault_id_is_given(homelab, tmp_path):
    (tmp_path / "password").write_text("of the vault")
    vault = {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password"), "fleetgate_bootstrap": {"vault_id": "default"}}
    homelab.play("bootstrap", **vault).succeeded()
    assert all(secret.startswith("$ANSIBLE_VAULT;") for secret in stored(homelab).values())
    assert homelab.play("bootstrap", **vault).succeeded().changed == []
    homelab.play("wire", "--check", **vault).succeeded()


def test_host_without_ssh_does_not_stop_the_others(homelab):
    run = homelab.play("bootstrap", "-e", '{"ansible_port": "{{ 2222 if inventory_hostname == \'pve1\' else 22 }}"}')
    assert [one.split(":")[0] for one in run.failed] == ["pve1"] and "Connection refused" in run.failed[0]
    assert set(stored(homelab)) == {"pbs1"}


def test_token_that_cannot_be_verified_is_reported(homelab):
    """The shell works and the API does not answer at its address."""
    api = "{{ hostvars[inventory_hostname].known | combine({'api_port': 1}) }}"
    for system in ("pve", "pbs"):
        for host in homelab.inventory["all"]["children"][system]["hosts"].values():
            host["known"] = host["fleetgate_api"]
    homelab.list_hosts(homelab.inventory)
    run = homelab.play("bootstrap", fleetgate_api=api)
    assert len(run.failed) == 2 and all("could not be verified with the secret in" in one for one in run.failed)
    assert homelab.play("bootstrap").succeeded().changed == []


def test_bootstrap_of_hosts_whose_tasks_run_on_the_target_is_refused(homelab):
    run = homelab.play("bootstrap", fleetgate_execute_on="target")
    assert len(run.failed) == 2 and "fleetgate_execute_on: bootstrap runs on the control node" in run.failed[0]
    assert homelab.fleet.writes() == []


def test_additional_privileges_are_granted_as_root(homelab):
    homelab.play("bootstrap").succeeded()
    before = stored(homelab)
    more = homelab.play("bootstrap", fleetgate_privileges=[*PRIVILEGES, "Sys.Modify"]).succeeded()
    assert {one.split(":")[0] for one in more.changed} == {"pve1"} and stored(homelab) == before
    trust = str(homelab.fleet.authority.bundle)
    assert "Sys.Modify" in rights(homelab.fleet.pve["pve1"][0], "pve", before["pve1"], trust)["/"]


def test_lost_secret_is_replaced_only_with_replace_secret(homelab):
    """Another control node may use the token."""
    homelab.play("bootstrap").succeeded()
    before = stored(homelab)
    (homelab.secrets / "pve1.token.txt").unlink()
    (homelab.secrets / "pbs1.token.txt").write_text("not-the-secret")
    refused = homelab.play("bootstrap")
    assert len(refused.failed) == 2 and homelab.fleet.writes() == []
    assert "pve1.token.txt" in refused.failed[0] + refused.failed[1] and "replace_secret" in refused.output
    assert sorted(homelab.play("bootstrap", "--check").failed) == sorted(refused.failed)
    replaced = homelab.play("bootstrap", "-vvvv", fleetgate_bootstrap={"replace_secret": True}).succeeded()
    after = stored(homelab)
    assert set(before.values()).isdisjoint(after.values()) and not any(
        secret in replaced.output for secret in after.values()
    )
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
    (wired.secrets / "berlin1.token.txt").unlink()
    wired.play("bootstrap", *limit).succeeded()
    assert wired.fleet.writes() == [] and stored(wired) == secrets
    # the node whose file is there repairs the token for all
    (wired.secrets / "berlin1.token.txt").unlink()
    more = wired.play("bootstrap", *limit, fleetgate_privileges=[*PRIVILEGES, "Sys.Modify"]).succeeded()
    assert len(more.changed) == 2 and stored(wired) == secrets


def test_remote_user_of_ansible_is_used(homelab):
    """AWX passes the user of a machine credential in this option."""
    for system in ("pve", "pbs"):
        for host in homelab.inventory["all"]["children"][system]["hosts"].values():
            del host["ansible_user"]
    homelab.list_hosts(homelab.inventory)
    refused = homelab.play("bootstrap", "-u", "guest")
    assert len(refused.failed) == 2 and "guest@127.0" in refused.failed[0] and "Permission denied" in refused.failed[0]
    homelab.play("bootstrap", "-u", "admin", "--become").succeeded()
    assert set(stored(homelab)) == {"pve1", "pbs1"}


def test_replace_secret_given_as_the_text_false_replaces_nothing(homelab):
    homelab.play("bootstrap").succeeded()
    before = stored(homelab)
    (homelab.secrets / "pve1.token.txt").unlink()
    refused = homelab.play("bootstrap", fleetgate_bootstrap={"replace_secret": "false"})
    assert [one.split(":")[0] for one in refused.failed] == ["pve1"] and homelab.fleet.writes() == []
    assert stored(homelab) == {"pbs1": before["pbs1"]}


def test_host_without_an_inventory_file_requires_a_secret_path(ansible):
    """Without an inventory file there is no default folder for the secret."""
    role = [{"ansible.builtin.include_role": {"name": "fleetgate.proxmox.bootstrap"}}]
    run = ansible.tasks(role, "-i", "new.example.org,", hosts="new.example.org", ignore_errors=False)
    assert run.code != 0 and "give fleetgate_token_file" in " ".join(run.failed), run.output


def test_bootstrap_after_monitor_in_a_site_playbook_shares_no_facts(homelab, tmp_path):
    """A playbook that imports monitor and bootstrap, for hosts that are already monitored."""
    as_root = homelab.fleet.inventory()["all"]["children"]
    for system in ("pve", "pbs"):
        for name, host in homelab.inventory["all"]["children"][system]["hosts"].items():
            host["of_root"] = as_root[system]["hosts"][name]["fleetgate_api"]
    homelab.list_hosts(homelab.inventory)
    monitor = {"import_playbook": "fleetgate.proxmox.monitor", "vars": {"fleetgate_api": "{{ of_root }}"}}
    site = tmp_path / "site.yml"
    site.write_text(yaml.safe_dump([monitor, monitor, {"import_playbook": "fleetgate.proxmox.bootstrap"}]))
    homelab.play(str(site)).succeeded()
    assert set(stored(homelab)) == {"pve1", "pbs1"}
