"""Secrets of API tokens: keep, test, regenerate; on servers that regenerate in place and on older ones."""

from __future__ import annotations

import json
import re
import resource

import pytest
import requests

from tests.modules.systems import SYSTEMS, task
from tests.support.in_process import result_of
from tests.support.sample import sample

NAME = {"pve": "tokenid", "pbs": "token_name"}
ROLES = {"pve": ("PVEAuditor", "PVEDatastoreUser"), "pbs": ("Audit", "DatastoreAudit")}
PATHS = {"pve": ("/", "/storage/local"), "pbs": ("/", "/datastore/tank")}
SERVERS = list(sample([("pve", "9.2"), ("pve", "8.4"), ("pbs", "3.3"), ("pbs", "4.2")], 2))
IN_PLACE = {("pve", "9.2"), ("pbs", "4.2")}


class Stage:
    """One server with a user; `minted` has every secret that it returned, `strike` the writes that fail by name of token."""

    def __init__(self, wired, system, version, folder):
        self.wired, self.system, self.folder = wired, system, folder
        self.in_place = (system, version) in IN_PLACE
        self.owner = f"staff@{system}"
        self.server, self.options = SYSTEMS[system].server(wired), SYSTEMS[system].connection(wired)
        self.minted, self.strike, self._counts = [], {}, {}
        self._plain, self.server.observed.app = self.server.observed.app, self

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].getvalue().decode()
        name = re.search(r"staff(?:@|%40)p[vb][es](?:!|%21|/token/)(\w+)", f"{environ['PATH_INFO']}?{body}")
        strikes = False
        if name and environ["REQUEST_METHOD"] != "GET":
            number = self._counts[name[1]] = self._counts.get(name[1], -1) + 1
            strikes = number == self.strike.get(name[1], (None,))[0]
        if strikes and not self.strike[name[1]][1]:
            raise ConnectionAbortedError("before the request is carried out")
        answer = b"".join(self._plain(environ, start_response))
        try:
            data = json.loads(answer or b"null").get("data")
        except (ValueError, AttributeError):
            data = None
        if isinstance(data, dict) and name and environ["REQUEST_METHOD"] != "GET":
            self.minted += [data[key] for key in ("value", "secret") if key in data]
        if strikes:
            raise ConnectionAbortedError("after the request was carried out")
        return [answer]

    def file(self, name):
        return self.folder / name

    def token(self, name, **options):
        return task(self.wired, f"{self.system}_token", userid=self.owner, **{NAME[self.system]: name}, **options)

    def kept(self, name, **options):
        return self.token(name, secret_file=str(self.file(name)), **options)

    def company(self, *names):
        """A user, tokens with a secret in a file, and two ACL entries for each, one of which does not propagate."""
        role, other = ROLES[self.system]
        above, below = PATHS[self.system]
        tokens = [f"{self.owner}!{name}" for name in names]
        return [
            task(self.wired, f"{self.system}_user", userid=self.owner),
            *(self.kept(name, comment=f"of {name}", expire=4102444800) for name in names),
            task(self.wired, f"{self.system}_acl", path=above, roles=[role, other], users=[self.owner], tokens=tokens),
            task(self.wired, f"{self.system}_acl", path=below, roles=[other], tokens=tokens, propagate=False),
        ]

    def info(self):
        return task(self.wired, f"{self.system}_info", gather=["tokens", "acl"])

    def rows(self, told, name):
        """The ACL of a token in the result of the info module."""
        return sorted(
            (one["path"], *one["roles"], one["propagate"])
            for one in told["acl"]
            if f"{self.owner}!{name}" in one.get("tokens", ())
        )

    def accepts(self, name, secret):
        separator = {"pve": "=", "pbs": ":"}[self.system]
        header = f"{self.system.upper()}APIToken={self.owner}!{name}{separator}{secret}"
        answer = requests.get(
            f"{self.server.url}/api2/json/version",
            headers={"Authorization": header},
            verify=self.options["ca_path"],
            timeout=10,
        )
        assert answer.status_code in (200, 401), answer.text
        return answer.status_code == 200


@pytest.fixture(scope="module", params=SERVERS, ids=[" ".join(one) for one in SERVERS])
def stage(request, fleet_of, tmp_path_factory):
    system, version = request.param
    return Stage(fleet_of("homelab", **{system: version}), system, version, tmp_path_factory.mktemp("secrets"))


