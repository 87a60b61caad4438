# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to PVE and PBS without any credential: root's own commands on the host carry them to the API.

`pvesh` (pve-manager 9, PVE/CLI/pvesh.pm) calls the API as root@pam and prints the data of an answer as JSON. When it
fails it prints the status, where there is one, the reason, and for a wrong parameter its usage. `proxmox-backup-debug
api` (proxmox-backup 3.2, src/bin/proxmox_backup_debug/api.rs) does the same with a ticket of root@pam, tells the reason
only, and stops at an option that is given twice. proxmoxer's own backends know no PBS, take any word on stderr, such as
the banner of a host, for a failure, and show each value in the command line of ssh.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from ..core.errors import FleetgateError
from ..core.transport import BaseAdapter, requests

VERBS = {"GET": "get", "POST": "create", "PUT": "set", "DELETE": "delete"}

# requests builds the query of addresses that begin with http only
ADDRESS = "http+shell://host"

# pvesh decodes its options by the locale. What is said on stderr comes after what is said on stdout, and only if the
# command failed. The last line is its exit code, so that neither ssh nor sudo is mistaken for it.
SCRIPT = """\
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin"
{{ said=$({command} 2>&1 >&3 3>&- </dev/null); }} 3>&1
code=$?
[ $code = 0 ] || printf '%s\\n' "$said"
printf '\\nexit code %s\\n' $code
"""
ENDED = re.compile(r"(.*)\nexit code (\d+)\n", re.DOTALL)
MISSING = 127

STATUS = re.compile(r"^(\d{3}) ", re.MULTILINE)
USAGE = re.compile(r"^(pvesh|usage:) .*", re.MULTILINE | re.DOTALL | re.IGNORECASE)


def run_here(script: str) -> tuple[str, str]:
    """Run a script of the shell on this node; returns what it says on stdout and stderr."""
    done = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


class Commands(BaseAdapter):
    """The transport of a session that gives requests to `command`, by way of `shell`: a function like `run_here`."""

    def __init__(self, title: str, command: Sequence[str], shell: Callable[[str], tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._command = command
        self._shell = shell

    def send(self, request: Any, *_positional: Any, **_transport: Any) -> Any:
        where = urlsplit(request.url)
        options = [
            pair for form in (where.query, request.body) for pair in parse_qsl(form or "", keep_blank_values=True)
        ]
        names = [name for name, _value in options]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            self._refuse(
                request, f"{self._command[0]} takes one value of {', '.join(twice)} only; use connection=https"
            )
        words = [f"--{name}={value}" for name, value in options]
        command = [*self._command, VERBS[request.method], unquote(where.path), *words, "--output-format=json"]
        said, noise = self._shell(SCRIPT.format(command=shlex.join(command)))
        ended = ENDED.fullmatch(said)
        if not ended:
            why = f"no shell on the host could be used ({(noise or said).strip()}); check how ansible connects to it"
            self._refuse(request, why, no_answer=True)
        said, code = ended[1].strip(), int(ended[2])
        if code == MISSING:
            self._refuse(request, f"the host has no {self._command[0]}; with connection=shell the task must run for it")
        return self._answer(request, said, code)

    def close(self) -> None:
        pass

    def _refuse(self, request: Any, why: str, **more: Any) -> NoReturn:
        path = unquote(urlsplit(request.url).path)
        raise FleetgateError(f"{self._title}: {why}", verb=request.method, path=path, **more)

    def _answer(self, request: Any, said: str, code: int) -> Any:
        """A response like one of the API. What tasks of the server log may come before the data."""
        answer = requests.Response()
        answer.request, answer.url = request, request.url
        answer.status_code, content = 200, b""
        if code:
            told = STATUS.search(said)
            answer.status_code, reason = (int(told[1]), said[told.end() :]) if told else (500, said)
            answer.reason = " ".join(USAGE.sub("", reason).removeprefix("Error: ").split())
        elif said:
            content = f'{{"data": {said.splitlines()[-1]}}}'.encode()
        answer.raw = BytesIO(content)
        return answer
