"""The entries that are compiled from the variables of the role monitoring."""

from __future__ import annotations

import importlib

import pytest


@pytest.fixture(scope="module")
def fleet():
    """Modules of the fleet's compiler by name."""
    package = "ansible_collections.fleetgate.proxmox.plugins.module_utils.fleet"
    return lambda name: importlib.import_module(f"{package}.{name}")


@pytest.fixture(scope="module")
def identity(fleet):
    """The entries for the identity of Pulse by kind, with the options of the role."""
    monitoring, products = fleet("monitoring"), fleet("products").PRODUCTS

    def entries(options, product, version):
        typed = fleet("entries").typed_options(options, monitoring.OPTIONS, "fleetgate_monitoring")
        by_kind = {}
        for entry in monitoring.identity(typed, products[product], version).entries:
            by_kind.setdefault(entry.kind, []).append(entry.options)
        return by_kind

    return entries


@pytest.fixture(scope="module")
def hosts():
    return importlib.import_module("ansible_collections.fleetgate.proxmox.plugins.module_utils.core.hosts")


@pytest.fixture(scope="module")
def addresses():
    return importlib.import_module("ansible_collections.fleetgate.proxmox.plugins.module_utils.pulse.addresses")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("pve1", "pve1"), ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]"), ("[::1]", "[::1]")],
)
def test_ipv6_addresses_have_brackets_in_urls(hosts, host, expected):
    assert hosts.in_url(host) == expected


def granted(entries):
    return {(row["path"], *row["roles"]) for row in entries["acl"]}


@pytest.mark.parametrize(("version", "privilege"), [("9.2.11", "VM.GuestAgent.FileRead"), ("8.4.1", "VM.Monitor")])
def test_privileges_beyond_read_access_are_opt_in(identity, version, privilege):
    assert granted(identity({}, "pve", version)) == {("/", "PVEAuditor")}
    # as surveys give it
    assert granted(identity({"backup_volumes": "false"}, "pve", version)) == {("/", "PVEAuditor")}
    everything = identity({"guest_agent": True, "backup_volumes": True, "pull_jobs": True}, "pve", version)
    assert granted(everything) == {("/", "PVEAuditor"), ("/", "FleetgateGuestAgent"), ("/storage", "PVEDatastoreAdmin")}
    assert everything["role"] == [{"roleid": "FleetgateGuestAgent", "privs": [privilege]}]


def test_user_and_token_get_the_same_roles(identity):
    entries = identity({"user": "watch", "token": "tv", "pull_jobs": True}, "pbs", "4.2.3")
    assert granted(entries) == {("/datastore", "DatastoreAudit"), ("/system", "Audit"), ("/remote", "RemoteAudit")}
    assert {(*row["users"], *row["tokens"]) for row in entries["acl"]} == {("watch@pbs", "watch@pbs!tv")}


def test_cluster_is_matched_by_its_addresses_and_names_in_its_domain(fleet):
    addresses = fleet("monitoring").node_addresses
    names, ips = ("pve1", "pve2", "pve3"), ("192.0.2.1", "2001:db8::2")
    assert addresses(names, ips, 8006) == ["https://192.0.2.1:8006", "https://[2001:db8::2]:8006"]
    assert "https://pve3.example.org:8006" in addresses(names, ips, 8006, "example.org")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("pbs.lan", "https://pbs.lan:8007"),
        ("http://pbs.lan/", "http://pbs.lan:8007"),
        ("PBS.lan:9", "https://PBS.lan:9"),
        ("::1", "https://[::1]:8007"),
        ("[::1]:9", "https://[::1]:9"),
    ],
)
def test_addresses_are_normalised_like_pulse_does(hosts, addresses, address, url):
    assert hosts.MONITORED.problem(address) is None
    assert addresses.url(address, "pbs") == url


def node(host, *members):
    endpoints = [{"host": f"https://{name}:8006", "ip": ip} for name, ip in members]
    return {"type": "pve", "host": host, "clusterEndpoints": endpoints}


BERLIN = node("https://pve1.berlin.example.org:8006", ("pve1", "192.0.2.1"), ("pve2", "192.0.2.2"))
VIENNA = node("https://198.51.100.1:8006", ("pve1", "198.51.100.1"), ("pve2", "198.51.100.2"))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["PVE1.berlin.example.org"], [BERLIN]),
        (["pve2.berlin.example.org"], [BERLIN]),
        (["192.0.2.2"], [BERLIN]),
        (["pve9.example.org", "198.51.100.2"], [VIENNA]),
        (["pve1.vienna.example.org"], []),
        (["pve2.berlin.example.org:8007"], []),
        (["pve2"], [BERLIN, VIENNA]),
        (["198.51.100.1", "192.0.2.1"], [VIENNA]),
    ],
)
def test_entry_of_a_server_is_found_by_its_addresses(addresses, asked, found):
    """Nodes of two clusters may have the same short names, so only those of an entry's own domain are enough."""
    assert addresses.entries_for("pve", asked, [BERLIN, VIENNA]) == found
    assert addresses.entries_for("pbs", asked, [BERLIN, VIENNA]) == []
