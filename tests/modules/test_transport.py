"""Transport of requests: time limits, trust, and the parts of responses that are printed."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from contextlib import contextmanager, suppress
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from tests.modules.systems import SYSTEMS, task
from tests.support.in_process import result_of

SECRET = 'tok"en\\val/ue+with=special&characters-7391'
FORMS = {
    "plain": SECRET,
    "a path": quote(SECRET, safe=""),
    "a path in the wrong case": re.sub("%..", lambda code: code[0].lower(), quote(SECRET, safe="")),
    "a form": quote_plus(SECRET),
    "JSON": json.dumps(SECRET),
    "JSON of Perl": json.dumps(SECRET).replace("/", "\\/"),
    "HTML": escape(SECRET),
    "base64": b64encode(SECRET.encode()).decode(),
    "base64 of a pair": b64encode(f"user:{SECRET}".encode()).decode(),
    "base64 of another pair": b64encode(f"a user:{SECRET}.".encode()).decode(),
}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@contextmanager
def listening(handle):
    """A server on loopback that passes each connection to a function; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                threading.Thread(target=handled, args=(connection,), daemon=True).start()

        def handled(connection):
            with connection, suppress(OSError):
                handle(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def slowly(head, rest):
    def handle(connection):
        connection.recv(65536)
        connection.sendall(head)
        for number in range(len(rest)):
            time.sleep(0.3)
            connection.sendall(rest[number : number + 1])

    return handle


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"],
    ids=["headers", "body"],
)
def test_timeout_applies_to_the_whole_response(head):
    with listening(slowly(head, b"HTTP/1.1 200 OK\r\n" + b" " * 90)) as port:
        begun = time.monotonic()
        result = result_of("pocketid_info", url=f"http://127.0.0.1:{port}", api_key="a-key-of-nobody", timeout=1)
    assert time.monotonic() - begun < 4
    assert result["failed"] and "did not answer in time" in result["msg"] and result["request"]["no_answer"], result


def test_endless_response_is_refused():
    def endless(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 1_000_000)

    with listening(endless) as port:
        result = result_of("pocketid_info", url=f"http://127.0.0.1:{port}", api_key="a-key-of-nobody", timeout=60)
    assert result["failed"] and "the answer has more than 32 MiB" in result["msg"], result


def credentials(port):
    return {
        "api_host": "127.0.0.1",
        "api_port": port,
        "api_token_id": "root@pam!fleet",
        "api_token_secret": "a-secret-of-nobody",
        "api_timeout": 2,
    }


@pytest.mark.parametrize("reads", [True, False], ids=["after the greeting", "at once"])
def test_connection_closed_during_the_handshake_is_not_a_certificate_error(reads):
    with listening(lambda connection: connection.recv(65536) if reads else None) as port:
        result = result_of("pve_group", groupid="new", **credentials(port))
    assert result["failed"] and "certificate" not in result["msg"] and result["request"]["no_answer"], result


def test_untrusted_certificate_is_not_reported_as_unreachable(homelab):
    result = result_of("pve_group", groupid="new", **{**SYSTEMS["pve"].connection(homelab), "ca_path": None})
    assert "is not trusted" in result["msg"] and not result["request"]["no_answer"], result


@pytest.mark.parametrize("form", FORMS)
def test_secret_echoed_by_the_server_is_masked(form):
    """Inside other text, and where the quotation of a long body ends."""

    def app(connection):
        connection.recv(65536)
        body = f"{'x' * 340}given: {FORMS[form]} {'y' * 400} {FORMS[form]}, no more".encode()
        connection.sendall(b"HTTP/1.1 500 Wrong\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with listening(app) as port:
        result = result_of(
            "pulse_node",
            url=f"http://127.0.0.1:{port}",
            api_token="a-token-of-nobody",
            type="pve",
            host="h",
            token_name="a@pve!b",
            token_value=SECRET,
        )
    assert result["failed"] and "was refused with 500" in result["msg"], result
    # of base64 the characters that depend on the text around may be left
    middle = FORMS[form][4:-4] if "base64" in form else FORMS[form]
    assert middle not in repr(result) and middle not in json.dumps(result) and middle[:12] not in result["msg"], result
    assert len(result["msg"]) < 700


@pytest.mark.parametrize(
    ("module", "credential"), [("pocketid_info", "api_key"), ("authentik_info", "token"), ("pulse_info", "api_token")]
)
class TestAddresses:
    def test_credential_over_plain_http_is_refused(self, module, credential):
        result = result_of(module, **{"url": "http://id.example.org", credential: "a-credential-of-nobody"})
        assert (
            "url: 'http://id.example.org' must begin with https:// (http:// only for the machine itself)"
            in result["msg"]
        )

    @pytest.mark.parametrize(
        "address", ["https://boss:a-pass%2Fword@id.example.org", "https://boss:a-pass/word@id.example.org"]
    )
    def test_password_in_a_url_is_refused_and_not_printed(self, module, credential, address):
        result = result_of(module, **{"url": address, credential: "a-credential-of-nobody"})
        assert (
            f"url: must not contain a user name or password; the credential is given as {credential}" in result["msg"]
        )
        assert "a-pass" not in repr(result)


@pytest.mark.parametrize("system", ["pve", "pbs"])
def test_fingerprint_is_read_with_the_ca_bundle_of_the_environment(homelab, ansible, system):
    trust = {"environment": {"REQUESTS_CA_BUNDLE": str(homelab.fleet.authority.bundle)}}
    reading = task(homelab, f"{system}_info", gather=["fingerprint"], ca_path=None)
    trusted, blind = ansible.tasks([{**reading, **trust}, reading]).results()
    server = SYSTEMS[system].server(homelab)
    shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((server.host, server.port)))
    assert not trusted["failed"], trusted["msg"]
    assert trusted["fingerprint"].replace(":", "").lower() == hashlib.sha256(shown).hexdigest()
    assert blind["failed"] and "is not trusted" in blind["msg"]


def test_yaml_dates_are_text_in_process_and_on_the_target(homelab, ansible):
    import datetime

    claims = {"hired": datetime.date(2026, 1, 1)}
    user = task(
        homelab,
        "pocketid_user",
        username="pia",
        email="pia@example.org",
        first_name="Pia",
        last_name="P",
        custom_claims=claims,
    )
    here, there = ansible.tasks([user, {**user, "vars": {"fleetgate_execute_on": "target"}}]).succeeded().results()
    assert here["user"]["custom_claims"] == {"hired": "2026-01-01"} and here["changed"] and not there["changed"]


@pytest.mark.parametrize("where", ["controller", "target"])
def test_options_of_wrong_types_print_no_credentials(homelab, ansible, where):
    wrong = [
        ("pve_state", {"users": ["alice@pve"]}),
        ("pve_acl", {"path": "/", "roles": ["PVEAuditor"], "exclusive": "x"}),
        ("pve_info", {"filters": "x"}),
        ("pocketid_client", {"name": "Odd", "secrets": "x"}),
        ("authentik_state", {"users": [None]}),
    ]
    tasks = [{**task(homelab, module, **options), "vars": {"fleetgate_execute_on": where}} for module, options in wrong]
    fleet = homelab.fleet
    secrets = (fleet.tokens["pve1"], fleet.api_key, fleet.authentik_token)
    run = ansible.tasks(tasks, "-vvv", secrets=secrets)
    assert [result["failed"] for result in run.results()] == [True] * len(wrong)
    assert [secret for secret in secrets if secret in run.output or secret in repr(run.results())] == []
