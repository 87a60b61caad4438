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
def folders(homelab, tmp_path_factory):
    """The folders of the records of a plan, a run and an unchanged run."""
    folder = tmp_path_factory.mktemp("record")
    for name, arguments in (("plan", ["--check"]), ("run", []), ("repeated", [])):
        homelab.play("wire", *arguments, fleetgate_record=str(folder / name), awx_user_name="olga").succeeded()
    return folder


def lines(folder):
    return [json.loads(line) for line in (folder / "record.jsonl").read_text().splitlines()]


def test_every_write_of_a_run_is_recorded_with_its_host_and_reason(homelab, folders):
    plan, wired, repeated = (lines(folders / name) for name in ("plan", "run", "repeated"))
    assert {line["operator"] for line in (*plan, *wired, *repeated)} == {"olga"}
    assert all(line["check"] and not line["sent"] for line in plan) and any(line["planned"] for line in plan)
    sent = {line["host"]: {step["path"] for step in line["sent"]} for line in wired if line["sent"]}
    assert {"/access/domains"} <= sent["pve1"] and {"/config/access/openid"} <= sent["pbs1"]
    assert all(step["reason"] for line in wired for step in line["sent"])
    assert repeated and not any(line["sent"] or line["changed"] for line in repeated)
    for name in ("plan", "run", "repeated"):
        text = (folders / name / "record.jsonl").read_text()
        assert (folders / name / "record.jsonl").stat().st_mode & 0o77 == 0
        assert not any(secret in text for secret in (homelab.fleet.api_key, *homelab.fleet.tokens.values()))


def test_chain_shows_every_change_of_a_record(folders, tmp_path):
    folder = folders / "run"

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


def test_summary_names_changes_and_failures_by_host(fleet_of, tmp_path):
    wired, enabled = fleet_of("homelab"), {"ANSIBLE_CALLBACKS_ENABLED": "fleetgate.proxmox.summary,record"}
    enabled["fleetgate_record"] = str(tmp_path)
    summary = wired.play("wire", **enabled).succeeded().output.partition("SUMMARY")[2]
    assert re.search(r"pve1: changed: .*realm pocketid is missing", summary)
    assert "identity provider: changed: " in summary
    failed = wired.play("wire", fleetgate_realm={"name": "a realm"}, **enabled).output.partition("SUMMARY")[2]
    assert re.search(r"pve1: failed: .*fleetgate_realm.name: 'a realm'", failed) and "pbs1: failed: " in failed
    # every run has an ID of its own
    assert len({line["run"] for line in lines(tmp_path)}) == 2
