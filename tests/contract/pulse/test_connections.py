"""Sections 7, 8, 11 and 12: tokens, certificates, clusters, and the status of nodes."""

from __future__ import annotations

import hashlib
import ssl

import pytest

from .server import GENERIC, NODES, Server, becomes


def fingerprint(url: str) -> str:
    host, port = url.removeprefix("https://").split(":")
    pem = ssl.get_server_certificate((host, int(port)))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


class TestConnectionTests:
    """Section 11."""

    def test_pve_connection_is_tested(self, server: Server) -> None:
        told = server.ask(f"POST {NODES}/test-config", server.pve())
        assert told.pop("latency") >= 0
        assert told == {"status": "success", "message": "Connected to PVE cluster with 2 nodes"}
        assert server.ask(f"POST {NODES}/test-connection", server.pve()) == {
            "status": "success",
            "message": "Successfully connected to 2 node(s)",
            "isCluster": True,
            "nodeCount": 2,
            "clusterNodeCount": 2,
        }

    def test_pbs_connection_is_tested(self, server: Server) -> None:
        assert server.ask(f"POST {NODES}/test-config", server.pbs())["message"] == "Connected to PBS instance"
        assert server.ask(f"POST {NODES}/test-connection", server.pbs()) == {
            "status": "success",
            "message": "Successfully connected. Found 1 datastore(s)",
            "datastoreCount": 1,
        }
        assert server.entries() == []

    @pytest.mark.parametrize("kind", ["pve", "pbs"])
    def test_failed_test_gives_no_reason(self, server: Server, kind: str) -> None:
        body = getattr(server, kind)()
        for wrong in (
            {"tokenValue": "wrong"},
            {"host": "https://127.0.99.1:9"},
            {"verifySSL": True},
            {"fingerprint": "ab" * 32},
        ):
            assert server.ask(f"POST {NODES}/test-config", {**body, **wrong}, 400) == {
                "status": "error",
                "message": GENERIC,
            }
            assert server.refused(f"POST {NODES}/test-connection", {**body, **wrong}) == GENERIC

    def test_invalid_type_is_refused(self, server: Server) -> None:
        for path in ("test-config", "test-connection"):
            assert server.refused(f"POST {NODES}/{path}", server.pbs(type="pxe")) == "Invalid node type"
        assert server.refused(f"POST {NODES}/test-connection", server.pbs(host="")) == "Host is required"
        assert (
            server.refused(f"POST {NODES}/test-connection", server.pbs(tokenValue=""))
            == "Authentication credentials required"
        )

    def test_stored_entry_is_tested(self, server: Server) -> None:
        entry = server.add(server.pbs())
        assert server.ask(f"POST {NODES}/{entry['id']}/test")["message"] == "Connected to PBS"
        assert server.ask(f"POST {NODES}/pbs-7/test", status=400) == {"status": "error", "message": "Node not found"}
        assert server.refused(f"POST {NODES}/pbs-x/test") == "Invalid node ID"


class TestTokens:
    """Section 7: only the full id of a token works, but others are accepted."""

    def test_pbs_token_without_its_user_passes_the_test_and_fails_later(self, server: Server) -> None:
        bare = server.pbs(tokenName="fleet", user="root@pam")
        server.ask(f"POST {NODES}/test-config", bare)
        server.ask(f"POST {NODES}/test-connection", bare)
        entry = server.add(bare)
        assert (entry["tokenName"], "user" in entry) == ("fleet", False)
        failed = server.ask(f"POST {NODES}/{entry['id']}/test", status=400)
        assert failed == {"status": "error", "message": "Failed to initialize connection"}

    def test_pve_token_without_its_user_fails(self, server: Server) -> None:
        bare = server.pve(tokenName="fleet", user="root@pam")
        assert server.ask(f"POST {NODES}/test-config", bare, 400)["message"] == GENERIC
        entry = server.add(bare)
        assert (entry["tokenName"], entry["user"]) == ("fleet", "root@pam")
        assert server.ask(f"POST {NODES}/{entry['id']}/test", status=400)["message"] == GENERIC

    @pytest.mark.parametrize("kind", ["pve", "pbs"])
    def test_fingerprint_replaces_a_trusted_authority(self, server: Server, kind: str) -> None:
        body = getattr(server, kind)(verifySSL=True)
        digits = fingerprint(body["host"])
        pairs = ":".join(digits[place : place + 2] for place in range(0, 64, 2)).upper()
        for form in (digits, digits.upper(), pairs):
            assert server.ask(f"POST {NODES}/test-config", {**body, "fingerprint": form})["status"] == "success"


def members(entry: dict) -> list[dict]:
    """Nodes of a cluster, with lower-case field names: those of 5.1 differ in case."""
    return [{name.lower(): value for name, value in one.items()} for one in entry["clusterEndpoints"]]


