"""Names that PVE and PBS accept, compared with the recorded responses of PVE and the schema of PBS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TRANSCRIPTS = Path(__file__).resolve().parents[1] / "contract/transcripts"


def recorded(name, method, path):
    for line in (TRANSCRIPTS / f"{name}.jsonl").read_text().splitlines():
        row = json.loads(line)
        request = row.get("request", {})
        if request.get("method") == method and request.get("path") == path:
            yield row["case"], request["params"] or {}, row["response"]


@pytest.fixture(scope="module")
def names():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pve import names

    return names


def test_acl_paths_are_accepted_exactly_as_pve_does(names):
    """The recorded status of ACL writes that differ in their path only."""
    seen = 0
    for case, params, response in recorded("pve-acl", "PUT", "/api2/json/access/acl"):
        if case.startswith("path '"):
            path = "/" + params["path"].strip("/").replace("//", "/") if params["path"] else ""
            good = bool(path) and names.ACL_PATH.problem(path) is None
            # of 7.4 and not of 9.2, so only the server knows
            if path != "/sdn/vnets/v1":
                assert good is (response["status"] == 200), case
            seen += 1
    assert seen > 30


def test_group_names_are_accepted_exactly_as_pve_does(names):
    for case, params, response in recorded("pve-groups", "POST", "/api2/json/access/groups"):
        if set(params) == {"groupid"} and "duplicate" not in case:
            good = bool(params["groupid"]) and names.GROUP.problem(params["groupid"]) is None
            # the server creates it, and loses it when it reads its file again
            if params["groupid"] == "0":
                continue
            assert good is (response["status"] == 200), case


def test_user_ids_are_accepted_exactly_as_pve_does(names):
    for case, params, response in recorded("pve-users", "POST", "/api2/json/access/users"):
        if set(params) == {"userid"} and "duplicate" not in case:
            good = names.USER.problem(params["userid"]) is None
            # the server creates such a user, but no request can address it
            if "umlaut" not in case:
                assert good is (response["status"] == 200), case


def test_token_names_are_accepted_exactly_as_pve_does(names):
    for case, _params, response in recorded("pve-tokens", "POST", "/api2/json/access/users/alice@pve/token/x"):
        assert (names.TOKEN_NAME.problem("x") is None) is (response["status"] == 200), case


PBS_TREE = json.loads((TRANSCRIPTS.parents[1] / "simulators/pbs/schema.json").read_text())["aclPaths"]


def in_pbs_tree(path):
    """Whether the schema has a path: a node in braces is any name, and some nodes may go deeper."""
    parts = path.strip("/").split("/")
    for node in PBS_TREE:
        wanted = node["path"].strip("/").split("/")
        fits = all(name == part or name.startswith("{") for name, part in zip(wanted, parts))
        if fits and len(wanted) <= len(parts) <= len(wanted) + node.get("deeper", 0):
            return True
    return False


@pytest.mark.parametrize("node", PBS_TREE, ids=lambda node: node["path"])
def test_acl_paths_are_accepted_exactly_as_the_schema_of_pbs_does(node):
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pbs.names import ACL_PATH

    path = node["path"].replace("{", "").replace("}", "").rstrip("/")
    for deeper in range(9):
        path_below = path + "/x" * deeper or "/"
        assert (ACL_PATH.problem(path_below) is None) is in_pbs_tree(path_below), path_below
