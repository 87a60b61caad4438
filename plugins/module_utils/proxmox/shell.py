# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to PVE and PBS without credentials, through commands that root runs on the host.

`pvesh` (pve-manager 9, PVE/CLI/pvesh.pm) calls the API as root@pam and prints the data of a response as JSON. If it fails,
it prints the status, if any, the reason, and its usage for an invalid parameter. `proxmox-backup-debug api` (proxmox-backup
3.2, src/bin/proxmox_backup_debug/api.rs) does the same with a ticket of root@pam, prints only the reason, and rejects
repeated options. The backends of proxmoxer do not support PBS, treat any output on stderr, such as the banner of a host, as
a failure, and expose values in the command line of ssh.
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

# requests adds a query only to addresses that begin with http
ADDRESS = "http+shell://host"

# pvesh decodes its options by the locale. The output on stderr follows that on stdout, and only if the command fails. The
# last line is its exit code, which cannot be confused with that of ssh or sudo.
SCRIPT = """\
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin"
{{ errors=$({command} 2>&1 >&3 3>&- </dev/null); }} 3>&1
code=$?
[ $code = 0 ] || printf '%s\\n' "$errors"
printf '\\nexit code %s\\n' $code
"""
ENDED = re.compile(r"(.*)\nexit code (\d+)\n", re.DOTALL)
MISSING = 127

STATUS = re.compile(r"^(\d{3}) ", re.MULTILINE)
USAGE = re.compile(r"^(pvesh|usage:) .*", re.MULTILINE | re.DOTALL | re.IGNORECASE)


def run_here(script: str) -> tuple[str, str]:
    """Run a shell script on this node and return its output on stdout and stderr."""
    done = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


class Commands(BaseAdapter):
    """The transport of a session that passes requests to `command` through `shell`, a function like `run_here`."""

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
                request, f"{self._command[0]} accepts only a single value of {', '.join(twice)}; use connection=https"
            )
        words = [f"--{name}={value}" for name, value in options]
        command = [*self._command, VERBS[request.method], unquote(where.path), *words, "--output-format=json"]
        output, errors = self._shell(SCRIPT.format(command=shlex.join(command)))
        ended = ENDED.fullmatch(output)
        if not ended:
            why = f"no shell on the host could be used ({(errors or output).strip()}); check how ansible connects to it"
            self._refuse(request, why, no_answer=True)
        output, code = ended[1].strip(), int(ended[2])
        if code == MISSING:
            self._refuse(
                request,
                f"the host has no {self._command[0]}; connection=shell requires a task that runs for the server itself",
            )
        return self._response(request, output, code)

    def close(self) -> None:
        pass

    def _refuse(self, request: Any, why: str, **more: Any) -> NoReturn:
        path = unquote(urlsplit(request.url).path)
        raise FleetgateError(f"{self._title}: {why}", verb=request.method, path=path, **more)

    def _response(self, request: Any, output: str, code: int) -> Any:
        """Return a response like that of the API. Log messages of server tasks may precede the data."""
        response = requests.Response()
        response.request, response.url = request, request.url
        response.status_code, content = 200, b""
        if code:
            status = STATUS.search(output)
            response.status_code, reason = (int(status[1]), output[status.end() :]) if status else (500, output)
            response.reason = " ".join(USAGE.sub("", reason).removeprefix("Error: ").split())
        elif output:
            content = f'{{"data": {output.splitlines()[-1]}}}'.encode()
        response.raw = BytesIO(content)
        return response
