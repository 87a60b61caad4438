"""The connections of Pulse to the servers of a simulated fleet, and the privileges of its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

from tests.modules.systems import pbs, pve, task
from tests.support.ansible import Ansible
from tests.support.interruptions import after_each_write

if TYPE_CHECKING:
    from tests.conftest import Wired

USERS = {"pve": "pulse-monitor@pve", "pbs": "pulse-monitor@pbs"}


def nodes(wired: Wired, ansible: Ansible) -> dict[str, dict[str, Any]]:
    """The entries of Pulse by address, with their status after Pulse has polled all of them."""
    for _try in range(20):
        (told,) = ansible.tasks([task(wired, "pulse_info")]).succeeded().results()
        if "pending" not in {one["state"] for one in told["status"]}:
            break
    states = {one["host"]: one for one in told["status"]}
    return {one["host"]: {**one, **states[one["host"]]} for one in told["nodes"]}


def sign_ins(wired: Wired) -> list[str]:
    """Why Pulse cannot sign in to servers with the tokens that it has."""
    fleet = wired.fleet
    url, headers = f"{fleet.pulse.url}/api/config/nodes", {"X-API-Token": fleet.tokens["pulse1"]}
    options: dict[str, Any] = {"headers": headers, "verify": str(fleet.authority.bundle), "timeout": 10}
    entries = requests.get(url, **options).json()
    tests = {one["host"]: requests.post(f"{url}/{one['id']}/test", **options) for one in entries}
    return [f"{host}: {answer.text}" for host, answer in tests.items() if answer.status_code != 200]


@contextmanager
def always_connected(wired: Wired) -> Iterator[list[str]]:
    """What kept Pulse from signing in after any request that changed something."""
    failures = sign_ins(wired)
    with after_each_write(wired.fleet, lambda: failures.extend(sign_ins(wired))):
        yield failures


def wait_until(state: str, wired: Wired, ansible: Ansible, address: str) -> None:
    """Wait until an entry of Pulse has a state, which takes one or two polls."""
    for _try in range(30):
        told = nodes(wired, ansible)[address]
        if told["state"] == state:
            return
    raise AssertionError(f"{address} is {told['state']} and not {state}: {told['error']}")


def privileges(wired: Wired, ansible: Ansible, system: str) -> dict[str, dict[str, int]]:
    """The privileges of the token on the first server of a system by path, as the server returns them to the token."""
    owner = {"pve": {"tokenid": "probe"}, "pbs": {"token_name": "probe"}}[system]
    made = {"userid": USERS[system], **owner}
    rows = [
        {"path": row["path"], "roles": row["roles"], "tokens": [f"{USERS[system]}!probe"]}
        for row in ansible.tasks([task(wired, f"{system}_info", gather=["acl"])]).succeeded().results()[0]["acl"]
        if row.get("tokens") == [f"{USERS[system]}!pulse"]
    ]
    first = [task(wired, f"{system}_token", **made, return_secret=True)] + [
        task(wired, f"{system}_acl", **row) for row in rows
    ]
    run = ansible.tasks(first)
    secret = run.succeeded().results()[0]["secret"]
    server = {"pve": pve, "pbs": pbs}[system].server(wired)
    separator = {"pve": "=", "pbs": ":"}[system]
    told: dict[str, dict[str, int]] = requests.get(
        f"{server.url}/api2/json/access/permissions",
        headers={"Authorization": f"{system.upper()}APIToken={USERS[system]}!probe{separator}{secret}"},
        verify=str(wired.fleet.authority.bundle),
        timeout=10,
    ).json()["data"]
    ansible.tasks([task(wired, f"{system}_token", **made, state="absent")]).succeeded()
    return told