class TestClusters:
    """Section 8."""

    def test_cluster_is_one_entry(self, server: Server) -> None:
        entry = server.add(server.pve())
        assert (entry["isCluster"], entry["clusterName"]) == (True, "lab")
        port = server.fleet.pve["lab"][0].port
        assert [(one["nodename"], one["host"], one["ip"]) for one in members(entry)] == [
            ("lab1", f"https://lab1:{port}", server.fleet.pve["lab"][0].host),
            ("lab2", f"https://lab2:{port}", server.fleet.pve["lab"][1].host),
        ]
        assert ("NodeName" in entry["clusterEndpoints"][0]) is server.old

    def test_another_node_is_merged_into_the_cluster(self, server: Server) -> None:
        server.add(server.pve())
        assert server.ask(f"POST {NODES}", server.pve(2, monitorVMs=False)) == {
            "success": True,
            "merged": True,
            "cluster": "lab",
            "existingNode": "fg lab1",
            "totalEndpoints": 2,
            "message": "Node merged into existing cluster 'lab' (already configured as 'fg lab1')",
        }
        (entry,) = server.entries()
        assert (entry["name"], entry["monitorVMs"]) == ("fg lab1", True)

    def test_different_fingerprints_create_two_entries_for_one_cluster(self, server: Server) -> None:
        """Pulse 6 creates two clusters if each node has its own fingerprint."""
        one, two = server.pve(), server.pve(2)
        server.add({**one, "fingerprint": fingerprint(one["host"])})
        answer = server.call(f"POST {NODES}", {**two, "fingerprint": fingerprint(two["host"])})
        assert (answer.status_code, len(server.entries())) == ((200, 1) if server.old else (201, 2))

    def test_cluster_is_not_detected_with_an_invalid_token(self, server: Server) -> None:
        entry = server.add(server.pve(tokenValue="wrong"))
        assert "isCluster" not in entry


class TestStates:
    """Section 12."""

    @pytest.mark.parametrize("kind", ["pve", "pbs"])
    def test_working_node_is_connected(self, server: Server, kind: str) -> None:
        entry = server.add(getattr(server, kind)())
        becomes(lambda: server.entries()[0]["status"], "connected")
        if not server.old:
            becomes(lambda: server.connection(entry)["state"], "active")
            assert "lastError" not in server.connection(entry)

    @pytest.mark.parametrize("kind", ["pve", "pbs"])
    def test_node_with_an_invalid_token_is_disconnected(self, server: Server, kind: str) -> None:
        entry = server.add(getattr(server, kind)(tokenValue="wrong"))
        becomes(lambda: server.entries()[0]["status"], "disconnected")
        if not server.old:
            becomes(lambda: server.connection(entry)["state"], "unauthorized")
            assert "API error 401" in server.connection(entry)["lastError"]["message"]

    @pytest.mark.parametrize("kind", ["pve", "pbs"])
    def test_unreachable_node_is_disconnected(self, server: Server, kind: str) -> None:
        entry = server.add(server.nobody(kind))
        becomes(lambda: server.entries()[0]["status"], "disconnected")
        if not server.old:
            becomes(lambda: server.connection(entry)["state"], "unreachable")
            assert "connection refused" in server.connection(entry)["lastError"]["message"]

    @pytest.mark.parametrize("kind", ["pve", "pbs"])
    def test_changed_certificate_is_unreachable_until_its_fingerprint_is_updated(
        self, server: Server, kind: str
    ) -> None:
        """The addendum: the state is unreachable, and an update of the fingerprint keeps the token."""
        body = getattr(server, kind)()
        entry = server.add({**body, "fingerprint": fingerprint(body["host"])})
        becomes(lambda: server.entries()[0]["status"], "connected")
        pinned = server.fleet.pve["lab"][0] if kind == "pve" else server.fleet.pbs["vault"]
        pinned.renew_certificate()
        becomes(lambda: server.entries()[0]["status"], "disconnected")
        if not server.old:
            becomes(lambda: server.connection(entry)["state"], "unreachable")
            assert "certificate fingerprint mismatch" in server.connection(entry)["lastError"]["message"]
        assert server.ask(f"POST {NODES}/{entry['id']}/test", status=400)["message"] == GENERIC
        changed = server.change(entry, fingerprint=fingerprint(body["host"]))
        assert changed["hasToken"] is True
        server.ask(f"POST {NODES}/{entry['id']}/test")
        becomes(lambda: server.entries()[0]["status"], "connected")

    def test_new_pbs_is_connected_in_5_1_until_it_is_polled(self, server: Server) -> None:
        entry = server.add(server.pbs(tokenValue="wrong"))
        assert entry["status"] == ("connected" if server.old else "disconnected")

    def test_paused_node_has_its_own_state(self, server: Server) -> None:
        entry = server.change(server.add(server.pbs()), enabled=False)
        if server.old:
            becomes(lambda: server.entries()[0]["status"], "connected")
        else:
            assert entry["enabled"] is False
            becomes(lambda: server.connection(entry)["state"], "paused")
            assert server.entries()[0]["status"] == "disconnected"
            server.change(entry, enabled=True)
            becomes(lambda: server.connection(entry)["state"], "active")
