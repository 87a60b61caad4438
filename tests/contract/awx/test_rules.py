"""What AWX refuses, as its source has it (ansible/awx at e21dd0a): the simulator must not accept more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support import awx as simulated

FIELDS = [{"id": "token", "type": "string", "label": "Token", "secret": True}]
TYPE = {
    "name": "example",
    "kind": "cloud",
    "inputs": {"fields": FIELDS, "required": ["token"]},
    "injectors": {"file": {"template": "{{ token }}"}, "env": {"EXAMPLE_FILE": "{{ tower.filename }}"}},
}
QUESTION = {"type": "text", "question_name": "Who", "variable": "person", "required": True}
SURVEY = {"name": "", "description": "", "spec": [QUESTION]}
RULE = "DTSTART:20260101T040000Z RRULE:FREQ=DAILY;INTERVAL=1"


class Server:
    """The API, with an administrator's token."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._headers = url, {"Authorization": f"Bearer {token}"}

    def call(self, request: str, body: Any = None) -> requests.Response:
        verb, path = request.split()
        return requests.request(verb, f"{self.url}/api/v2/{path}/", json=body, headers=self._headers, timeout=10)

    def made(self, collection: str, **values: Any) -> int:
        answer = self.call(f"POST {collection}", values)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def refused(self, request: str, body: Any, status: int = 400) -> str:
        answer = self.call(request, body)
        assert answer.status_code == status, answer.text
        return answer.text


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with simulated.running() as awx:
        yield Server(awx.environment["CONTROLLER_HOST"], awx.environment["CONTROLLER_OAUTH_TOKEN"])


@pytest.fixture(scope="module")
def template(server: Server) -> int:
    """A job template of a project that was updated."""
    project = server.made("projects", name="p", organization=1, scm_type="git", scm_url="https://git.example.org/p.git")
    inventory = server.made("inventories", name="i", organization=1)
    values = {"name": "t", "project": project, "inventory": inventory, "playbook": "wire.yml"}
    assert "Playbook not found" in server.refused("POST job_templates", values)
    assert server.call(f"GET project_updates/{project}").json()["status"] == "successful"
    assert "Playbook not found" in server.refused("POST job_templates", {**values, "playbook": "other.yml"})
    assert "set a default value" in server.refused("POST job_templates", {**values, "inventory": None})
    return server.made("job_templates", **values)


def with_field(**values: Any) -> dict[str, Any]:
    return {**TYPE, "inputs": {"fields": [{**FIELDS[0], **values}]}}


def with_injectors(**injectors: Any) -> dict[str, Any]:
    return {**TYPE, "injectors": injectors}


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ({**TYPE, "kind": "ssh"}, "not a valid choice"),
        ({**TYPE, "inputs": {**TYPE["inputs"], "metadata": []}}, "metadata"),
        ({**TYPE, "inputs": {"fields": FIELDS * 2}}, "unique"),
        ({**TYPE, "inputs": {"fields": [{"id": "token"}]}}, "label is required"),
        (with_field(id="tower"), "reserved"),
        (with_field(id="1st"), "invalid variable name"),
        (with_field(type="integer"), "type is not allowed"),
        (with_field(type="boolean"), "secret not allowed"),
        (with_field(format="email"), "format is not allowed"),
        (with_field(ask_at_runtime=True), "ask_at_runtime"),
        (with_field(default=True), "not a string"),
        (with_field(placeholder="x"), "placeholder"),
        (with_injectors(environment={}), "not an injector"),
        (with_injectors(env={"A": "{{ other }}"}), "undefined field"),
        (with_injectors(env={"A": "{{ tower.filename }}"}), "undefined field"),
        (with_injectors(env={"A": "{{ token"}), "Syntax error"),
        (with_injectors(env={"ANSIBLE_ROLES_PATH": "x"}), "not allowed"),
        (with_injectors(env={"PATH": "x"}), "not allowed"),
        (with_injectors(env={"A-B": "x"}), "not the name"),
        (with_injectors(env={"A": "\u00e9"}), "ASCII"),
        (with_injectors(file={"template": "x", "template.ca": "x"}), "multi-file"),
        (with_injectors(file={"ca": "x"}), "not the name of a file"),
        (with_injectors(extra_vars={"a": {"b": ["{{ other }}"]}}), "undefined field"),
    ],
)
def test_credential_type_is_refused(server: Server, kind: dict[str, Any], problem: str) -> None:
    assert problem in server.refused("POST credential_types", kind)


