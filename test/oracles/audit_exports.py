"""Reads exported audits with the libraries of their formats: PyPI's openlineage-python, in-toto and securesystemslib.

    python3 -m venv /tmp/oracles
    /tmp/oracles/bin/pip install openlineage-python==1.54.0 in-toto securesystemslib cryptography jsonschema
    BUDGETLINE_SIGNING_KEY=key.pem npx budgetline audit export RUN --format in-toto -o run.intoto.json
    npx budgetline audit export RUN --format open-lineage -o run.jsonl
    /tmp/oracles/bin/python test/oracles/audit_exports.py run.jsonl run.intoto.json key.pub HOME SCHEMAS

HOME is the BUDGETLINE_HOME of the run: every subject of the statement is hashed there again. SCHEMAS is the folder spec/ of
OpenLineage's own repository at a tag whose OpenLineage.json is 2-0-2; events and their facets are compared with it.
"""
import base64
import hashlib
import json
import sys
import uuid
from importlib.metadata import version
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from openlineage.client import event_v2, facet_v2
from openlineage.client.serde import Serde
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey


def check_open_lineage(path: Path) -> None:
    counts: dict[str, int] = {}
    for line in path.read_text().splitlines():
        raw = json.loads(line)
        error = raw["run"]["facets"].get("errorMessage")
        facets = {"errorMessage": facet_v2.error_message_run.ErrorMessageRunFacet(error["message"], error["programmingLanguage"])} if error else {}

        def dataset(kind, entry):
            facet = entry["facets"]["version"]
            versioned = facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet(facet["datasetVersion"])
            return kind(entry["namespace"], entry["name"], facets={"version": versioned})

        event = event_v2.RunEvent(
            eventTime=raw["eventTime"],
            producer=raw["producer"],
            run=event_v2.Run(raw["run"]["runId"], facets=facets),
            job=event_v2.Job(raw["job"]["namespace"], raw["job"]["name"]),
            eventType=event_v2.RunState[raw["eventType"]],
            inputs=[dataset(event_v2.InputDataset, entry) for entry in raw["inputs"]],
            outputs=[dataset(event_v2.OutputDataset, entry) for entry in raw["outputs"]],
        )
        again = json.loads(Serde.to_json(event))
        for field in ("eventTime", "eventType", "producer", "job", "schemaURL"):
            ours, theirs = raw[field], again[field]
            if field == "job":
                ours, theirs = (ours["namespace"], ours["name"]), (theirs["namespace"], theirs["name"])
            assert ours == theirs, (field, ours, theirs)
        uuid.UUID(raw["run"]["runId"])
        counts[raw["eventType"]] = counts.get(raw["eventType"], 0) + 1
    print("openlineage-python", version("openlineage-python"), "reads", counts)


def check_schema(path: Path, folder: Path) -> None:
    names = {"OpenLineage": "OpenLineage", "errorMessage": "facets/ErrorMessageRunFacet", "version": "facets/DatasetVersionDatasetFacet"}
    schemas = {name: json.loads((folder / f"{file}.json").read_text()) for name, file in names.items()}
    registry = Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()])

    def validator(schema: str, definition: str) -> Draft202012Validator:
        reference = {"$ref": f"{schemas[schema]['$id']}#/$defs/{definition}"}
        return Draft202012Validator(reference, registry=registry, format_checker=FormatChecker())

    event_schema, failure = validator("OpenLineage", "RunEvent"), validator("errorMessage", "ErrorMessageRunFacet")
    dataset = validator("version", "DatasetVersionDatasetFacet")
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for event in events:
        event_schema.validate(event)
        if "errorMessage" in event["run"]["facets"]:
            failure.validate(event["run"]["facets"]["errorMessage"])
        for entry in event["inputs"] + event["outputs"]:
            dataset.validate(entry["facets"]["version"])
    assert not event_schema.is_valid({**events[0], "run": {"runId": 5}})
    print(schemas["OpenLineage"]["$id"], "has", len(events), "of them valid")


def check_in_toto(path: Path, key_path: Path, home: Path) -> None:
    raw = json.loads(path.read_text())
    key = load_pem_public_key(key_path.read_bytes())
    keyid = raw["signatures"][0]["keyid"]
    trusted = SSlibKey.from_crypto(key, keyid=keyid)
    envelope = Envelope.from_dict(raw)
    assert list(envelope.verify([trusted], 1)) == [keyid]
    statement = json.loads(envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    for subject in statement["subject"]:
        data = (home / "store" / "artifacts" / subject["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == subject["digest"]["sha256"], subject["name"]
    spoilt = dict(raw, payload=base64.b64encode(envelope.payload + b" ").decode())
    try:
        Envelope.from_dict(spoilt).verify([trusted], 1)
    except Exception:
        print("securesystemslib", version("securesystemslib"), "verifies", len(statement["subject"]), "subjects, and refuses a changed payload")
        return
    raise AssertionError("a changed payload was accepted")


if __name__ == "__main__":
    check_open_lineage(Path(sys.argv[1]))
    check_schema(Path(sys.argv[1]), Path(sys.argv[5]))
    check_in_toto(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
