# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `offboard_host` and `offboard_provider`, which pass on variables and results of the run, and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.utils.display import Display

from ..module_utils.core.checks import FAILED, Check
from ..module_utils.fleet.host import with_warnings
from .proof_report import Report, Subject
from .wire import HostAction, ProviderAction, plain, refusal, refusals, registered

# where the tasks of the role register what they return
PROVIDER, HOST, REVIEW = "__fleetgate_offboard_provider", "__fleetgate_offboard", "__fleetgate_offboard_review"
PROVIDER_DONE, HOST_DONE = "__fleetgate_offboard_ended", "__fleetgate_offboard_removed"
_PART = "off-boarding"


class OffboardHostAction(HostAction):
    """`offboard_host`, for the inventory host of the task."""

    declared = ("api", "realm", "users", "groups", "members", "person")

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        found = plain(task_vars.get(PROVIDER) or {})
        completed = {
            "claims": found.get("claims"),
            **arguments,
            "host": self._place(arguments, task_vars),
            "api": self._with_host(arguments.get("api"), task_vars),
        }
        return {option: value for option, value in completed.items() if value is not None}


class OffboardProviderAction(ProviderAction):
    """`offboard_provider`, once for all hosts of the play."""

    declared = ("idp", "realm", "users", "groups", "members", "person")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        self._problems: list[str] = []
        person, stage = str(self._variable(task_vars, "person") or ""), self._task.args.get("stage")
        if stage == "review":
            return _review(person, task_vars)
        if stage == "report":
            return _report(person, self._left_out(task_vars), task_vars)
        return super().answer(task_vars)

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return {option: value for option, value in arguments.items() if value is not None}


def _review(person: str, task_vars: dict[str, Any]) -> dict[str, Any]:
    """Why hosts are refused, all if any is, and which are changed: of several that are one server the first."""
    hosts = task_vars["ansible_play_hosts"]
    found = {name: registered(task_vars, name, HOST) for name in hosts}
    provider = plain(task_vars.get(PROVIDER) or {})
    down = [name for name, one in found.items() if _is_down(one)]
    problems = {name: [] if name in down else refusal(one, "identity") for name, one in found.items()}
    general = refusal(provider, "known")
    unknown = not (general or provider["known"] or any(one.get("found") for one in found.values()))
    if unknown and (provider["similar"] or not any(problems.values())):
        general = [_nowhere(person, provider, found, down)]
    if general or any(problems.values()):
        refused = refusals(general, problems, "did not change anything")
        return {"changed": False, "pending": [], "down": down, "refused": refused}
    first: dict[tuple[str, ...], str] = {}
    for name, one in found.items():
        if name not in down:
            first.setdefault(tuple(one["identity"]), name)
    return {"changed": False, "pending": list(first.values()), "down": down, "refused": {}}


def _is_down(found: Mapping[str, Any]) -> bool:
    return bool((found.get("request") or {}).get("no_answer"))


def _nowhere(person: str, provider: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]], down: list[str]) -> str:
    similar = [provider["similar"], *(one.get("similar", "") for one in found.values())]
    unseen = f", and {', '.join(down)} did not answer" if down else ""
    where = f"neither {provider['title']} nor a host of this run has a user {person}{unseen}"
    close = next(filter(None, similar), "")
    return f"fleetgate_person: {where}{close}" + (
        "" if close else "; correct the name, or declare it in fleetgate_users with state: absent"
    )


def _report(person: str, left_out: list[str], task_vars: dict[str, Any]) -> dict[str, Any]:
    """Print what was ended and what was not."""
    review = plain(task_vars.get(REVIEW) or {})
    provider = Subject.of("identity provider", plain(task_vars.get(PROVIDER_DONE) or {}), part=_PART)
    hosts = [_subject(name, review, task_vars) for name in task_vars["ansible_play_hosts_all"]]
    report = Report([provider, *(host for host in hosts if host.checks)])
    for line in report.lines():
        Display().display(line)
    return {
        "changed": False,
        "refused": report.refused(),
        **with_warnings(list(_warnings(person, left_out, task_vars))),
    }


def _subject(name: str, review: Mapping[str, Any], task_vars: dict[str, Any]) -> Subject:
    done = registered(task_vars, name, HOST_DONE)
    if name in review["down"]:
        problem = "; ".join(refusal(registered(task_vars, name, HOST), "identity"))
        remedy = "run this playbook again when the server answers"
        return Subject(name, [Check("server", name, FAILED, problem, remedy)])
    # further nodes of a cluster have none
    return Subject.of(name, done, part=_PART) if name in review["pending"] else Subject(name)


def _warnings(person: str, left_out: list[str], task_vars: dict[str, Any]) -> Iterator[str]:
    others = [name for name in left_out if name not in task_vars["ansible_play_hosts_all"]]
    if others:
        yield f"{person} may still have access on {', '.join(others)}, which this run left out; run this playbook again without --limit"