def test_fields_of_a_type_in_use_cannot_be_changed(server: Server) -> None:
    kind = server.made("credential_types", **TYPE)
    own = server.made("credentials", name="one", organization=1, credential_type=kind, inputs={"token": "secret"})
    assert server.call(f"GET credentials/{own}").json()["inputs"] == {"token": "$encrypted$"}
    more = {"inputs": {"fields": [*FIELDS, {"id": "ca", "label": "CA"}]}}
    assert "in use" in server.refused(f"PATCH credential_types/{kind}", more, 403)
    assert server.call(f"PATCH credential_types/{kind}", {"description": "x"}).status_code == 200
    wrong = {"name": "two", "organization": 1, "credential_type": kind, "inputs": {"other": "x"}}
    assert "other" in server.refused("POST credentials", wrong)


def test_job_template_has_one_credential_of_a_type(server: Server, template: int) -> None:
    kind = server.made("credential_types", **{**TYPE, "name": "another"})
    first, second = (
        server.made("credentials", name=name, organization=1, credential_type=kind) for name in ("first", "second")
    )
    associated = f"POST job_templates/{template}/credentials"
    assert server.call(associated, {"id": first}).status_code == 204
    assert "Cannot assign multiple another credentials" in server.refused(associated, {"id": second})


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"type": "choice"}, "not one of the allowed"),
        ({"required": "yes"}, "required"),
        ({"type": "multiplechoice"}, "must specify choices"),
        ({"type": "multiplechoice", "choices": ["a", "b"], "default": "c"}, "Default choice"),
        ({"type": "multiplechoice", "choices": ["a", "b"], "default": "a\nb"}, "only have one default"),
        ({"type": "multiselect", "choices": ["a", "b"], "default": ["a"]}, "expected to be"),
        ({"type": "integer", "default": "1"}, "expected to be integer"),
        ({"min": "1"}, "limit"),
        ({"default": "$encrypted$"}, "reserved"),
    ],
)
def test_survey_is_refused(server: Server, template: int, question: dict[str, Any], problem: str) -> None:
    survey = {**SURVEY, "spec": [{**QUESTION, **question}]}
    assert problem in server.refused(f"POST job_templates/{template}/survey_spec", survey)


def test_survey_needs_its_three_parts_and_questions_with_different_variables(server: Server, template: int) -> None:
    request = f"POST job_templates/{template}/survey_spec"
    for part in SURVEY:
        assert part in server.refused(request, {name: value for name, value in SURVEY.items() if name != part})
    assert "any items" in server.refused(request, {**SURVEY, "spec": []})
    assert "duplicated" in server.refused(request, {**SURVEY, "spec": [QUESTION, QUESTION]})


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T040000Z",
        "DTSTART:20260101T040000 RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T040000Z RRULE:FREQ=DAILY",
        "DTSTART:20260101T040000Z RRULE:FREQ=SECONDLY;INTERVAL=1",
    ],
)
def test_rule_of_a_schedule_is_refused(server: Server, template: int, rule: str) -> None:
    values = {"name": "s", "unified_job_template": template, "rrule": rule}
    assert "rrule" in server.refused("POST schedules", values).lower()


def test_schedule_answers_the_survey(server: Server, template: int) -> None:
    assert server.call(f"POST job_templates/{template}/survey_spec", SURVEY).status_code == 200
    assert server.call(f"PATCH job_templates/{template}", {"survey_enabled": True}).status_code == 200
    values = {"name": "s", "unified_job_template": template, "rrule": RULE}
    assert "value missing" in server.refused("POST schedules", {**values, "extra_data": {}})
    assert "not allowed" in server.refused("POST schedules", {**values, "extra_data": {"person": "bob", "other": 1}})
    server.made("schedules", **values, extra_data={"person": "bob"})


def test_wrong_token_unknown_references_and_second_names_are_refused(server: Server) -> None:
    Server(server.url, "other").refused("GET projects", None, 401)
    values = {"name": "mine", "organization": 99}
    assert "does not exist" in server.refused("POST inventories", values)
    server.made("inventories", name="mine", organization=1)
    assert "already exists" in server.refused("POST inventories", {**values, "organization": 1})
