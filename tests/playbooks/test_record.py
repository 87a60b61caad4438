"""The record of runs and the summary at their end, as the guide describes them."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.ansible import ROOT
from tests.support.in_process import result_of

GUIDE = (ROOT / "docs/docsite/rst/guide_record.rst").read_text()


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(scope="module")
def folder(homelab, tmp_path_factory):
    """The folder of a record with a plan, a run and an unchanged run."""
    folder = tmp_path_factory.mktemp("record") / "kept"
    # with a setting of its own, each run has a process of its own, as it has for users
    options = {"fleetgate_record": str(folder), "awx_user_name": "olga", "ANSIBLE_DIFF_ALWAYS": "true"}
    for arguments in (["--check"], [], []):
        homelab.play("wire", *arguments, **options).succeeded()
    return folder


def lines(folder):
    return [json.loads(line) for line in (folder / "record.jsonl").read_text().splitlines()]


def test_every_write_of_a_run_is_recorded_with_its_host_and_reason(homelab, folder):
    plan, wired, repeated = (
        [line for line in lines(folder) if line["run"] == run]
        for run in dict.fromkeys(line["run"] for line in lines(folder))
    )
    assert {line["operator"] for line in lines(folder)} == {"olga"}
    assert all(line["check"] and not line["sent"] for line in plan) and any(line["planned"] for line in plan)
    sent = {line["host"]: {step["path"] for step in line["sent"]} for line in wired if line["sent"]}
    assert {"/access/domains"} <= sent["pve1"] and {"/config/access/openid"} <= sent["pbs1"]
    assert all(step["reason"] for line in wired for step in line["sent"])
    assert repeated and not any(line["sent"] or line["changed"] for line in repeated)
    text = (folder / "record.jsonl").read_text()
    assert (folder / "record.jsonl").stat().st_mode & 0o77 == 0
    assert not any(secret in text for secret in (homelab.fleet.api_key, *homelab.fleet.tokens.values()))


def test_chain_shows_every_change_of_a_record(folder, tmp_path):
    def verify(content, **options):
        (tmp_path / "record.jsonl").write_bytes(content)
        return result_of("record_info", path=str(tmp_path), **options)

    whole = (folder / "record.jsonl").read_bytes()
    intact, rows = verify(whole), whole.splitlines(keepends=True)
    assert (intact["lines"], intact["hash"]) == (len(rows), lines(folder)[-1]["hash"])
    changed = whole.replace(b'"changed": true', b'"changed": false', 1)
    for content in (changed, b"".join(rows[1:]), b"".join(rows[:2] + rows[3:]), rows[0] + rows[0]):
        assert re.search("line [0-9]+ was changed, or lines before it were removed", verify(content)["msg"])
    assert "is not a line of a record" in verify(whole[:-3])["msg"]
    shortened = b"".join(rows[:-1])
    assert "failed" not in verify(shortened)
    assert "lines were removed at its end" in verify(shortened, contains=[intact["hash"]])["msg"]


def test_nothing_is_sent_where_the_record_cannot_be_written(homelab, tmp_path):
    (tmp_path / "file").write_text("")
    run = homelab.play("wire", fleetgate_record=str(tmp_path / "file/record"))
    assert "cannot be written" in run.output and run.code and homelab.fleet.exchanges() == []


def test_summary_names_changes_and_failures_by_host(fleet_of):
    wired, enabled = fleet_of("homelab"), {"ANSIBLE_CALLBACKS_ENABLED": "fleetgate.proxmox.summary,record"}
    summary = wired.play("wire", **enabled).succeeded().output.partition("SUMMARY")[2]
    assert (
        re.search(r"pve1: changed: .*realm pocketid is missing", summary) and "identity provider: changed: " in summary
    )
    assert "pbs1: unchanged" in wired.play("wire", **enabled).succeeded().output.partition("SUMMARY")[2]
    failed = wired.play("wire", fleetgate_realm={"name": "a realm"}, **enabled).output.partition("SUMMARY")[2]
    assert re.search(r"pve1: failed: .*fleetgate_realm.name: 'a realm'", failed)
