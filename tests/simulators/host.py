"""The shell of simulated hosts: programs `ssh`, `sudo`, `pvesh` and `proxmox-backup-debug` in a separate folder.

The fake `ssh` admits only root and admin, on port 22 and on the hosts of the fleet, and runs its command locally, with
the other programs in its PATH. These call the simulator of the host with a ticket of root@pam, and print the output of
the real ones (pve-manager 9, PVE/CLI/pvesh.pm; proxmox-backup 3.2, src/bin/proxmox_backup_debug/api.rs). The
connection has a banner, and each program of PVE a warning, on stderr.
"""

from __future__ import annotations

import getopt
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]

BANNER = "Authorized use only. All activity may be monitored.\n"


def install(folder: Path, hosts: dict[str, dict[str, str]]) -> Path:
    """Write the programs and their data of the `hosts`, by address; return the path of the fake ssh."""
    folder.mkdir()
    (folder / "hosts.json").write_text(json.dumps(hosts))
    for name in PROGRAMS:
        program = folder / name
        program.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
            f"from tests.simulators.host import PROGRAMS\nsys.exit(PROGRAMS[{name!r}](sys.argv[1:]))\n"
        )
        program.chmod(0o755)
    return folder / "ssh"


def known_hosts() -> dict[str, dict[str, str]]:
    hosts: dict[str, dict[str, str]] = json.loads(Path(sys.argv[0]).with_name("hosts.json").read_text())
    return hosts


def ssh(arguments: list[str]) -> int:
    options, rest = getopt.getopt(arguments, "Cqtvi:l:o:p:O:")
    if not rest:
        return 255
    given = dict(value.partition("=")[::2] for option, value in options if option == "-o")
    host, user = rest[0], given.get("User", '"nobody"').strip('"')
    sys.stderr.write(BANNER)
    if host not in known_hosts() or given.get("Port", "22") != "22":
        sys.stderr.write(f"ssh: connect to host {host} port {given.get('Port', '22')}: Connection refused\n")
        return 255
    if user not in ("root", "admin"):
        sys.stderr.write(f"{user}@{host}: Permission denied (publickey,password).\n")
        return 255
    here = str(Path(sys.argv[0]).parent)
    environment = {"PATH": f"{here}:/usr/bin:/bin", "SIMULATED_HOST": host, "SIMULATED_USER": user}
    sys.stderr.flush()
    return os.spawnve(os.P_WAIT, "/bin/sh", ["sh", "-c", " ".join(rest[1:])], environment)


def sudo(arguments: list[str]) -> int:
    _options, rest = getopt.getopt(arguments, "HSnu:")
    return os.spawnvpe(os.P_WAIT, rest[0], rest, {**os.environ, "SIMULATED_USER": "root"})


def pvesh(arguments: list[str]) -> int:
    sys.stderr.write("perl: warning: some module said something\n")
    if os.environ["SIMULATED_USER"] != "root":
        sys.stderr.write("please run as root\n")
        return 255
    command, path = arguments[:2]
    answer = call("PVE", command, path, options_of(arguments[2:]))
    body = answer.json()
    if answer.status == 501:
        sys.stderr.write(f"No '{command}' handler defined for '{path}'\n")
        return 1
    if answer.ok:
        if body.get("data") is not None:
            print(json.dumps(body["data"], sort_keys=True, ensure_ascii=False))
        return 0
    # an error without a status, with which the API dies
    status = "" if answer.status == 500 else f"{answer.status} "
    sys.stderr.write(f"{status}{(body.get('message') or answer.reason).rstrip()}\n")
    for name, text in (body.get("errors") or {}).items():
        sys.stderr.write(f"{name}: {text}\n")
    if answer.status == 400:
        sys.stderr.write(f"pvesh {command} <api_path> [OPTIONS] [FORMAT_OPTIONS]\n")
    return 255


def proxmox_backup_debug(arguments: list[str]) -> int:
    if os.environ["SIMULATED_USER"] != "root":
        sys.stderr.write("Error: no password input mechanism available\n")
        return 255
    subject, command, path = arguments[:3]
    options = options_of(arguments[3:])
    if subject != "api" or any(len(values) > 1 for values in options.values()):
        sys.stderr.write("thread 'main' panicked at src/bin/proxmox_backup_debug/api.rs\n")
        return 101
    answer = call("PBS", command, path, options)
    if not answer.ok:
        sys.stderr.write(f"Error: {answer.text}\n")
        return 255
    print(json.dumps(answer.json().get("data")))
    return 0


PROGRAMS = {"ssh": ssh, "sudo": sudo, "pvesh": pvesh, "proxmox-backup-debug": proxmox_backup_debug}

VERBS = {"get": "GET", "create": "POST", "set": "PUT", "delete": "DELETE"}


def options_of(words: list[str]) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    for word in words:
        name, _separator, value = word.removeprefix("--").partition("=")
        options.setdefault(name, []).append(value)
    assert options.pop("output-format") == ["json"]
    return options


class Answer(NamedTuple):
    """The response of the API."""

    status: int
    reason: str
    text: str

    @property
    def ok(self) -> bool:
        return self.status < 400

    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text) if self.text else {}
        return body


def call(service: str, command: str, path: str, options: dict[str, list[str]]) -> Answer:
    """Call the API of the simulator as root@pam."""
    # ssh starts often, and faster without it; requests would take longer to load than everything else
    import ssl
    from http.client import HTTPSConnection

    host = known_hosts()[os.environ["SIMULATED_HOST"]]
    trust = ssl.create_default_context(cafile=host["trust"])
    connection = HTTPSConnection(urlsplit(host["url"]).netloc, timeout=10, context=trust)

    def send(verb: str, path: str, values: dict[str, Any], headers: dict[str, str]) -> Answer:
        form, query = (urlencode(values, doseq=True), "") if verb == "POST" else ("", urlencode(values, doseq=True))
        form_type = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        target = f"/api2/json{quote(path, safe='/')}{'?' if query else ''}{query}"
        connection.request(verb, target, form or None, {**headers, **form_type})
        response = connection.getresponse()
        return Answer(response.status, response.reason, response.read().decode())

    login = {"username": "root@pam", "password": host["password"]}
    ticket = send("POST", "/access/ticket", login, {}).json()["data"]
    verb, headers = VERBS[command], {"Cookie": f"{service}AuthCookie={quote(ticket['ticket'], safe='')}"}
    if verb != "GET":
        headers["CSRFPreventionToken"] = ticket["CSRFPreventionToken"]
    return send(verb, path, options, headers)