def holding(path, text):
    return {"ansible.builtin.copy": {"dest": str(path), "content": text, "mode": "0600"}}


def lost(path):
    return {"ansible.builtin.file": {"path": str(path), "state": "absent"}}


def read(path):
    return path.read_text().strip()


def checked(one):
    return {**one, "check_mode": True}


class TestExistingSecret:
    def test_working_secret_is_kept(self, stage, ansible):
        steps = [stage.kept("works"), stage.kept("works", secret="keep"), stage.kept("works", secret="if_invalid")]
        run = ansible.tasks([*stage.company("works"), *steps]).succeeded()
        assert run.failed == []
        assert [one["changed"] for one in run.results()[-3:]] == [False] * 3
        assert stage.accepts("works", read(stage.file("works")))
        assert stage.file("works").stat().st_mode & 0o777 == 0o600

    def test_stored_secret_is_returned_on_request_only(self, stage, ansible):
        tasks = [
            *stage.company("told"),
            stage.kept("told", secret="if_invalid", return_secret=True),
            stage.kept("told", secret="if_invalid"),
        ]
        told, quiet = ansible.tasks(tasks).succeeded().results()[-2:]
        assert told["secret"] == read(stage.file("told")) and not told["changed"] and "secret" not in quiet


class TestRegeneration:
    def test_regenerated_secret_replaces_the_old_one_and_keeps_the_acl(self, stage, ansible):
        """At the highest verbosity no secret is printed."""
        anew = stage.kept("anew", secret="regenerate", comment="")
        assert ansible.tasks(stage.company("anew")).succeeded().failed == []
        old = read(stage.file("anew"))
        run = ansible.tasks([stage.info(), checked(anew), anew, stage.info()], "-vvvv", "--diff").succeeded()
        assert run.failed == []
        before, predicted, done, after = run.results()
        for part in ("plan", "diff", "token", "changed"):
            assert predicted[part] == done[part]
        verbs = [step["verb"] for step in done["plan"]]
        assert verbs == ["PUT"] if stage.in_place else "DELETE" in verbs and "POST" in verbs
        assert {"secret": "(hidden, another value)", "comment": ""} in done["diff"]["after"].values()
        new = read(stage.file("anew"))
        assert new != old and stage.accepts("anew", new) and not stage.accepts("anew", old)
        assert len(stage.rows(before, "anew")) == 3 and stage.rows(after, "anew") == stage.rows(before, "anew")
        tokens = [one for one in after["tokens"] if one[NAME[stage.system]].startswith("anew")]
        assert [(one["comment"], one["expire"]) for one in tokens] == [("", 4102444800)]
        assert [secret for secret in stage.minted if secret in run.output] == []

    def test_regeneration_requires_a_place_for_the_secret(self, stage, ansible):
        tasks = [
            *stage.company("homeless"),
            stage.token("homeless", secret="regenerate"),
            stage.token("homeless", secret="if_invalid"),
        ]
        for result in ansible.tasks(tasks).results()[-2:]:
            assert (
                result["failed"] and "secret_file: or return_secret is required to replace its secret" in result["msg"]
            ), result

    def test_callers_own_token_is_not_regenerated(self, stage, ansible):
        tasks = [
            task(
                stage.wired,
                f"{stage.system}_token",
                userid="root@pam",
                **{NAME[stage.system]: "fleet"},
                secret="regenerate",
                return_secret=True,
            ),
            task(
                stage.wired,
                f"{stage.system}_token",
                userid="root@pam",
                **{NAME[stage.system]: "fleet"},
                return_secret=True,
            ),
        ]
        refused, left = ansible.tasks(tasks).results()
        assert "secret: cannot be replaced with the token itself" in refused["msg"] and not left["changed"]


