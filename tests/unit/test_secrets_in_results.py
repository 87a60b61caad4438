"""No result contains a secret, for any invalid task and any response."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path

from ansible.module_utils import basic

from tests.support.sample import sample

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))

SECRET = "Recognisable+Secret/7391 & co"
# of every type that YAML has, none of which fits every option
WRONG = {
    "true": True,
    "number": 5,
    "fraction": 1.5,
    "infinite": float("inf"),
    "huge": 10**400,
    "text": "nonsense",
    "key=value": "secret=none, password=none",
    "empty text": "",
    "list": ["nonsense"],
    "list of null": [None],
    "list of lists": [[["nonsense"]]],
    "list of numbers": [5, 1.5, True],
    "list of dictionaries": [{"nonsense": 1}],
    "dictionary": {"nonsense": {"more": [None]}},
    "empty dictionary": {},
}


def definition(module):
    return importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{module}").MODULE


def echoing(module):
    """A module whose server returns everything it received, in several encodings."""

    def run(params, check_mode):
        text = repr({name: value for name, value in params.items() if name != "shell"})
        return {"changed": False, "text": text, "json": json.dumps(text, default=str), "parameters": params}

    return replace(definition(module), run=run)


def with_secrets(spec):
    """The required options, and a secret in every option that holds one, including entries of lists and aliases."""
    given = {}
    for name, option in spec.items():
        if option.get("no_log"):
            for one in (name, *option.get("aliases", ())):
                given[one] = [SECRET] if option["type"] == "list" else SECRET
        elif "options" in option:
            entry = with_secrets(option["options"])
            given[name] = [entry] if option["type"] == "list" else entry
        elif option.get("required"):
            given[name] = option.get("choices", ["something"])[0]
    return given


def ways_to(spec, way=()):
    """Every option of a module, as the path of names that leads to it."""
    for name, option in spec.items():
        yield (*way, name)
        if "options" in option:
            yield from ways_to(option["options"], (*way, name))


def put(given, spec, way, value):
    """The options with a value at the end of a path, in the first entry of each list on it."""
    name, rest = way[0], way[1:]
    if not rest:
        return {**given, name: value}
    inner = given.get(name) or {}
    entry = inner[0] if isinstance(inner, list) and inner else inner or {}
    entry = put(entry, spec[name]["options"], rest, value)
    return {**given, name: [entry] if spec[name]["type"] == "list" else entry}


def tries():
    """Every option of every module with every value, one at a time, with secrets in all other options."""
    for module in MODULES:
        spec = definition(module).argument_spec
        for way in ways_to(spec):
            for kind, value in WRONG.items():
                yield module, f"{'.'.join(way)}={kind}", put(with_secrets(spec), spec, way, value)


def shown(result):
    return SECRET in repr(result) or SECRET in json.dumps(result, default=str)


def test_results_contain_no_secret_in_process(figure):
    leaking, raising, count, refused, options = [], [], 0, 0, set()
    modules = {module: echoing(module) for module in MODULES}
    for module, name, given in sample(tries(), 40):
        count += 1
        options.add((module, name.partition("=")[0]))
        try:
            result = modules[module].run_task(given, False)
        except Exception as error:  # pylint: disable=broad-exception-caught
            raising.append((module, name, repr(error)))
            continue
        refused += bool(result.get("failed"))
        if shown(result):
            leaking.append((module, name))
        if "fault of" in result.get("msg", ""):
            raising.append((module, name, result["msg"]))
    figure(
        f"in process: {len(options)} options of {len(MODULES)} modules x {len(WRONG)} values = {count} tries, {refused} refused"
    )
    assert leaking == [] and raising == []


def test_results_contain_no_secret_on_the_target(figure, monkeypatch, capsys):
    """Run as ansible runs an ordinary module, with the arguments as JSON on its stdin."""
    leaking, raising, count = [], [], 0
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda module, message: None)
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda module, msg, log_args=None: logged.append((msg, log_args)))
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    modules = {module: echoing(module) for module in MODULES}
    for module, name, given in sample(tries(), 40):
        if "infinite" in name:
            continue
        count += 1
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        try:
            modules[module].main()
        except SystemExit:
            pass
        except Exception as error:  # pylint: disable=broad-exception-caught
            raising.append((module, name, repr(error)))
        said = capsys.readouterr().out
        if shown(said) or shown(json.loads(said or "{}")) or shown(logged):
            leaking.append((module, name))
        logged.clear()
    figure(f"on the target: {count} tries in {len(MODULES)} modules")
    assert leaking == [] and raising == []
