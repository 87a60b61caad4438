"""Sections 4 to 10: adding, updating and removing nodes."""

from __future__ import annotations

from typing import Any

import pytest

from .server import NODES, NOWHERE, Server

# the body besides a name, and the refusal
REFUSED = [
    ({"name": ""}, "Name is required"),
    ({"type": ""}, "Type is required"),
    ({"host": ""}, "Host is required"),
    ({"host": "1.2.3"}, "Invalid IP address"),
    ({"host": "1pbs.example.org"}, "Invalid IP address"),
    ({"host": "a|b"}, "Invalid hostname"),
    ({"host": "pbs.example.org:0"}, "Invalid port number"),
    ({"host": "pbs.example.org:65536"}, "Invalid port number"),
    ({"host": "pbs.example.org:x"}, "Invalid port number"),
    ({"type": "pxe"}, "Invalid node type"),
    ({"tokenValue": ""}, "Authentication credentials required"),
    ({"tokenName": ""}, "Authentication credentials required"),
    ({"tokenName": "", "tokenValue": "", "user": "fg@pbs"}, "Authentication credentials required"),
    ({"name": 5}, "Invalid request body"),
    ({"verifySSL": "yes"}, "Invalid request body"),
]
HOSTS = [
    ("127.0.99.1", "https://127.0.99.1:8007"),
    ("http://127.0.99.1", "http://127.0.99.1:8007"),
    ("https://127.0.99.1:9/path?query", "https://127.0.99.1:9"),
    ("FG-Pbs.Invalid", "https://FG-Pbs.Invalid:8007"),
    ("::1", "https://[::1]:8007"),
    ("[::1]:9", "https://[::1]:9"),
]


def test_4_list_is_empty_at_first(server: Server) -> None:
    assert server.entries() == []


@pytest.mark.parametrize(("changes", "text"), REFUSED)
def test_4_invalid_nodes_are_refused(server: Server, changes: dict[str, Any], text: str) -> None:
    assert server.refused(f"POST {NODES}", server.nobody(**changes)) == text
    assert server.entries() == []


def test_4_invalid_json_and_methods_are_refused(server: Server) -> None:
    assert server.refused(f"POST {NODES}", data="no json") == "Invalid request body"
    for request in (f"PATCH {NODES}/pbs-0", f"GET {NODES}/pbs-0"):
        assert server.refused(request, status=405) == "Method not allowed"


def test_5_new_pbs_has_default_settings(server: Server) -> None:
    """Status 201 does not mean that the connection works: nothing listens there. 5.1 then monitors nothing."""
    entry = server.add(server.nobody(unknown="ignored"))
    assert entry.pop("status") in ("connected", "disconnected")
    flags = (
        ()
        if server.old
        else ("monitorDatastores", "monitorSyncJobs", "monitorVerifyJobs", "monitorPruneJobs", "monitorGarbageJobs")
    )
    newer = {} if server.old else {"enabled": True, "excludeDatastores": [], "clusterEndpoints": []}
    assert entry == {
        "id": "pbs-0",
        "type": "pbs",
        "name": f"fg {NOWHERE}",
        "host": f"https://{NOWHERE}:8007",
        "hasPassword": False,
        "hasToken": True,
        "tokenName": "fg@pbs!x",
        "verifySSL": False,
        **dict.fromkeys(flags, True),
        **newer,
    }


def test_5_new_pve_has_default_settings(server: Server) -> None:
    entry = server.add(server.nobody("pve"))
    assert entry.pop("status") == "disconnected"
    flags = ("monitorVMs", "monitorContainers", "monitorStorage", "monitorBackups")
    newer = {} if server.old else {"enabled": True, "excludeDatastores": [], "clusterEndpoints": []}
    assert entry == {
        "id": "pve-0",
        "type": "pve",
        "name": f"fg {NOWHERE}",
        "host": f"https://{NOWHERE}:8006",
        "hasPassword": False,
        "hasToken": True,
        "tokenName": "fg@pbs!x",
        "verifySSL": False,
        **dict.fromkeys(flags, True),
        **newer,
    }


