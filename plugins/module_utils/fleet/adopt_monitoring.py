# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The monitoring of a host that is taken over: the variables with which monitor would find it as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.plan import ServerState
from .keep import names_in
from .monitor import run as monitor
from .monitored_host import MonitoredHost, monitored_host
from .monitoring import OPTIONS, optional_grants


def adopt_monitoring(params: Mapping[str, Any], keep: Iterable[str]) -> dict[str, Any]:
    """The variables, and `keep` together with what monitor would change.

    A host that Pulse does not have, or whose token in Pulse monitor could not use, is left alone as a whole.
    """
    if not params["pulse"]:
        return {"keep": list(keep), "variables": {}}
    preflight = {**params, "stage": "preflight", "rotates": False, "sign_in": False, "keep": list(keep)}
    host = monitored_host(preflight, True)
    pulse = host.pulse()
    _options, existing = host.entry(pulse.nodes())
    label = host.label(existing)
    variables = _variables(host, existing) if existing else None
    if variables is None:
        return {"keep": [*keep, label], "variables": {}}
    declared = {**preflight, **{option.removeprefix("fleetgate_"): value for option, value in variables.items()}}
    names = [*keep, *names_in(monitored_host(declared, True).planned_diff())]
    if monitor({**declared, "keep": names}, True)["pending"]:
        return {"keep": [*keep, label], "variables": {}}
    return {"keep": names, "variables": variables}


def _variables(host: MonitoredHost, existing: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where the entry has a token that is not one of a user of the server itself."""
    userid, _mark, name = str(existing.get("tokenName") or "").partition("!")
    user, _at, realm = userid.rpartition("@")
    state = ServerState(host.client, host.product.system.kinds)
    with host.client.understanding():
        if realm != host.product.local_realm or (userid, name) not in state.actual("token"):
            return None
        rows = {(path, role) for path, _kind, subject, role in state.actual("acl") if subject == userid}
        given: dict[str, Any] = {"user": user, "token": name, "certificate": _certificate(existing)}
        for option, grants in optional_grants(host.product, host.client.version_text).items():
            given[option] = all((grant.path, grant.role) in rows for grant in grants)
    options = {option: value for option, value in given.items() if value != OPTIONS[option]["default"]}
    address = {} if existing["host"] == host.url else {"host": existing["host"]}
    return {
        **({"fleetgate_monitoring": options} if options else {}),
        **({"fleetgate_pulse_node": address} if address else {}),
    }


def _certificate(existing: Mapping[str, Any]) -> str:
    if existing.get("fingerprint"):
        return "pin"
    return "verify" if existing.get("verifySSL") else "ignore"
