"""The playbook report, as the guide describes it."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.support.ansible import ROOT

GUIDE = (ROOT / "docs/docsite/rst/guide_report.rst").read_text()
# the variables in the guide, in their order
FILES, PIPELINE = (
    yaml.safe_load(block)["fleetgate_report"] for block in re.findall(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE)
)


@pytest.fixture(scope="module")
def homelab(fleet_of):
    wired = fleet_of("homelab")
    wired.play("wire").succeeded()
    return wired


def within(folder, options):
    return {name: value if name == "fail_on" else str(folder / value) for name, value in options.items()}


def test_check_mode_is_complete_and_sends_only_reads(homelab, tmp_path):
    run = homelab.play("report", "--check", fleetgate_report=within(tmp_path, FILES)).succeeded()
    assert homelab.fleet.writes() == [] and run.changed == []
    review = json.loads((tmp_path / "access.json").read_text())
    alice = [row for row in review["access"] if row["principal"] == "alice@pocketid" and row["path"] == "/"]
    assert [(row["role"], row["how"], row["status"], row["hosts"]) for row in alice] == [
        ("Admin", "direct", "declared", ["pbs1"]),
        ("Administrator", "claim, as proxmox_admins-pocketid from the next sign-on on", "declared", ["pve1"]),
    ]
    assert [subject["name"] for subject in review["subjects"]] == ["identity provider", "pve1", "pbs1"]
    assert "alice@pocketid" in (tmp_path / "access.html").read_text()
    assert "alice@pocketid" in (tmp_path / "access.csv").read_text()
    assert "alice@pocketid" in (tmp_path / "access.md").read_text()


def test_findings_are_printed_with_their_remedy_and_fail_on_request(homelab, tmp_path):
    run = homelab.play("report", "-vvvv", fleetgate_report=within(tmp_path, PIPELINE))
    assert run.code != 0 and {failure.partition(":")[0] for failure in run.failed} == {"pbs1", "pve1"}
    lines = " ".join(run.output.split())
    assert "HIGH API token of root@pam; remedy: create a user" in lines
    assert "root@pam!fleet: has all privileges (pve1)" in lines
    assert (tmp_path / "access.xml").read_text().startswith("<?xml")
    assert json.loads((tmp_path / "access.sarif").read_text())["version"] == "2.1.0"
    assert [secret for secret in homelab.fleet.secrets() if secret in run.output] == []


def test_host_that_does_not_answer_is_part_of_the_review(homelab, tmp_path):
    gone = {
        "ansible_host": "127.0.99.1",
        "fleetgate_api": {"api_port": 1, "api_token_id": "root@pam!t", "api_token_secret": "s" * 36},
    }
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": {"pve": {"hosts": {"pve9": gone}}}}}))
    file = tmp_path / "access.json"
    homelab.play("report", "-i", str(inventory), fleetgate_report={"json": str(file)}).succeeded()
    review = json.loads(file.read_text())
    assert [one["about"] for one in review["findings"] if one["rule"] == "not-read"] == ["pve9"]
    assert {row["hosts"][0] for row in review["access"]} == {"pve1", "pbs1"}