def test_5_false_flags_are_omitted(server: Server) -> None:
    """Some flags are always true: those of a PVE's backups and, in 6, of a PBS's datastores."""
    off = dict.fromkeys(
        (
            "monitorDatastores",
            "monitorSyncJobs",
            "monitorVerifyJobs",
            "monitorPruneJobs",
            "monitorGarbageJobs",
            "monitorBackups",
        ),
        False,
    )
    forced = set() if server.old else {"monitorDatastores"}
    assert set(off) & set(server.add(server.nobody(**off))) == forced
    assert set(off) & set(server.change(server.entries()[0], **off)) == forced
    off = dict.fromkeys(("monitorVMs", "monitorContainers", "monitorStorage", "monitorBackups"), False)
    entry = server.add(
        server.nobody(
            "pve", monitorPhysicalDisks=False, physicalDiskPollingMinutes=7, temperatureMonitoringEnabled=False, **off
        )
    )
    assert set(off) & set(entry) == {"monitorBackups"}
    assert [
        entry[name] for name in ("monitorPhysicalDisks", "physicalDiskPollingMinutes", "temperatureMonitoringEnabled")
    ] == [False, 7, False]


def test_5_some_settings_are_ignored_on_creation(server: Server) -> None:
    entry = server.add(server.nobody(excludeDatastores=["scratch"], enabled=False))
    assert entry.get("excludeDatastores", []) == [] and entry.get("enabled", True) is True
    entry = server.change(entry, excludeDatastores=["scratch"], enabled=False)
    assert (entry["excludeDatastores"], entry.get("enabled")) == (["scratch"], None if server.old else False)
    assert server.change(entry, name="fg other")["excludeDatastores"] == ["scratch"]
    assert server.change(entry, excludeDatastores=[]).get("excludeDatastores", []) == []


def test_5_token_aliases_are_accepted_and_secrets_hidden(server: Server) -> None:
    body = server.nobody(tokenId="fg@pbs!y", tokenSecret="fg-secret")
    entry = server.add({name: value for name, value in body.items() if name not in ("tokenName", "tokenValue")})
    assert (entry["tokenName"], entry["hasToken"]) == ("fg@pbs!y", True)
    for place, hidden in enumerate(("********", "[redacted]", "Redacted", "••••••")):
        body = server.nobody(place=f"127.0.99.{place + 2}", tokenValue=hidden)
        if server.old:
            assert server.add(body)["hasToken"] is True
        else:
            assert server.refused(f"POST {NODES}", body) == "Authentication credentials required"


def test_5_password_is_stored_without_a_token(server: Server) -> None:
    entry = server.add(server.nobody("pve", tokenName="", tokenValue="", user="root", password="fg-password"))
    assert [entry.get(name) for name in ("user", "hasPassword", "hasToken", "tokenName")] == [
        "root@pam",
        True,
        False,
        None,
    ]
    entry = server.change(entry, tokenName="root@pam!x", tokenValue="fg-secret")
    assert [entry.get(name) for name in ("user", "hasPassword", "hasToken", "tokenName")] == [
        "root@pam",
        False,
        True,
        "root@pam!x",
    ]


@pytest.mark.parametrize(("sent", "kept"), HOSTS)
def test_6_addresses_are_normalised(server: Server, sent: str, kept: str) -> None:
    assert server.add(server.nobody(host=sent))["host"] == kept


def test_6_duplicate_addresses_are_refused_on_creation_only(server: Server) -> None:
    server.add(server.nobody())
    for host in (NOWHERE, f"https://{NOWHERE}:8007", f"{NOWHERE}:8007/"):
        assert (
            server.refused(f"POST {NODES}", server.nobody(host=host), status=409)
            == "A node with this host URL already exists"
        )
    server.add(server.nobody("pve", host=f"{NOWHERE}:8007"))
    other = server.add(server.nobody(host="127.0.99.2"))
    assert server.change(other, host=NOWHERE)["host"] == f"https://{NOWHERE}:8007"
    assert server.refused(f"PUT {NODES}/{other['id']}", {"host": "a b"}) == "invalid host format"


