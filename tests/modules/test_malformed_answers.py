"""Malformed responses in place of each response in turn: the problem is reported without a traceback."""

from __future__ import annotations

import json
import re

import pytest

from tests.modules.systems import SYSTEMS, WRITING
from tests.support.in_process import result_of
from tests.support.sample import sample

TOKEN = {"pve": {"userid": "root@pam", "tokenid": "odd"}, "pbs": {"userid": "root@pam", "token_name": "odd"}}
WRITES = {
    **{one.ONE[0]: one.ONE[1] for one in WRITING},
    "pve_token": {**TOKEN["pve"], "return_secret": True},
    "pbs_token": {**TOKEN["pbs"], "return_secret": True},
    "pve_realm": {
        "realm": "odd",
        "issuer_url": "https://id.example.org",
        "client_id": "proxmox",
        "username_claim": "preferred_username",
    },
    "pocketid_client": {"id": "odd", "name": "Odd", "return_secret": True, "secret_candidates": []},
    "authentik_group": {"name": "odd"},
    "authentik_application": {"slug": "odd", "name": "Odd", "redirect_uris": ["https://pve.example.org"]},
}
READS = {f"{system}_info": {} for system in SYSTEMS if system != "oidc"}
KEYS = ("groupid", "userid", "tokenid", "token_name", "realm", "username", "id", "name", "slug", "type", "host")

JSON = "application/json"
ANSWERS = {
    "nothing": (b"", JSON),
    "null": (b"null", JSON),
    "a number": (b"5", JSON),
    "text": (b'"busy"', JSON),
    "a list": (b"[]", JSON),
    "a list of null": (b"[null]", JSON),
    "an object": (b"{}", JSON),
    "null for data": (b'{"data": null, "results": null}', JSON),
    "a number for data": (b'{"data": 5, "results": 5, "pagination": 5}', JSON),
    "text for data": (b'{"data": "x", "results": "x"}', JSON),
    "a list of null for data": (b'{"data": [null], "results": [null]}', JSON),
    "a list of lists for data": (b'{"data": [[]], "results": [[]]}', JSON),
    "an object of others for data": (b'{"data": {"id": [], "value": 5}, "results": {}, "id": null}', JSON),
    "nested too deeply": (b'{"data": ' + b"[" * 100000 + b"]" * 100000 + b"}", JSON),
    "nested deeply": (b'{"data": ' + b'{"data": ' * 400 + b"5" + b"}" * 401, JSON),
    "no UTF-8": (b'{"data": [{"groupid": "\xff\xfe"}]}', JSON),
    "half a character": (b'{"data": [{"groupid": "\\ud800"}]}', JSON),
    "half an answer": (b'{"data": [{"grou', JSON),
    "a page": (b"<html>" + b"sign in " * 1000, "text/html"),
    "a large page": (b'{"data": "' + b"x" * 3_000_000 + b'"}', JSON),
}
REFUSAL = (json.dumps(dict.fromkeys(("message", "error", "detail"), "y" * 100_000)).encode(), JSON)


class Meddling:
    """WSGI middleware that replaces the response with a given number."""

    def __init__(self, observed):
        self.observed, self.plain, self.number, self.answer, self.status = observed, observed.app, None, None, "200 OK"
        observed.app = self

    def __call__(self, environ, start_response):
        if len(self.observed.journal) - 1 != self.number:
            return self.plain(environ, start_response)
        b"".join(self.plain(environ, lambda *_args: None))
        content, kind = self.answer
        start_response(self.status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
        return [content]


def forget_clients():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.authentik.system import AUTHENTIK
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pbs.system import PBS
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pocketid.system import POCKETID
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pulse.system import PULSE
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pve.system import PVE

    for system in (PVE, PBS, POCKETID, AUTHENTIK, PULSE):
        system._clients.clear()


class Trial:
    def __init__(self, wired, system):
        self.tables = SYSTEMS[system]
        self.connection = self.tables.connection(wired)
        self.observed = self.tables.server(wired).observed
        self.meddling = Meddling(self.observed)

    def run(self, module, options, number=None, answer=None, status="200 OK"):
        forget_clients()
        self.observed.journal.clear()
        self.meddling.number, self.meddling.answer, self.meddling.status = number, answer, status
        return result_of(module, **self.connection, **options)

    def undo(self, module, options):
        if module in WRITES:
            gone = self.run(
                module, {**{key: value for key, value in options.items() if key in KEYS}, "state": "absent"}
            )
            assert not gone.get("failed"), gone


@pytest.fixture(scope="module", params=[system for system in SYSTEMS if system != "oidc"])
def trial(request, fleet_of):
    return Trial(fleet_of("homelab"), request.param), request.param


def missing_in(result, written):
    """The information that is missing in a result."""
    message = result["msg"]
    return [
        lack
        for lack, wrong in {
            "a trace": "trace" in result or "Traceback" in message or "fault of" in message,
            # a well-formed response may state that nothing is allowed or that an object does not exist
            "no request": "request" not in result and not re.search("lacks|did not keep it|cannot be changed", message),
            "a long message": len(message) > 1500,
            "what was done": written and not (result["changed"] and result["done"]),
            "not printable": not json.dumps(result, ensure_ascii=False).isprintable(),
        }.items()
        if wrong
    ]


def test_malformed_response_is_reported_without_a_traceback(trial, figure):
    trial, system = trial
    tried, failed, wrong = 0, 0, []
    for module, options in {**WRITES, **READS}.items():
        if not module.startswith(f"{system}_"):
            continue
        assert not trial.run(module, options).get("failed")
        requests = list(trial.observed.journal)
        trial.undo(module, options)
        for number, request in enumerate(requests):
            # another part of the answers at each request
            answers = list(ANSWERS.items())
            shift = number % len(answers)
            for name, answer in sample(answers[shift:] + answers[:shift], 20):
                tried += 1
                result = trial.run(module, options, number, answer)
                written = any(one.writes and one.status < 300 for one in trial.observed.journal[: number + 1])
                problems = missing_in(result, written) if result.get("failed") else []
                failed += bool(result.get("failed"))
                if problems:
                    wrong.append(
                        (module, f"{request.verb} {request.path}", name, problems, result.get("msg", "")[:300])
                    )
                if any(one.writes for one in trial.observed.journal):
                    again = trial.run(module, options)
                    if again.get("failed"):
                        wrong.append(
                            (module, f"{request.verb} {request.path}", name, "no second run", again["msg"][:300])
                        )
                    trial.undo(module, options)
    figure(
        f"{system}: {tried} malformed answers ({len(ANSWERS)} kinds), {failed} of them named, the others did no harm"
    )
    assert not wrong, "\n".join(map(str, wrong))


def test_long_error_response_is_quoted_in_part(trial):
    trial, system = trial
    module, options = trial.tables.ONE
    result = trial.run(module, options, 0, REFUSAL, "500 Wrong")
    assert result["failed"] and "was refused with 500" in result["msg"] and "y" * 100 in result["msg"]
    assert len(result["msg"]) < 700
