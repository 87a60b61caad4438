"""The playbook prove, as the guide describes it."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.support.ansible import ROOT

GUIDE = (ROOT / "docs/docsite/rst/guide_prove.rst").read_text()
# the variables in the guide, in their order
EXAMPLES = [
    yaml.safe_load(block)
    for block in re.findall(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE)
    if "fleetgate_prove" in block
]


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """A fleet that wire has set up; bob, the person in the guide, is an auditor of the cluster only."""
    wired = fleet_of("homelab")
    wired.play("wire").succeeded()
    return wired


def test_check_mode_sends_only_reads(homelab):
    run = homelab.play("prove", "--check", **EXAMPLES[0]).succeeded()
    assert "skipped  sign-on bob: nobody signs in in check mode" in run.output
    assert homelab.fleet.writes() == []


def test_person_of_the_guide_signs_in_on_the_cluster(homelab):
    run = homelab.play("prove", "--limit", "pve1", **EXAMPLES[0]).succeeded()
    assert "bob is signed in as bob@pocketid" in run.output
    assert "rights: as declared on 1 path(s)" in run.output


def test_problem_is_printed_with_its_remedy_and_fails_the_host(homelab, tmp_path):
    files = {name: str(tmp_path / EXAMPLES[1]["fleetgate_prove"][name]) for name in ("json", "junit")}
    run = homelab.play("prove", "-vvvv", fleetgate_prove={**EXAMPLES[1]["fleetgate_prove"], **files})
    assert run.code != 0 and [failure.partition(":")[0] for failure in run.failed] == ["pbs1"]
    lines = " ".join(run.output.split())
    assert re.search(
        "FAILED sign-on bob: pbs1 refuses the sign-on of bob: .* remedy: declare rights for the person", lines
    )
    report = json.loads((tmp_path / "proof.json").read_text())
    assert not report["passed"] and (tmp_path / "proof.xml").read_text().startswith("<?xml")
    assert [secret for secret in homelab.fleet.secrets() if secret in run.output] == []
