"""The EXAMPLES of every module run as printed: only addresses, secrets and files are those of the test.

Those of modules for objects stand alone, each on empty servers. Those of modules for fleets are the steps of a playbook.
"""

from __future__ import annotations

import importlib
import shutil
import uuid
from collections.abc import Callable

import pytest
import yaml

from tests.simulators.authentik import AuthentikSimulator
from tests.simulators.directory import example_directories
from tests.simulators.pbs import PbsSimulator
from tests.simulators.pocketid import PocketIdSimulator
from tests.simulators.pulse import PulseSimulator
from tests.simulators.pve import PveSimulator
from tests.support.ansible import ROOT
from tests.support.bootstrap import PRIVILEGES, new
from tests.support.sample import ALL

MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ALONE = [name for name in MODULES if name.partition("_")[0] in ("authentik", "pbs", "pocketid", "pulse", "pve")]
# the secrets of the tokens that Pulse signs in with, and the password of the example directory
PULSE = {"pve": "5b0a7d1e-4f55-4f0e-8a3c-0f6d2b6a9e01", "pbs": "0c9e6b52-7d0b-4a55-9f63-b1f1d7c5a402"}
SECRETS = {
    "vault_pulse_secret": PULSE["pve"],
    "vault_pulse_pve_secret": PULSE["pve"],
    "vault_pulse_pbs_secret": PULSE["pbs"],
    "vault_bind_password": "a-bind-password",
    "vault_pve_lab_secret": "a-secret-of-the-client",
    "vault_pbs_lab_secret": "a-secret-of-the-client",
    "vault_pbs_secret": "a-secret-of-the-client",
    "vault_scim_token": "a-token-of-the-wiki",
    "vault_blue": "blue-secret-of-the-client-0123456789",
    "vault_green": "green-secret-of-the-client-0123456789",
    "known_secret": "a-secret-that-does-not-work",
    "known_secrets": ["a-secret-that-does-not-work"],
}


class EmptyForEach:
    """A server that is empty for each caller: every credential has a simulator of its own.

    Requests without one are for that of the last caller.
    """

    def __init__(self, callers: list[str], make: Callable[[str], Callable]) -> None:
        self._callers, self._make = callers, make
        self._apps, self._last = {}, callers[0]

    def __call__(self, environ, start_response):
        given = " ".join(value for name, value in environ.items() if name.startswith("HTTP_"))
        self._last = next((caller for caller in self._callers if caller in given), self._last)
        if self._last not in self._apps:
            self._apps[self._last] = self._make(self._last)
        return self._apps[self._last](environ, start_response)


def examples_of(module):
    return importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{module}").EXAMPLES


@pytest.fixture(scope="module")
def servers(fleet_of):
    """The fleet homelab, whose servers are empty for each module, and the credentials of the modules."""
    fleet = fleet_of("homelab").fleet
    callers = {module: str(uuid.uuid4()) for module in ALONE}
    trust, directories = fleet.authority.bundle, example_directories()

    def tokens(product, secret):
        """That of the caller, or the one that Pulse is given."""
        user = f"pulse-monitor@{product}!pulse" if secret in PULSE.values() else "root@pam!fleet"
        return {user: secret}

    def pbs(secret):
        userid, token = "pulse-monitor@pbs", "pulse-monitor@pbs!pulse"
        simulator = PbsSimulator(
            node="pbs1",
            tokens=tokens("pbs", secret),
            passwords={userid: "unused"} if secret in PULSE.values() else {},
            directories=directories,
            trust=trust,
            acl_cache_seconds=0.0,
        )
        if secret in PULSE.values():
            with simulator.state.acl.change() as rows:
                rows["/"] = {userid: {"Audit": True}, token: {"Audit": True}}
        return simulator.app()

    def pve(secret):
        return PveSimulator(tokens=tokens("pve", secret), directories=directories, trust=trust).app("pve1")

    made = (
        (fleet.pve["pve1"][0], pve),
        (fleet.pbs["pbs1"], pbs),
        (fleet.pocketid, lambda secret: PocketIdSimulator(issuer=fleet.pocketid.url, api_key=secret).app()),
        (fleet.authentik, lambda secret: AuthentikSimulator(token=secret).app()),
        (fleet.pulse, lambda secret: PulseSimulator(api_token=secret, trust=trust).app()),
    )
    for server, make in made:
        server.observed.app = EmptyForEach([*callers.values(), *PULSE.values()], make)
    return fleet, callers


def play_of(module, fleet, secret):
    """The examples of a module as a play, with the addresses of the fleet and a credential in the defaults of modules."""
    text = examples_of(module)
    pve, pbs = fleet.pve["pve1"][0], fleet.pbs["pbs1"]
    for original, other in {
        "host: pve1.example.org": f"host: {pve.url}",
        "host: pbs.example.org": f"host: {pbs.url}",
        "https://pulse.example.org:7655": fleet.pulse.url,
        "https://id.example.org": fleet.pocketid.url,
        "/etc/ansible/": "",
        # the simulated directory has a certificate of its own
        "verify: true": "verify: false",
    }.items():
        text = text.replace(original, other)
    trust = {"ca_path": str(fleet.authority.bundle)}
    token = {"api_token_id": "root@pam!fleet", "api_token_secret": secret}
    defaults = {
        "pve": {"api_host": pve.host, "api_port": pve.port, **token},
        "pbs": {"api_host": pbs.host, "api_port": pbs.port, **token},
        "pocketid": {"url": fleet.pocketid.url, "api_key": secret},
        "authentik": {"url": fleet.authentik.url, "token": secret},
        "pulse": {"url": fleet.pulse.url, "api_token": secret},
    }
    return {
        "hosts": module,
        "gather_facts": False,
        "ignore_errors": True,
        "module_defaults": {f"group/fleetgate.proxmox.{name}": {**given, **trust} for name, given in defaults.items()},
        "vars": {**SECRETS, "vault_pulse_api_token": secret},
        "tasks": yaml.safe_load(text),
    }