class TestInvalidSecret:
    def test_lost_secret_file_is_replaced_with_if_invalid_only(self, stage, ansible):
        path = stage.file("lost")
        tasks = [
            *stage.company("lost"),
            lost(path),
            stage.kept("lost"),
            stage.kept("lost", secret="if_invalid"),
            stage.kept("lost", secret="if_invalid"),
        ]
        refused, made, again = ansible.tasks(tasks).results()[-3:]
        assert (
            refused["failed"]
            and "its secret cannot be read again; restore the file, or set secret=if_invalid" in refused["msg"]
        )
        assert made["changed"] and not again["changed"]
        assert stage.accepts("lost", read(path)) and stage.minted.count(read(path)) == 1

    def test_lost_secret_file_of_an_expired_token_is_replaced_after_the_suggested_change(self, stage, ansible):
        """The suggested change works: another expire in the same task."""
        path = stage.file("expired")
        expired = [*stage.company("expired"), lost(path), stage.token("expired", expire=1500000000)]
        tasks = [
            *expired,
            stage.kept("expired", secret="if_invalid"),
            stage.kept("expired", secret="if_invalid", expire=0),
        ]
        refused, made = ansible.tasks(tasks).results()[-2:]
        assert refused["failed"] and "disabled or expired" in refused["msg"] and "another expire" in refused["msg"], (
            refused
        )
        assert made["changed"] and stage.accepts("expired", read(path)), made

    @pytest.mark.parametrize(
        "text", ["", "no-secret-of-this-token\n", "two\nlines €\n"], ids=["empty", "another one", "no secret at all"]
    )
    def test_secret_file_with_other_content_is_replaced(self, stage, ansible, text):
        name = f"other{len(text)}"
        tasks = [
            *stage.company(name),
            holding(stage.file(name), text),
            stage.kept(name, secret="if_invalid"),
            stage.info(),
        ]
        made, after = ansible.tasks(tasks).succeeded().results()[-2:]
        assert made["changed"] and stage.accepts(name, read(stage.file(name))) and len(stage.rows(after, name)) == 3

    def test_working_candidate_is_stored_in_the_file(self, stage, ansible):
        """The playbook contains a variable, as from a vault."""
        path = stage.file("candidate")
        assert ansible.tasks(stage.company("candidate")).succeeded().failed == []
        right = read(path)
        candidate = stage.kept("candidate", secret="if_invalid", secret_candidates=["a-wrong-candidate", right])
        stage.wired.fleet.forget()
        run = ansible.tasks(
            [lost(path), checked(candidate), candidate, candidate], "-vvvv", secrets=(right, "a-wrong-candidate")
        ).succeeded()
        predicted, done, again = run.results()[1:]
        assert (
            [step["verb"] for step in done["plan"]] == ["STORE"]
            and predicted["plan"] == done["plan"]
            and predicted["diff"] == done["diff"]
        )
        assert not again["changed"] and read(path) == right and path.stat().st_mode & 0o777 == 0o600
        assert stage.server.observed.writes() == []
        assert right not in run.output and "a-wrong-candidate" not in run.output

    def test_secret_is_regenerated_when_no_candidate_works(self, stage, ansible):
        tasks = [
            *stage.company("wrong"),
            stage.token("wrong", secret="if_invalid", secret_candidates=["no-secret"], return_secret=True),
        ]
        predicted, made = ansible.tasks([*tasks[:-1], checked(tasks[-1]), tasks[-1]]).succeeded().results()[-2:]
        assert predicted["secret"] == "(generated by the real run)" and predicted["plan"] == made["plan"]
        assert stage.accepts("wrong", made["secret"]) and not stage.accepts("wrong", read(stage.file("wrong")))

    def test_expired_token_is_not_regenerated(self, stage, ansible):
        tasks = [*stage.company("ended"), stage.kept("ended", expire=1), stage.kept("ended", secret="if_invalid")]
        result = ansible.tasks(tasks).succeeded().results()[-1]
        assert not result["changed"] and result["plan"] == []


@pytest.mark.parametrize("carried_out", [False, True], ids=["unseen by the server", "with the answer lost"])
def test_run_interrupted_at_any_request_is_repaired_by_the_next(stage, ansible, carried_out):
    """Interrupted at each request in turn."""
    prefix = "cut" if carried_out else "halted"
    assert ansible.tasks(stage.company(f"{prefix}x")).succeeded().failed == []
    (plan,) = (
        one["plan"]
        for one in ansible.tasks([checked(stage.kept(f"{prefix}x", secret="regenerate"))]).succeeded().results()
    )
    names = [f"{prefix}{number}" for number in range(len(plan))]
    assert ansible.tasks(stage.company(*names)).succeeded().failed == []
    stage._counts.clear()
    stage.strike = {name: (number, carried_out) for number, name in enumerate(names)}
    tasks = [
        one for name in names for one in (stage.kept(name, secret="regenerate"), stage.kept(name, secret="if_invalid"))
    ]
    told = ansible.tasks([*tasks, *(stage.kept(name, secret="if_invalid") for name in names), stage.info()]).results()
    assert [one["failed"] for one in told[: len(tasks)]] == [True, False] * len(names), told
    assert [one["changed"] for one in told[len(tasks) : -1]] == [False] * len(names)
    assert [one for one in told[-1]["tokens"] if one[NAME[stage.system]].endswith(".fleetgate")] == []
    for name in names:
        assert stage.rows(told[-1], name) == stage.rows(told[-1], f"{prefix}x") != []
        assert stage.accepts(name, read(stage.file(name)))


