# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A summary by host at the end of a run: what changed, what was proven, what failed and why."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
short_description: Summarise at the end of a run what changed on each host, what was proven and what failed
version_added: 0.1.0
description:
  - Prints what the modules of this collection did, by host, after everything else.
  - In check mode these are the changes to come. Tasks that others than this collection provide are only mentioned if they fail.
requirements:
  - enable it with C(callbacks_enabled = fleetgate.proxmox.summary) in the section C([defaults]) of C(ansible.cfg)
author: the fleetgate.proxmox authors (@fleetgate)
"""

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

_COLLECTION = "fleetgate.proxmox."
# the end of the name of modules that run once for all hosts, at the identity provider
_PROVIDER = "_provider"
# how many changes of a host are named
_MOST = 5


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fleetgate.proxmox.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._changes: dict[str, list[str]] = {}
        self._failures: dict[str, list[str]] = {}
        self._proven: dict[str, tuple[int, int]] = {}

    def v2_runner_on_ok(self, result: Any) -> None:
        self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._note(result)
        content, host = _content(result), _host(result)
        if not ignore_errors:
            self._failures.setdefault(host, []).append(str(content.get("msg", "failed")))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._failures.setdefault(_host(result), []).append(str(_content(result).get("msg", "unreachable")))

    def _note(self, result: Any) -> None:
        """What a task of this collection did; the plan of a preflight is that of a later task."""
        task, content = _task(result), _content(result)
        module = str(task.resolved_action or task.action)
        if not module.startswith(_COLLECTION):
            return
        subject = "identity provider" if module.endswith(_PROVIDER) else _host(result)
        changes = self._changes.setdefault(subject, [])
        if task.args.get("stage") != "preflight":
            steps = content.get("plan") or content.get("done") or ()
            changes += [str(step["reason"]) for step in steps if isinstance(step, Mapping)]
        checks = content.get("checks") or ()
        if checks:
            passed, all_checks = self._proven.get(subject, (0, 0))
            ok = sum(check.get("status") == "ok" for check in checks)
            self._proven[subject] = (passed + ok, all_checks + len(checks))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        subjects = dict.fromkeys([*self._changes, *self._failures])
        if not subjects:
            return
        self._display.banner("SUMMARY")
        for subject in sorted(subjects):
            for text, color in self._lines(subject):
                self._display.display(f"{subject}: {text}", color=color)

    def _lines(self, subject: str) -> list[tuple[str, str]]:
        changes = list(dict.fromkeys(self._changes.get(subject, ())))
        lines = []
        if changes:
            more = f" and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
            lines.append((f"changed: {'; '.join(changes[:_MOST])}{more}", C.COLOR_CHANGED))
        if subject in self._proven:
            passed, count = self._proven[subject]
            lines.append((f"proven: {passed} of {count} checks", C.COLOR_OK if passed == count else C.COLOR_WARN))
        failures = dict.fromkeys(self._failures.get(subject, ()))
        lines += [(f"failed: {failure}", C.COLOR_ERROR) for failure in failures]
        return lines or [("unchanged", C.COLOR_OK)]


# ansible-core 2.19 and later have public names for what older versions keep private
def _content(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(result, "result", None) or result._result
    return found


def _host(result: Any) -> str:
    return str((getattr(result, "host", None) or result._host).get_name())


def _task(result: Any) -> Any:
    return getattr(result, "task", None) or result._task
