"""The WSGI application: lists, objects, lists of related objects, surveys and updates of projects.

Source: ansible/awx at e21dd0a (2024-10-23), awx/api.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, Response, request

from .jobs import Job, job_of
from .kinds import KINDS, UNIFIED, Kind
from .rules import answer_problem, injector_problems, input_problems, rrule_problems, survey_problem

ENCRYPTED = "$encrypted$"
VERSION = "24.6.1"

Object = dict[str, Any]


class Refused(Exception):
    """A request that is refused, with the body of the response."""

    def __init__(self, body: Mapping[str, Any], status: int = 400) -> None:
        super().__init__(str(body))
        self.body, self.status = body, status


class AwxSimulator:
    """An AWX with one organization, whose administrator has `token`; projects have the files `playbooks` after their first update."""

    def __init__(self, token: str, playbooks: Iterable[str]) -> None:
        self._token, self._playbooks = token, tuple(playbooks)
        self._objects: dict[str, dict[int, Object]] = {name: {} for name in KINDS}
        self._related: dict[tuple[int, str], list[int]] = {}
        self._surveys: dict[int, Object] = {}
        self._files: dict[int, tuple[str, ...]] = {}
        self._last = 0
        self._lock = threading.Lock()
        self._store("organizations", {"name": "Default"})

    def app(self) -> Callable[..., Any]:
        app = Flask(__name__, static_folder=None)
        root = "/api/v2/<collection>/"
        for verb, path, handler in (
            ("GET", root, self._list),
            ("POST", root, self._add),
            ("GET", f"{root}<int:number>/", self._show),
            ("PATCH", f"{root}<int:number>/", self._change),
            ("GET", f"{root}<int:number>/survey_spec/", self._survey),
            ("POST", f"{root}<int:number>/survey_spec/", self._set_survey),
            ("DELETE", f"{root}<int:number>/survey_spec/", self._remove_survey),
            ("GET", f"{root}<int:number>/<relation>/", self._list_related),
            ("POST", f"{root}<int:number>/<relation>/", self._relate),
        ):
            app.add_url_rule(path, f"{verb} {path}", self._handled(handler), methods=[verb])
        return app

    def objects(self, collection: str) -> dict[str, Object]:
        """The objects of a collection by name, with names for what they refer to."""
        return {one.get("name") or one["identifier"]: self._named(collection, one) for one in self._all(collection)}

    def survey(self, name: str) -> Object:
        """The survey of a job template."""
        return self._surveys.get(self._find("job_templates", name)["id"], {})

    def enter(self, credential: str, **inputs: str) -> None:
        """Enter the secrets of a credential, as an administrator does in a browser."""
        entered = self._find("credentials", credential)
        known = {
            field["id"] for field in self._objects["credential_types"][entered["credential_type"]]["inputs"]["fields"]
        }
        if not set(inputs) <= known:
            raise Refused({"inputs": sorted(set(inputs) - known)})
        entered["inputs"] = inputs

    def inputs(self, credential: str) -> dict[str, str]:
        """What is entered in a credential."""
        entered: dict[str, str] = self._find("credentials", credential)["inputs"]
        return entered

    def job(self, template: str, **answers: Any) -> Job:
        """What ansible-playbook is given when a job template is launched; a survey is answered with `answers`."""
        found = self._find("job_templates", template)
        survey = self._surveys.get(found["id"], {}) if found["survey_enabled"] else {}
        questions = survey.get("spec", [])
        given = {one["variable"]: one["default"] for one in questions if one.get("default")} | answers
        self._check_answers(questions, given, found)
        numbers = self._related.get((found["id"], "credentials"), [])
        credentials = [self._objects["credentials"][number] for number in numbers]
        types = self._objects["credential_types"]
        return job_of(found, [(one, types[one["credential_type"]]) for one in credentials], given)

    # -- objects -----------------------------------------------------------------------------------------------

    def _store(self, collection: str, values: Object) -> Object:
        self._last += 1
        kind, url = KINDS[collection], f"/api/v2/{collection}/{self._last}/"
        fixed = {"id": self._last, "type": kind.type, "url": url, "related": {"survey_spec": f"{url}survey_spec/"}}
        self._objects[collection][self._last] = {**kind.fields, **values, **fixed}
        return self._objects[collection][self._last]

    def _all(self, collection: str) -> list[Object]:
        if collection == "unified_job_templates":
            return [one for name in UNIFIED for one in self._objects[name].values()]
        return list(self._objects[collection].values())

    def _find(self, collection: str, name: str) -> Object:
        return next(one for one in self._objects[collection].values() if one["name"] == name)

    def _named(self, collection: str, one: Object) -> Object:
        kind = KINDS[collection]
        names = {
            number: found.get("name") or found["identifier"]
            for name in KINDS
            for number, found in self._objects[name].items()
        }
        found = {
            name: names.get(value) if name in kind.references else value
            for name, value in one.items()
            if name in kind.fields
        }
        related = {
            name: sorted(names[number] for number in self._related.get((one["id"], name), ()))
            for name in kind.associations
        }
        return {**found, **related}

    def _shown(self, one: Object) -> Object:
        """An object as responses have it: without the values of secrets."""
        shown = {**one, "summary_fields": {}}
        if one["type"] == "credential_type":
            shown["managed"] = False
        if one["type"] == "credential":
            fields = self._objects["credential_types"][one["credential_type"]]["inputs"].get("fields", ())
            secret = {field["id"] for field in fields if field.get("secret")}
            shown["inputs"] = {name: ENCRYPTED if name in secret else value for name, value in one["inputs"].items()}
        if one["type"] == "project":
            shown["scm_revision"] = "" if one["id"] not in self._files else "0" * 40
            if one["id"] not in self._files:
                shown["summary_fields"] = {"current_update": {"id": one["id"]}}
        return shown

    # -- requests ----------------------------------------------------------------------------------------------

    def _handled(self, handler: Callable[..., Response]) -> Callable[..., Response]:
        def handle(**parts: Any) -> Response:
            with self._lock:
                try:
                    if request.headers.get("Authorization") != f"Bearer {self._token}":
                        raise Refused({"detail": "Authentication credentials were not provided."}, 401)
                    return handler(**parts)
                except Refused as refused:
                    return _json(refused.body, refused.status)

        return handle

    def _existing(self, collection: str, number: int) -> Object:
        found = self._objects.get(collection, {}).get(number)
        if found is None:
            raise Refused({"detail": "Not found."}, 404)
        return found

    def _list(self, collection: str) -> Response:
        if collection not in (*KINDS, "unified_job_templates"):
            raise Refused({"detail": "The requested resource could not be found."}, 404)
        wanted = request.args.to_dict()
        found = [
            one for one in self._all(collection) if all(str(one.get(name)) == value for name, value in wanted.items())
        ]
        return _page([self._shown(one) for one in found])

    def _show(self, collection: str, number: int) -> Response:
        if collection == "project_updates":
            # it has ended when it is looked at, and the files of the project are known from then on
            self._files[self._existing("projects", number)["id"]] = self._playbooks
            return _json({"id": number, "status": "successful"})
        return _json(self._shown(self._existing(collection, number)))

    def _add(self, collection: str) -> Response:
        if collection not in KINDS:
            raise Refused({"detail": "The requested resource could not be found."}, 404)
        values = self._checked(collection, request.get_json(), {})
        return _json(self._shown(self._store(collection, values)), 201)

    def _change(self, collection: str, number: int) -> Response:
        existing = self._existing(collection, number)
        existing.update(self._checked(collection, request.get_json(), existing))
        return _json(self._shown(existing))

    def _checked(self, collection: str, sent: Object, existing: Object) -> Object:
        """The values of known fields; AWX leaves out others."""
        kind = KINDS[collection]
        values = {name: value for name, value in sent.items() if name in kind.fields}
        # null is taken as the empty value of texts and booleans
        empty = {
            name: type(kind.fields[name])()
            for name, value in values.items()
            if value is None and kind.fields[name] is not None
        }
        values.update({name: value for name, value in empty.items() if value in ("", False)})
        for name, value in values.items():
            default = kind.fields[name]
            if default is not None and type(value) is not type(default):
                raise Refused({name: [f"Incorrect type. Expected {type(default).__name__}."]})
            if name in kind.choices and value not in kind.choices[name]:
                raise Refused({name: [f'"{value}" is not a valid choice.']})
            collection_of = kind.references.get(name)
            if collection_of and value is not None and value not in {one["id"] for one in self._all(collection_of)}:
                raise Refused({name: [f'Invalid pk "{value}" - object does not exist.']})
        whole = {**kind.fields, **existing, **values}
        if not (whole.get("name") or whole.get("identifier")):
            raise Refused({"name": ["This field may not be blank."]})
        if collection == "job_templates" and whole["project"] is not None:
            # it is that of the project
            values["organization"] = whole["organization"] = self._objects["projects"][whole["project"]]["organization"]
        self._refuse_second(collection, kind, whole, existing)
        checks: dict[str, Callable[[Object, Object, Object], None]] = {
            "credential_types": self._check_credential_types,
            "credentials": self._check_credentials,
            "execution_environments": self._check_execution_environments,
            "projects": self._check_projects,
            "inventory_sources": self._check_inventory_sources,
            "job_templates": self._check_job_templates,
            "schedules": self._check_schedules,
        }
        if collection in checks:
            checks[collection](whole, existing, values)
        return values

    def _refuse_second(self, collection: str, kind: Kind, whole: Object, existing: Object) -> None:
        for other in self._objects[collection].values():
            if other["id"] != existing.get("id") and all(other.get(name) == whole.get(name) for name in kind.identity):
                raise Refused({"__all__": [f"{kind.type} with this {' and '.join(kind.identity)} already exists."]})

    # -- rules of single kinds ---------------------------------------------------------------------------------

    def _check_credential_types(self, whole: Object, existing: Object, values: Object) -> None:
        used = [one for one in self._objects["credentials"].values() if one["credential_type"] == existing.get("id")]
        if used and values.get("inputs", existing["inputs"]) != existing["inputs"]:
            raise Refused(
                {"detail": "Modifications to inputs are not allowed for credential types that are in use"}, 403
            )
        _refuse("inputs", input_problems(whole["inputs"]))
        _refuse("injectors", injector_problems(whole["injectors"], whole["inputs"]))

    def _check_credentials(self, whole: Object, _existing: Object, _values: Object) -> None:
        fields = self._objects["credential_types"][whole["credential_type"]]["inputs"].get("fields", ())
        _refuse("inputs", (name for name in whole["inputs"] if name not in {field["id"] for field in fields}))

    def _check_execution_environments(self, whole: Object, _existing: Object, _values: Object) -> None:
        _refuse("image", ["This field may not be blank."] if not whole["image"] else [])

    def _check_projects(self, whole: Object, _existing: Object, _values: Object) -> None:
        _refuse("scm_url", ["SCM URL is required."] if whole["scm_type"] and not whole["scm_url"] else [])

    def _check_inventory_sources(self, whole: Object, _existing: Object, _values: Object) -> None:
        if whole["source"] == "scm" and whole["source_project"] is None:
            raise Refused({"source_project": ["Project required for scm type sources."]})

    def _check_job_templates(self, whole: Object, _existing: Object, _values: Object) -> None:
        if whole["inventory"] is None and not whole["ask_inventory_on_launch"]:
            raise Refused({"inventory": ["Must either set a default value or ask to prompt on launch."]})
        if whole["project"] is None:
            raise Refused({"project": ["Job Templates must have a project assigned."]})
        if whole["playbook"] not in self._files.get(whole["project"], ()):
            raise Refused({"playbook": ["Playbook not found for project."]})
        if not isinstance(json.loads(whole["extra_vars"] or "{}"), dict):
            raise Refused({"extra_vars": ["Cannot parse as a dictionary."]})

    def _check_schedules(self, whole: Object, _existing: Object, values: Object) -> None:
        _refuse("rrule", rrule_problems(whole["rrule"]))
        template = next(one for one in self._all("unified_job_templates") if one["id"] == whole["unified_job_template"])
        if "extra_data" in values:
            survey = self._surveys.get(template["id"], {}) if template.get("survey_enabled") else {}
            self._check_answers(survey.get("spec", []), whole["extra_data"], template)

    @staticmethod
    def _check_answers(questions: list[Object], answers: Mapping[str, Any], template: Object) -> None:
        _refuse("variables_needed_to_start", filter(None, (answer_problem(one, answers) for one in questions)))
        if not template.get("ask_variables_on_launch"):
            unknown = set(answers) - {one["variable"] for one in questions}
            _refuse(
                "extra_vars", [f"Variables {', '.join(sorted(unknown))} are not allowed on launch."] if unknown else []
            )

    # -- surveys and related objects ---------------------------------------------------------------------------

    def _survey(self, collection: str, number: int) -> Response:
        return _json(self._surveys.get(self._existing(collection, number)["id"], {}))

    def _set_survey(self, collection: str, number: int) -> Response:
        survey = request.get_json()
        if broken := survey_problem(survey):
            raise Refused({"error": broken})
        self._surveys[self._existing(collection, number)["id"]] = survey
        return Response(status=200)

    def _remove_survey(self, collection: str, number: int) -> Response:
        self._surveys.pop(self._existing(collection, number)["id"], None)
        return Response(status=200)

    def _list_related(self, collection: str, number: int, relation: str) -> Response:
        other = self._relation(collection, relation)
        related = self._related.get((self._existing(collection, number)["id"], relation), [])
        return _page([self._shown(self._objects[other][one]) for one in related])

    def _relate(self, collection: str, number: int, relation: str) -> Response:
        other, sent = self._relation(collection, relation), request.get_json()
        related = self._related.setdefault((self._existing(collection, number)["id"], relation), [])
        if sent.get("disassociate"):
            related.remove(sent["id"])
            return Response(status=204)
        added = self._existing(other, sent["id"])
        if relation == "credentials":
            types = [self._objects[other][one]["credential_type"] for one in related]
            if added["credential_type"] in types:
                name = self._objects["credential_types"][added["credential_type"]]["name"]
                raise Refused({"error": f"Cannot assign multiple {name} credentials."})
        related.append(added["id"])
        return Response(status=204)

    @staticmethod
    def _relation(collection: str, relation: str) -> str:
        kind = KINDS.get(collection)
        if kind is None or relation not in kind.associations:
            raise Refused({"detail": "The requested resource could not be found."}, 404)
        return kind.associations[relation]


def _refuse(field: str, problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise Refused({field: found})


def _json(body: Any, status: int = 200) -> Response:
    headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": VERSION}
    return Response(json.dumps(body), status, headers, content_type="application/json")


def _page(results: list[Object]) -> Response:
    return _json({"count": len(results), "next": None, "previous": None, "results": results})