class TestEncryptedFile:
    @pytest.fixture
    def vault(self, tmp_path):
        password = tmp_path / "password"
        password.write_text("the password of a vault\n")
        return ("--vault-id", f"lab@{password}")

    def test_encrypted_secret_file_is_written_read_and_kept(self, stage, ansible, vault):
        path = stage.file("sealed")
        sealed = stage.kept("sealed", secret="if_invalid", secret_file_vault_id="lab")
        shown = {"ansible.builtin.set_fact": {"shown": f"{{{{ lookup('ansible.builtin.file', '{path}') }}}}"}}
        run = ansible.tasks([*stage.company("open"), sealed, sealed, shown], *vault).succeeded()
        assert run.failed == []
        made, again, clear = run.results()[-3:]
        assert made["changed"] and not again["changed"]
        assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;lab\n") and path.stat().st_mode & 0o777 == 0o600
        assert stage.accepts("sealed", clear["ansible_facts"]["shown"])
        for cannot in (ansible.tasks([sealed]), ansible.tasks([stage.kept("sealed", secret="if_invalid")])):
            (result,) = cannot.results()
            assert result["failed"] and "is encrypted with a vault password that is not known" in result["msg"], result

    def test_plain_text_secret_file_is_encrypted(self, stage, ansible, vault):
        sealed = stage.kept("clear", secret="if_invalid", secret_file_vault_id="lab")
        done, again = ansible.tasks([*stage.company("clear"), sealed, sealed], *vault).succeeded().results()[-2:]
        assert [step["verb"] for step in done["plan"]] == ["STORE"] and not again["changed"]
        assert stage.file("clear").read_text().startswith("$ANSIBLE_VAULT;")

    def test_unusable_vault_id_is_refused_before_the_first_write(self, stage, ansible, vault):
        stage.wired.fleet.forget()
        new = stage.kept("new", secret_file_vault_id="lab")
        unknown = stage.kept("new", secret_file_vault_id="elsewhere")
        there = {**new, "vars": {"fleetgate_execute_on": "target"}}
        user = task(stage.wired, f"{stage.system}_user", userid=stage.owner)
        _user, unknown, there = ansible.tasks([user, unknown, there], *vault).results()
        assert "secret_file_vault_id: 'elsewhere' is not a vault ID with a known password" in unknown["msg"]
        assert "secret_file_vault_id: requires the vault of the control node" in there["msg"]
        assert [one for one in stage.server.observed.writes() if "token" in one.path] == []


def test_permissions_of_a_readable_secret_file_are_restricted(stage, ansible):
    path = stage.file("open_to_all")
    wide = {"ansible.builtin.file": {"path": str(path), "mode": "0664"}}
    for secret in ("keep", "if_invalid"):
        task_of_it = stage.kept("open_to_all", secret=secret)
        run = ansible.tasks(
            [*stage.company("open_to_all"), wide, checked(task_of_it), task_of_it, task_of_it]
        ).succeeded()
        predicted, done, again = run.results()[-3:]
        assert (
            [step["verb"] for step in done["plan"]] == ["PROTECT"]
            and predicted["plan"] == done["plan"]
            and not again["changed"]
        )
        assert (
            predicted["diff"]
            == done["diff"]
            == {"before": {f"file {path}": {"mode": "0664"}}, "after": {f"file {path}": {"mode": "0600"}}}
        )
        assert path.stat().st_mode & 0o777 == 0o600


def test_full_disk_is_detected_before_a_secret_is_regenerated(stage, ansible):
    """The server receives no request: neither to regenerate the secret nor to recreate the token."""
    path = stage.file("full")
    assert ansible.tasks(stage.company("full")).succeeded().failed == []
    secret = read(path)
    stage.wired.fleet.forget()
    ((module, options),) = stage.kept("full", secret="regenerate").items()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        result = result_of(module.rpartition(".")[2], **options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert result["failed"] and not result["changed"] and "File too large" in result["msg"], result
    assert stage.server.observed.writes() == []
    assert read(path) == secret and stage.accepts("full", secret)
