# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `report_host` and `report_provider`, and the access review that they end with."""

from __future__ import annotations

import time
from typing import Any

from ansible.utils.display import Display

from ..module_utils.core.errors import FleetgateError
from ..module_utils.fleet.entries import typed_options
from ..module_utils.fleet.report import OPTIONS
from .review import known_dates, review_of
from .review_files import write_files
from .wire import PROVIDER, HostAction, ProviderAction, plain, registered

# where the task of the role registers what it returns
FACTS = "__fleetgate_facts"


class ReportHostAction(HostAction):
    """`report_host`, for the inventory host of the task."""

    declared = tuple(option for option in HostAction.declared if option != "undeclared")

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        provider = plain(task_vars.get(PROVIDER) or {})
        return {**super()._completed(arguments, task_vars), "compare": not provider.get("problems")}


class ReportProviderAction(ProviderAction):
    """`report_provider`, once for all hosts of the play."""

    declared = ("idp", "realm", "users", "groups", "members", "keep", "report")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        if self._task.args.get("stage") == "report":
            return self._report(task_vars)
        return super().answer(task_vars)

    def _report(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Print what was found, and write it to files on request."""
        self._problems: list[str] = []
        try:
            declared = self._variable(task_vars, "report")
            if self._problems:
                raise FleetgateError(*self._problems)
            options = typed_options(declared, OPTIONS, "fleetgate_report")
            hosts = {name: registered(task_vars, name, FACTS) for name in task_vars["ansible_play_hosts_all"]}
            created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            provider = plain(task_vars.get(PROVIDER) or {})
            review = review_of(provider, hosts, created, known_dates(options.get("json")))
            for line in review.lines():
                Display().display(line)
            write_files(review, options)
        except FleetgateError as error:
            return error.as_result()
        return {"changed": False, "refused": review.refused(options.get("fail_on")), "summary": review.summary()}
