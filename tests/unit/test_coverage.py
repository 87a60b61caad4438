"""docs/coverage.md lists every request and parameter of access control on PVE and PBS, and existing options."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/coverage.md").read_text()


def endpoints(system, *releases):
    """The endpoints of a simulator, which equal those of the product: parameters by verb by path."""
    data = json.loads((ROOT / f"tests/simulators/{system}/schema.json").read_text())
    for release in releases:
        data = data[release]
    return data["endpoints"]


APIS = {
    "Proxmox VE": (endpoints("pve", "9.2"), ("/access", "/cluster/jobs/realm-sync")),
    "Proxmox Backup Server": (endpoints("pbs"), ("/access", "/config/access")),
}


def rows(title):
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| ")
    ]
    return [(request, parameters.split(", "), answer) for request, parameters, answer in cells[1:]]


@pytest.mark.parametrize("title", APIS)
def test_every_parameter_of_every_request_is_listed_once(title):
    paths, tops = APIS[title]
    there = []
    for path, verbs in paths.items():
        if path.startswith(tuple(f"{top}/" for top in tops)) or path in tops:
            for verb, endpoint in verbs.items():
                named = [one for one in endpoint.get("parameters", {}) if f"{{{one}}}" not in path]
                there += [(f"{verb} {path}", one) for one in named or ["–"]]
    told = [(request, one) for request, parameters, _answer in rows(title) for one in parameters]
    assert sorted(told) == sorted(there)


@pytest.mark.parametrize("title", APIS)
def test_options_listed_as_coverage_exist(title):
    for request, parameters, answer in rows(title):
        covered = re.fullmatch(r"`(\w+)`(?:: (.+))?", answer)
        if not covered:
            assert answer.startswith("– ") and len(answer) > 5, (request, answer)
            continue
        module = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{covered[1]}").MODULE
        options = [covered[2]] if covered[2] else [one.replace("-", "_") for one in parameters]
        for option in options:
            assert option == "an empty value" or option in module.argument_spec, (request, covered[1], option)
