# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity provider in the proof of a fleet: before the hosts its own checks and the session of the person, after them its clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.checks import Check, as_results, failed, failures, skipped
from ..core.errors import FleetgateError
from ..core.module import Definition
from ..oidc.login import Refusal
from .declaration import secrets_in
from .entries import typed_options
from .prove import OPTIONS
from .provider import SPEC as PROVIDER_SPEC
from .provider import hidden as hidden_of_provider
from .provider import run as run_provider
from .providers import PROVIDERS
from .undeclared import IGNORE

SPEC: dict[str, dict[str, Any]] = {
    **{
        name: option
        for name, option in PROVIDER_SPEC.items()
        if name not in ("undeclared", "removals", "people_differ")
    },
    "stage": {"type": "str", "choices": ["preflight", "clients", "report"], "required": True},
    "prove": {"type": "raw"},
}
_NAME = "identity provider"


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    stages = {"preflight": _preflight, "clients": _clients}
    if params["stage"] not in stages:
        raise FleetgateError("stage: report is done by the action plugin on the control node")
    result = stages[params["stage"]](params, check_mode)
    return {"changed": False, **result, "checks": as_results(result["checks"])}


def _preflight(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The issuer as the control node sees it, and the session of the person for all hosts."""
    options = typed_options(params["prove"], OPTIONS, "fleetgate_prove")
    try:
        found = run_provider({**params, "stage": "preflight"}, True)
    except FleetgateError as error:
        found = error.as_result()
    result: dict[str, Any] = {
        name: found[name] for name in ("issuer", "scopes", "members", "claims", "warnings") if name in found
    }
    checks = failures(_NAME, found.get("problems", []))
    person = options.get("person")
    if not person or check_mode or found.get("problems"):
        return {**result, "checks": checks}
    session, check = _session(params["idp"], person, options.get("password") or "")
    checks.append(check)
    why = "" if check.status == "ok" else check.detail or "see the checks of the identity provider"
    return {**result, "checks": checks, "secrets": {"session": session} if session else {}, "not_signed_in": why}


def _session(idp: Mapping[str, Any], person: str, password: str) -> tuple[str, Check]:
    """The session that hosts continue, "" where the person signs in on each by itself."""
    provider = PROVIDERS[idp["type"]]
    if provider.account is None:
        return "", skipped(
            "account", f"how a person signs in at {provider.title} is not known to the collection", person
        )
    try:
        return provider.sign_in(idp, person, password).session_secret, Check("account", person)
    except Refusal as refusal:
        return "", failed(refusal.check, refusal.problem, refusal.remedy, person)
    except FleetgateError as error:
        return "", failed("account", str(error), about=person)


def _clients(params: dict[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Whether people, groups and clients are as declared, with the redirect URIs of all hosts of the run."""
    try:
        found = run_provider({**params, "stage": "apply", "undeclared": IGNORE}, True)
    except FleetgateError as error:
        return {"checks": failures("clients as declared", error.problems)}
    reasons = [step["reason"] for step in found["plan"]]
    title = PROVIDERS[params["idp"]["type"]].title
    checks = [Check("clients as declared")]
    if reasons:
        remedy = "run the playbook wire, or declare what the provider has"
        checks = [failed("clients as declared", f"{title}: {'; '.join(reasons)}", remedy)]
    return {"checks": checks, **({"warnings": found["warnings"]} if found.get("warnings") else {})}


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_provider(params)
    yield from secrets_in(OPTIONS, params.get("prove"))


PROVE_PROVIDER = Definition(SPEC, run, hidden=hidden)