def test_6_names_are_made_unique_on_creation_only(server: Server) -> None:
    server.add(server.nobody(name="fg"))
    other = server.add(server.nobody(name="FG", place="127.0.99.2"))
    assert other["name"] == "FG (127.0.99.2)"
    assert server.change(other, name="fg")["name"] == "fg"


def test_6_ids_are_positions_in_the_list(server: Server) -> None:
    for place in (1, 2, 3):
        server.add(server.nobody(place=f"127.0.99.{place}"))
    server.add(server.nobody("pve"))
    assert [one["id"] for one in server.entries()] == ["pve-0", "pbs-0", "pbs-1", "pbs-2"]
    server.remove({"id": "pbs-0"})
    assert [(one["id"], one["host"]) for one in server.entries("pbs")] == [
        ("pbs-0", "https://127.0.99.2:8007"),
        ("pbs-1", "https://127.0.99.3:8007"),
    ]


def test_6_ids_of_type_and_name_are_accepted_since_6(server: Server) -> None:
    server.add(server.nobody(name="fg a"))
    if server.old:
        assert server.refused(f"PUT {NODES}/pbs:fg%20a", {"name": "fg b"}) == "Invalid node ID"
    else:
        server.ask(f"PUT {NODES}/pbs:fg%20a", {"name": "fg b"})
        assert server.refused(f"PUT {NODES}/pbs:fg%20a", {"name": "fg c"}, status=404) == "Node not found"
        assert [one["name"] for one in server.entries()] == ["fg b"]


@pytest.mark.parametrize("verb", ["PUT", "DELETE"])
def test_10_unknown_ids_are_refused(server: Server, verb: str) -> None:
    assert server.refused(f"{verb} {NODES}/pbs-7", {}, status=404) == "Node not found"
    for wrong in ("pbs", "pbs-x", "pbs-0-1"):
        assert server.refused(f"{verb} {NODES}/{wrong}", {}) == "Invalid node ID"


def test_9_settings_left_out_of_an_update(server: Server) -> None:
    """5.1 unsets guest URL and fingerprint."""
    given = {
        "guestURL": "https://fg.example.org",
        "fingerprint": "ab" * 32,
        "verifySSL": True,
        "monitorPruneJobs": False,
    }
    entry = server.add(server.nobody(**given))
    left = server.change(entry, name="fg new")
    kept = {} if server.old else {"guestURL": given["guestURL"], "fingerprint": given["fingerprint"]}
    assert {name: left[name] for name in ("guestURL", "fingerprint") if name in left} == kept
    assert (left["name"], left["host"], left["verifySSL"], "monitorPruneJobs" in left) == (
        "fg new",
        entry["host"],
        True,
        False,
    )
    server.change(entry, **given)
    left = server.change(entry, guestURL="", fingerprint="")
    assert not {"guestURL", "fingerprint"} & set(left)


def test_9_backups_of_a_pbs_are_always_monitored(server: Server) -> None:
    """They are not returned with the other settings and are always enabled."""
    entry = server.add(server.nobody(monitorBackups=False))
    assert "monitorBackups" not in entry
    if not server.old:
        assert server.connection(entry)["scope"]["backups"] is True
        server.change(entry, monitorBackups=False)
        assert server.connection(entry)["scope"]["backups"] is True


def test_9_token_can_be_updated_in_part(server: Server) -> None:
    entry = server.add(server.pbs(tokenValue="wrong"))
    tested = f"POST {NODES}/{entry['id']}/test"
    assert server.call(tested).status_code == 400
    server.change(entry, tokenValue=server.fleet.tokens["vault"])
    # 5.1 ignores a secret without a token name
    assert server.call(tested).status_code == (400 if server.old else 200)
    if server.old:
        assert server.change(entry, tokenName="fg@pbs!other")["tokenName"] == "fg@pbs!other"
    else:
        text = server.refused(f"PUT {NODES}/{entry['id']}", {"tokenName": "fg@pbs!other"})
        assert text == "tokenName changes require a new tokenValue"
    server.change(entry, tokenName="root@pam!fleet", tokenValue=server.fleet.tokens["vault"])
    assert server.call(tested).status_code == 200
