"""Settings, nodes, rules and profiles as the worker has them, for the audit trail: an edited file leaves a line too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from dicom_nodes.explained_error import ExplainedError
from dicom_nodes.node_file import nodes_text
from gateway import logs
from gateway.pipeline.context import StepContext
from gateway.records import ledger
from gateway.records.identities.keys import read_key
from gateway.settings import Settings
from routing_rules.rule_files import rule_texts
from routing_rules.versions import in_force

log = logs.get(__name__)


def watch(context: StepContext) -> None:
    """Tell what changed since; of a file that is wrong the one before is in force, and told already."""
    key = read_key(context.settings.storage.keys / "pseudonym.key")
    wrong = {fault.what for fault in context.wrong_configuration()}
    for part, texts in parts(context.settings):
        if part not in wrong and ledger.note_configuration(context.database, key, part, texts):
            log.info("other configuration in force", part=part)


def parts(settings: Settings) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each part and its texts by their names; one that cannot be read is left out."""
    yield "settings", settings_texts(settings)
    files = settings.files
    try:
        if files.nodes.exists():
            yield "nodes", {files.nodes.name: nodes_text(files.nodes)}
        folder = in_force(files.rules)
        if folder.exists():
            yield "rules", rule_texts(folder)
        if files.profiles.is_dir():
            found = sorted(files.profiles.rglob("*.y*ml"))
            yield (
                "profiles",
                {str(file.relative_to(files.profiles)): file.read_text("utf-8") for file in found},
            )
    except (ExplainedError, OSError, ValueError) as error:
        log.warning("a part of the configuration cannot be read", why=type(error).__name__)


def settings_texts(settings: Settings) -> dict[str, str]:
    """Every setting by its table and name."""
    texts = {}
    for table, values in settings.model_dump(mode="json").items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            texts[f"{table}.{name}".rstrip(".")] = json.dumps(value, sort_keys=True)
    return texts
