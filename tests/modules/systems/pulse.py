"""Pulse: tables for the tests of all modules. Nothing listens at the addresses of these nodes."""

from __future__ import annotations


def server(wired):
    """The server that tasks connect to."""
    return wired.fleet.pulse


def connection(wired):
    fleet = wired.fleet
    return {"url": fleet.pulse.url, "api_token": fleet.tokens["pulse1"], "ca_path": str(fleet.authority.bundle)}


TOKEN = {"token_name": "pulse-monitor@pbs!pulse", "token_value": "a-secret-of-a-token", "test_connection": False}
VAULT = {"type": "pbs", "host": "127.0.99.1", **TOKEN}

# a task that creates an object, for tests of failures
ONE = ("pulse_node", VAULT)

# kind of object: options that identify, create, update and unset
LIVES = {
    "pulse_node": (
        {"type": "pbs", "host": "127.0.99.1"},
        {
            **TOKEN,
            "name": "vault",
            "guest_url": "https://vault.example.org:8007",
            "fingerprint": "AB:" * 31 + "AB",
            "monitor_prune_jobs": False,
            "exclude_datastores": ["scratch"],
            "enabled": False,
        },
        {
            "token_name": "pulse-monitor@pbs!other",
            "token_value": "another-secret-of-a-token",
            "test_connection": False,
            "name": "strongroom",
            "fingerprint": "cd" * 32,
            "verify_ssl": True,
            "monitor_prune_jobs": True,
            "monitor_sync_jobs": False,
            "exclude_datastores": ["attic"],
            "append": ["exclude_datastores"],
            "temperature_monitoring_enabled": True,
            "enabled": True,
        },
        {
            "guest_url": "",
            "fingerprint": "",
            "exclude_datastores": [],
            "temperature_monitoring_enabled": False,
            "verify_ssl": False,
        },
    )
}
NEWER = {"pulse_node": ("enabled",)}

COMPANY = ()

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-secret-of-a-token",)

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("pulse_node", VAULT),
    (
        "pulse_state",
        {"nodes": [{**VAULT, "host": "127.0.99.2", "exclude_datastores": ["attic"]}, {**VAULT, "name": "vault"}]},
    ),
    ("pulse_info", {"gather": ["nodes", "version"]}),
]

# existing objects that bad input refers to
THERE = [
    ("pulse_node", {**VAULT, "name": "Vault"}),
    ("pulse_node", {**VAULT, "type": "pve", "host": "127.0.99.1", "token_name": "pulse-monitor@pve!pulse"}),
]

OTHER = {**VAULT, "host": "vault2.example.org"}

# case: module, options, pattern of the message
BAD_INPUT = {
    "a wrong API token of Pulse": (
        "pulse_node",
        {**VAULT, "api_token": "nobodys-key"},
        "the API token is not accepted; it is wrong, has expired",
    ),
    "no API token": (
        "pulse_node",
        {**VAULT, "api_token": ""},
        "api_token: must be given; create a token in Pulse under Settings",
    ),
    "an API token with a line break": (
        "pulse_node",
        {**VAULT, "api_token": "a-key-from-a-block\n"},
        "api_token: must be a single line",
    ),
    "an address of Pulse without a scheme": (
        "pulse_node",
        {**VAULT, "url": "pulse.example.org"},
        "url: 'pulse.example.org' must begin with https://",
    ),
    "a token name without its user": (
        "pulse_node",
        {**OTHER, "token_name": "pulse"},
        "token_name: 'pulse' must be a full token id, NAME@REALM!TOKEN",
    ),
    "a new node without a token": (
        "pulse_node",
        {**OTHER, "token_name": None},
        "token_name: is required to create node pbs https://vault2.example.org:8007",
    ),
    "a new node without a secret": (
        "pulse_node",
        {**OTHER, "token_value": None},
        "token_value: is required to create node pbs",
    ),
    "another token without its secret": (
        "pulse_node",
        {"type": "pbs", "host": "127.0.99.1", "token_name": "a@pbs!b"},
        "token_value: must be given, because token_name changes",
    ),
    "an empty token": (
        "pulse_node",
        {"type": "pbs", "host": "127.0.99.1", "token_name": ""},
        "token_name: cannot be unset; remove the node",
    ),
    "a token rejected by the monitored server": (
        "pulse_node",
        {**OTHER, "host": "127.0.99.9", "test_connection": True},
        "token_value: Pulse cannot connect to https://127.0.99.9:8007 as pulse-monitor@pbs!pulse .*check the token, the address as Pulse reaches it",
    ),
    "a stored token that does not work, without another": (
        "pulse_node",
        {"type": "pbs", "host": "127.0.99.1", "update_token": "if_invalid"},
        "token_value: must be given, because Pulse cannot sign in with",
    ),
    "the name of another node": (
        "pulse_node",
        {**OTHER, "name": "vault"},
        "name: 'vault' is already the name of https://127.0.99.1:8007",
    ),
    "a host with a path": (
        "pulse_node",
        {**OTHER, "host": "https://pbs.example.org/pbs"},
        "host: .* must be a host name, an address or a URL without a path",
    ),
    "a host with a user": (
        "pulse_node",
        {**OTHER, "host": "root@pbs.example.org"},
        "host: 'root@pbs.example.org' must be a host name",
    ),
    "a host that begins with a digit": (
        "pulse_node",
        {**OTHER, "host": "1pbs.example.org"},
        "host: '1pbs.example.org' begins with a digit but is not an IP",
    ),
    "an invalid IPv6 address": (
        "pulse_node",
        {**OTHER, "host": "a:b:c"},
        "host: 'a:b:c' has an invalid address or port",
    ),
    "a port out of range": (
        "pulse_node",
        {**OTHER, "host": "pbs.example.org:99999"},
        "host: 'pbs.example.org:99999' has an invalid address or port",
    ),
    "an invalid alias": ("pulse_node", {**OTHER, "aliases": ["a b"]}, "aliases: 'a b' must be a host name"),
    "an invalid IP address as alias": (
        "pulse_node",
        {**OTHER, "aliases": ["300.1.1.1"]},
        "aliases: '300.1.1.1' begins with a digit but is not an IP address",
    ),
    "a flag of the other kind": (
        "pulse_node",
        {**OTHER, "monitor_vms": True},
        "monitor_vms: is not an option of a node of type pbs",
    ),
    "datastores of a PVE": (
        "pulse_state",
        {"nodes": [{**OTHER, "type": "pve", "exclude_datastores": []}]},
        r"nodes\[0\]\.exclude_datastores: is not an option of a node of type pve",
    ),
    "a fingerprint that is too short": (
        "pulse_node",
        {**OTHER, "fingerprint": "ab:cd"},
        "fingerprint: 'ab:cd' must be a SHA-256 fingerprint",
    ),
    "a connection that never succeeds": (
        "pulse_node",
        {**OTHER, "enabled": False, "wait_until_connected": 5},
        "wait_until_connected: cannot succeed, because enabled is false",
    ),
    "one node declared twice": (
        "pulse_state",
        {"nodes": [{**OTHER, "name": "a"}, {**OTHER, "host": "https://vault2.example.org:8007/", "name": "b"}]},
        r"nodes\[1\]\.name: 'b' contradicts 'a', which an earlier entry sets for node pbs https://vault2.example.org:8007",
    ),
    "a node type Pulse does not manage": (
        "pulse_node",
        {**OTHER, "type": "pmg"},
        "value of type must be one of: pve, pbs, got: pmg",
    ),
}
