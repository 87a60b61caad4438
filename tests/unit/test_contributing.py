"""CONTRIBUTING.md: its worked example is executed as printed, and its lists are complete."""

from __future__ import annotations

import json
import re
import shutil
import textwrap

import pytest

from tests.simulators.pve import PveSimulator
from tests.simulators.server import Authority, serve
from tests.support.ansible import ROOT, Ansible

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
SECRET = "0d1f3a5b-7c9e-4b2d-8f60-1a3c5e7f9b1d"


def apply_blocks(folder):
    """Apply the code blocks of the page to a copy of the collection; each block begins with the path of its file."""
    for language, path, block in re.findall(r"( *```(?:python|diff))\n *# (\S+/\S+)\n(.*?)^ *```$", TEXT, re.M | re.S):
        file, block = folder / path, textwrap.dedent(block)
        if language.endswith("python"):
            assert not file.exists(), path
            file.write_text(block)
            continue
        for removed, added in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", block, re.M):
            before, after = (re.sub(r"^[-+]", "", part, flags=re.M) for part in (removed, added))
            assert file.read_text().count(before) == 1, f"{path} has not exactly one {before!r}"
            file.write_text(file.read_text().replace(before, after))


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """The collection with the additions of the page."""
    folder = tmp_path_factory.mktemp("contributing")
    collection = folder / "collections/ansible_collections/fleetgate/proxmox"
    for part in ("plugins", "meta"):
        shutil.copytree(ROOT / part, collection / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", collection)
    apply_blocks(collection)
    return folder, Ansible(folder, folder / "collections")


def test_worked_example_creates_updates_and_deletes_objects(extended):
    folder, ansible = extended
    authority = Authority(folder)
    simulator = PveSimulator(tokens={"root@pam!fleet": SECRET})
    with serve(simulator.app("pve1"), authority.tls("127.0.0.1")) as port:
        connection = {
            "api_host": "127.0.0.1",
            "api_port": port,
            "api_token_id": "root@pam!fleet",
            "api_token_secret": SECRET,
            "ca_path": str(authority.bundle),
        }
        wanted = [
            {"comment": "Guests"},
            {"comment": "Guests"},
            {"comment": ""},
            {"state": "absent"},
            {"state": "absent"},
        ]
        tasks = [
            {"fleetgate.proxmox.pve_pool": {"poolid": "development", **options}, "check_mode": check}
            for options in wanted
            for check in (True, False)
        ]
        state = {"pools": [{"poolid": "test"}]}
        tasks += [{"fleetgate.proxmox.pve_state": state}, {"fleetgate.proxmox.pve_info": {"gather": ["pools"]}}]
        tasks += [{"fleetgate.proxmox.pve_pool": {"poolid": "no/pool"}}]
        done = ansible.tasks(tasks, module_defaults={"group/fleetgate.proxmox.pve": connection}).results()
    *pools, _state, info, refused = done
    assert [one["changed"] for one in pools] == [True, True, False, False, True, True, True, True, False, False]
    assert [one["plan"] for one in pools[::2]] == [one["plan"] for one in pools[1::2]]
    assert pools[1]["pool"] == {"poolid": "development", "comment": "Guests"}
    assert info["pools"] == [{"poolid": "test", "comment": ""}]
    assert "must begin with a letter" in refused["msg"]


def test_worked_example_is_documented(extended):
    doc = extended[1].program("ansible-doc", "--json", "fleetgate.proxmox.pve_pool")
    assert set(json.loads(doc.stdout)["fleetgate.proxmox.pve_pool"]["doc"]["options"]) >= {"poolid", "api_host"}


def test_glossary_has_at_most_forty_terms_in_order():
    terms = re.findall(r"^\| (.+?) \| .+ \|$", TEXT.partition("| term | meaning |")[2], re.M)
    assert 20 < len(terms) <= 40
    assert terms == sorted(terms, key=str.lower)


def test_architecture_map_lists_existing_folders_and_every_part_of_core():
    plan = TEXT.partition("## Architecture")[2].partition("```\n")[2].partition("```")[0]
    folders = [path for path in re.findall(r"^((?:\S+/ )*\S+/) ", plan, re.M) for path in path.split()]
    assert folders
    assert [path for path in folders if not (ROOT / path).is_dir()] == []
    core = {path.stem for path in (ROOT / "plugins/module_utils/core").glob("[a-z]*.py")}
    assert {name for name in core if not re.search(rf"\b{name}\b", plan)} <= {"errors", "masking"}


def test_docstring_of_resource_lists_exactly_its_hooks():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core.resource import Resource

    hooks = {name for name, value in vars(Resource).items() if callable(value) and not name.startswith("_")}
    named = set(re.findall(r"`(\w+)\(", Resource.__doc__))
    assert hooks - named == set()
    assert named - hooks == set()
