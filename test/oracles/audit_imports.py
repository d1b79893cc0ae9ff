"""Reads exported audits with the tools that they are for: roc-validator, MLflow and huggingface_hub from PyPI, and JSON Schema.

    python3 -m venv /tmp/oracles
    /tmp/oracles/bin/pip install roc-validator mlflow huggingface_hub
    npx budgetline audit export RUN --format ro-crate -o run.crate
    npx budgetline audit export RUN --format model-card -o README.md
    /tmp/oracles/bin/mlflow server --port 5711 &
    npx budgetline audit export RUN --format mlflow --to http://127.0.0.1:5711
    npx budgetline audit export RUN --format mlflow -o run.mlflow.json
    /tmp/oracles/bin/python test/oracles/audit_imports.py run.crate README.md run.mlflow.json http://127.0.0.1:5711

What the server gives back is compared with the exported document: every parameter, metric and tag of every run.
"""
import json
import sys
from importlib.metadata import version
from pathlib import Path


def check_crate(folder: Path) -> None:
    from rocrate_validator import models, services

    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="provenance-run-crate",
        requirement_severity=models.Severity.REQUIRED,
    )
    result = services.validate(settings)
    issues = [f"{issue.severity.name}: {issue.message}" for issue in result.get_issues()]
    assert not result.has_issues(), issues
    print("roc-validator", version("roc-validator"), "finds", folder, "valid under provenance-run-crate")


def check_card(path: Path) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard.load(path)
    results = card.data.eval_results
    assert card.data.library_name == "peft" and results, card.data
    print("huggingface_hub", version("huggingface_hub"), "reads", len(results), "results,", results[0].metric_type, results[0].metric_value)


def check_mlflow(path: Path, address: str) -> None:
    from mlflow import MlflowClient

    sent = json.loads(path.read_text())
    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name(sent["name"])
    runs = {run.data.tags["mlflow.runName"]: run for run in client.search_runs([experiment.experiment_id])}
    assert len(runs) == len(sent["runs"]), (len(runs), len(sent["runs"]))
    for run in sent["runs"]:
        got = runs[run["run_name"]]
        assert got.info.status == run["status"] and got.info.end_time == run["end_time"]
        assert got.data.params == {entry["key"]: entry["value"] for entry in run["params"]}
        assert got.data.metrics == {entry["key"]: entry["value"] for entry in run["metrics"]}
        for tag in run["tags"]:
            assert got.data.tags[tag["key"]] == tag["value"], tag
    print("mlflow", version("mlflow"), "gives back", len(runs), "runs with every parameter, metric and tag")


if __name__ == "__main__":
    check_crate(Path(sys.argv[1]))
    check_card(Path(sys.argv[2]))
    check_mlflow(Path(sys.argv[3]), sys.argv[4])