def test_examples_of_modules_for_objects_stand_alone_on_empty_servers(servers, ansible, tmp_path, figure):
    fleet, callers = servers
    shutil.copy(ROOT / "examples/logos/proxmox.svg", tmp_path)
    plays = [play_of(module, fleet, secret) for module, secret in callers.items()]
    hosts = dict.fromkeys(callers, {"ansible_connection": "local"})
    (tmp_path / "examples.yml").write_text(yaml.safe_dump(plays, sort_keys=False, width=1000))
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    (tmp_path / "password").write_text("a password of the vault")
    run = ansible.within(tmp_path).playbook(
        "examples.yml", "-i", "inventory.yml", f"--vault-password-file={tmp_path / 'password'}"
    )
    assert run.code == 0 and not run.failed, "\n".join(run.failed)
    ended = [(row["host"], row["task"]) for row in run.rows if row["outcome"] == "ok"]
    printed = [(play["hosts"], task["name"]) for play in plays for task in play["tasks"]]
    assert [one for one in printed if one not in ended] == []
    figure(f"{len(printed)} tasks in the examples of {len(plays)} modules")


# modules for fleets, and others that need one, in an order in which their examples can run on a fleet
IN_A_FLEET = (
    "bootstrap_host",
    "wire_provider",
    "wire_host",
    "adopt_provider",
    "adopt_host",
    "oidc_info",
    "oidc_login",
    "prove_host",
    "prove_provider",
    "report_host",
    "report_provider",
    "monitor_host",
    "rotate_host",
    "rotate_provider",
    "rotate_token",
    "record_info",
    "offboard_host",
    "offboard_provider",
    "unwire_host",
    "unwire_provider",
)
LEFT = {
    "fleetgate_users": [{"username": "alice", "email": "alice@example.org"}, {"username": "bob", "state": "absent"}],
    "fleetgate_groups": [],
}
# what is declared for the examples of a module
DECLARED = {
    "adopt": {"fleetgate_adopt": {"directory": "adopted"}},
    "rotate": {"fleetgate_rotate": {"what": ["clients", "automation"]}},
    "offboard": LEFT,
    "unwire": {**LEFT, "fleetgate_unwire": {"confirm": "pocketid"}},
}


@pytest.mark.skipif(not ALL, reason="only with make proof: they are the tasks of the roles")
def test_examples_of_modules_for_fleets_are_the_steps_of_playbooks(fleet_of, tmp_path, figure):
    wired = new(fleet_of("homelab"), tmp_path)
    fleet = wired.fleet
    pve = fleet.pve["pve1"][0]
    # the secret of the client is that of the realm which the examples of wire_host set up
    read_realms = {
        "name": "Read the realms",
        "fleetgate.proxmox.pve_info": {"gather": ["realms"], "show_secrets": True},
        "register": "known",
    }
    secret = "{{ (known.realms | selectattr('realm', 'eq', 'pocketid') | first).client_key }}"
    replaced = {
        "https://id.example.org": fleet.pocketid.url,
        "https://sso.example.org/realms/company": fleet.pocketid.url,
        "https://pve1.example.org": "https://pve1.lab.example.org",
        "api_host: pve1.example.org": f"api_host: {pve.host}\n    api_port: {pve.port}",
        "/var/log/fleetgate": str(tmp_path / "record"),
    }
    plays = []
    for module in IN_A_FLEET:
        text = examples_of(module)
        for original, other in replaced.items():
            text = text.replace(original, other)
        plays.append(
            {
                "hosts": "pve1",
                "gather_facts": False,
                "ignore_errors": True,
                "vars": {
                    "vault_pocketid_api_key": fleet.api_key,
                    "vault_pve_token_secret": "{{ fleetgate_api.api_token_secret }}",
                    "vault_proxmox_client_secret": secret,
                    "hash_of_last_week": "{{ (lookup('ansible.builtin.file', fleetgate_record ~ '/record.jsonl').splitlines() | first | from_json).hash }}",
                    "fleetgate_record": str(tmp_path / "record"),
                    # a default of the role
                    "fleetgate_privileges": PRIVILEGES,
                    **DECLARED.get(module.partition("_")[0], {}),
                },
                "module_defaults": {
                    "group/fleetgate.proxmox.pve": "{{ fleetgate_api | combine({'api_host': ansible_host}) }}"
                },
                "pre_tasks": [read_realms] if module == "oidc_info" else [],
                "tasks": yaml.safe_load(text),
            }
        )
    (tmp_path / "examples.yml").write_text(yaml.safe_dump(plays, sort_keys=False, width=1000))
    run = wired.play(str(tmp_path / "examples.yml"), REQUESTS_CA_BUNDLE=str(fleet.authority.bundle))
    assert run.code == 0 and not run.failed, "\n".join(run.failed)
    ended = [row["task"] for row in run.rows if row["outcome"] == "ok"]
    printed = [task["name"] for play in plays for task in play["tasks"]]
    assert [name for name in printed if name not in ended] == []
    figure(f"{len(printed)} tasks in the examples of {len(plays)} modules")


def test_examples_of_every_module_are_run():
    assert sorted((*ALONE, *IN_A_FLEET)) == MODULES
