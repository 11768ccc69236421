"""The image and the compose file, which cannot be built everywhere: whatever they name exists and fits together."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DicomWebNode, DimseNode, Role
from gateway import settings_file
from gateway.assembly.gateway import last_good_folder
from gateway.cli import app
from gateway.settings import Settings
from routing_rules.rule_files import RuleSet, load_rules, run_tests
from support import services

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "docker"
CONFIG = DOCKER / "config"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
ORTHANCS = {"hospital-pacs": "orthanc-hospital.json", "reading-site": "orthanc-reading-site.json"}
SECRET_FOLDER = "secrets/"
"""Made by whoever runs compose, never committed."""


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile: (instruction, the rest as one line)."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    split = (re.match(r"([A-Z]+) +(.*)", line) for line in lines.splitlines() if line.strip())
    return [(found[1], re.sub(r" +", " ", found[2])) for found in split if found]


def last(instruction: str) -> str:
    """The argument of the last use of an instruction: what holds in the finished image."""
    return [rest for word, rest in dockerfile() if word == instruction][-1]


def environment_of(service: str) -> dict[str, str]:
    """The environment of a compose service."""
    return dict(SERVICES[service].get("environment", {}))


def mounts(service: str) -> list[tuple[str, str, str]]:
    """The volumes of a compose service: (source, target, mode)."""
    return [tuple([*entry.split(":"), "rw"][:3]) for entry in SERVICES[service].get("volumes", [])]


def published(service: str) -> list[tuple[str, int, int]]:
    """The ports of a compose service: (address on the machine, its port, port in the container)."""
    split = (entry.split(":") for entry in SERVICES[service].get("ports", []))
    return [(address, int(outer), int(inner)) for address, outer, inner in split]


def gateway_config() -> Settings:
    """The settings that the container ends up with."""
    environment = {"GATEWAY_STORAGE__DATABASE": "postgresql+psycopg://gateway@database/gateway"}
    return settings_file.load(CONFIG / "gateway.toml", environment)


def nodes() -> NodeDirectory:
    """The systems that the gateway of the compose file knows."""
    return NodeDirectory.from_file(CONFIG / "nodes.yaml")


def rules() -> RuleSet:
    """The rules of the compose file."""
    return load_rules(CONFIG / "rules")


def orthanc(service: str) -> dict[str, Any]:
    """The configuration of an Orthanc, which is JSON with comments."""
    text = (CONFIG / ORTHANCS[service]).read_text(encoding="utf-8")
    return dict(json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)))


def command_of(words: list[str]) -> Any:
    """The typer command that `gateway WORDS` runs; fails when a word or an option of it does not exist."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and hasattr(command, "commands"):
        word = rest.pop(0)
        assert word in command.commands, f"there is no command `gateway {word}`"
        command = command.commands[word]
    known = {option for parameter in command.params for option in parameter.opts}
    for word in rest:
        assert not word.startswith("--") or word in known, f"{command.name} has no option {word}"
    return command


# --- the image


def test_everything_copied_into_the_image_exists_and_is_sent_to_the_engine() -> None:
    """Each source of COPY is in the repository, and .dockerignore lets it through."""
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = [rest.split()[:-1] for word, rest in dockerfile() if word == "COPY" and "--from" not in rest]
    sources = {source for group in copied for source in group}
    assert sources
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert sources <= allowed
    assert allowed == sources, ".dockerignore lets through what no COPY takes"


def test_the_image_has_every_package_and_what_builds_it() -> None:
    """The packages of the wheel, the project file, the licence and the readme that it names are copied."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    copied = {word for instruction, rest in dockerfile() if instruction == "COPY" for word in rest.split()}
    needed = {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "pyproject.toml"}
    needed |= {project["project"]["readme"], *project["project"]["license-files"]}
    assert needed <= copied


def test_the_image_is_slim_and_not_root() -> None:
    """A slim base of a Python the project supports, a numbered user, and the same base for both stages."""
    bases = {rest.split(" AS ")[0] for word, rest in dockerfile() if word == "FROM"}
    assert bases == {"${PYTHON}"}, "one base, which a build may pin by its digest"
    (base,) = (
        rest.removeprefix("PYTHON=")
        for word, rest in dockerfile()
        if word == "ARG" and rest.startswith("PYTHON=")
    )
    assert re.fullmatch(r"python:3\.(1[1-9]|[2-9]\d)-slim-\w+", base)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last("USER"))
    user_id = last("USER").split(":")[0]
    assert f"--uid {user_id}" in " ".join(rest for word, rest in dockerfile() if word == "RUN")


def test_dependencies_are_installed_by_their_hashes() -> None:
    """Nothing comes into the image that the lock does not name; the project itself is installed without the network."""
    installs = [rest for word, rest in dockerfile() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes --requirement docker/$LOCK" in installs[0]
    assert last("ARG") == "LOCK=requirements.lock"
    assert "--no-deps --no-build-isolation ." in installs[1]


def test_the_image_has_its_bytecode(tmp_path: Path) -> None:
    """Run as the Dockerfile has it, whatever the environment says; a file that is given another date needs no other."""
    (line,) = (rest for word, rest in dockerfile() if word == "RUN" and "compileall" in rest)
    python, *arguments, folder = line.split()
    assert python.startswith(f"{folder.removesuffix('/lib')}/bin/")
    (tmp_path / "module.py").write_text("print('compiled')\n")
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "elsewhere"),
    }
    subprocess.run([sys.executable, *arguments, str(tmp_path)], env=environment, check=True)
    (tmp_path / "module.py").write_text("print('anew')\n")
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import module",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "compiled\n"


def test_the_image_runs_a_command_that_exists() -> None:
    """ENTRYPOINT is the project's command, CMD is a real subcommand with real options."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (entry,) = json.loads(last("ENTRYPOINT"))
    assert entry in project["project"]["scripts"]
    command_of(json.loads(last("CMD")))


def test_the_image_exposes_the_default_ports() -> None:
    """The ports of EXPOSE are those that the settings have without a file."""
    assert {int(port) for port in last("EXPOSE").split()} == {Settings().dicom.port, Settings().web.port}


def test_the_health_check_asks_an_address_that_is_served() -> None:
    """The container is called healthy by /healthz on the port that the pages are on."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", last("HEALTHCHECK"))
    assert found
    assert int(found[1]) == gateway_config().web.port == Settings().web.port
    assert f'"{found[2]}"' in (ROOT / "gateway" / "web" / "api" / "health.py").read_text(encoding="utf-8")


# --- the compose file


def test_the_services_are_the_whole_loop() -> None:
    """A hospital, the gateway with its database, and a reading site."""
    assert SERVICES.keys() == {"gateway", "migrate", "database", "hospital-pacs", "reading-site"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_mounted_file_and_volume_exists(service: str) -> None:
    """A source that starts with a dot is in the repository; any other is a volume that the file declares."""
    for source, target, mode in mounts(service):
        if source.startswith("."):
            assert (DOCKER / source).exists(), source
            assert mode == "ro", f"{target} is configuration, and a container must not change it"
        else:
            assert source in COMPOSE["volumes"], source


def test_every_volume_is_used() -> None:
    """Nothing is declared that no service mounts."""
    assert COMPOSE["volumes"].keys() == {
        source for service in SERVICES for source, _, _ in mounts(service) if not source.startswith(".")
    }


@pytest.mark.parametrize("service", ["gateway", "migrate"])
def test_the_gateway_cannot_write_outside_its_volume(service: str) -> None:
    """Read-only root file system, no capabilities, no new privileges, one volume."""
    definition = SERVICES[service]
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert definition["security_opt"] == ["no-new-privileges:true"]
    assert [target for _, target, mode in mounts(service) if mode == "rw"] == [last("VOLUME")]


@pytest.mark.parametrize("service", ["gateway", "migrate"])
def test_the_gateway_runs_commands_that_exist(service: str) -> None:
    """Each command is one of the command line, and its --config is a file that is mounted."""
    words = SERVICES[service]["command"]
    command_of(words)
    config = words[words.index("--config") + 1]
    assert config in {target for _, target, _ in mounts(service)}


@pytest.mark.parametrize("service", ["gateway", "migrate"])
def test_every_variable_of_the_gateway_is_a_setting(service: str) -> None:
    """GATEWAY_TABLE__KEY names a key of that table; a _FILE one names a secret that the service is given."""
    given = {f"/run/secrets/{secret}" for secret in SERVICES[service]["secrets"]}
    for name, value in environment_of(service).items():
        table, _, key = name.removeprefix("GATEWAY_").lower().partition("__")
        section = type(getattr(Settings(), table))
        assert key.removesuffix("_file") in section.model_fields, name
        if key.endswith("_file"):
            assert value in given, f"{name} is not among the service's secrets"


def test_every_secret_is_declared_ignored_by_git_and_made_by_the_commands_at_the_top() -> None:
    """No password is in the repository, and the file says how to make each."""
    top = (DOCKER / "compose.yaml").read_text(encoding="utf-8").split("\nname:")[0]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/docker/{SECRET_FOLDER}" in ignored
    for definition in COMPOSE["secrets"].values():
        assert definition["file"].startswith(SECRET_FOLDER)
        assert f"> {definition['file']}" in top
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()


def test_the_commands_at_the_top_exist() -> None:
    """Every `gateway ...` that the comment tells people to type is a command with those options."""
    top = (DOCKER / "compose.yaml").read_text(encoding="utf-8").split("\nname:")[0]
    told = re.findall(r"docker compose (?:run --rm --no-deps|exec gateway) gateway (.*)", top)
    assert len(told) == 2
    for words in told:
        command_of(words.split())


def test_the_database_address_at_the_top_fits_the_database() -> None:
    """User, host and name of the address that is written into the secret are those of the database service."""
    top = (DOCKER / "compose.yaml").read_text(encoding="utf-8").split("\nname:")[0]
    found = re.search(r"postgresql\+psycopg://(\w+):%s@([\w-]+)/(\w+)", top)
    assert found
    user, host, database = found.groups()
    assert host in SERVICES
    environment = environment_of(host)
    assert (environment["POSTGRES_USER"], environment["POSTGRES_DB"]) == (user, database)
    secret = environment["POSTGRES_PASSWORD_FILE"].removeprefix("/run/secrets/")
    assert secret in SERVICES[host]["secrets"]


def test_every_service_that_is_waited_for_can_be_waited_for() -> None:
    """depends_on names services, and a healthy one has a health check."""
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            assert name in SERVICES
            assert how["condition"] != "service_healthy" or "test" in SERVICES[name]["healthcheck"]


def test_ports_are_published_on_this_machine_only_and_once() -> None:
    """The trial has PACS without passwords: no port is open to the network."""
    everything = [entry for service in SERVICES for entry in published(service)]
    assert {address for address, _, _ in everything} == {"127.0.0.1"}
    outer = [port for _, port, _ in everything]
    assert sorted(outer) == sorted(set(outer))


def test_published_ports_are_those_that_the_programs_listen_on() -> None:
    """The container's side of each port is one that the configuration of the program in it names."""
    settings = gateway_config()
    listening = {"gateway": {settings.dicom.port, settings.web.port}, "migrate": set(), "database": {5432}}
    listening |= {
        service: {orthanc(service)["DicomPort"], orthanc(service)["HttpPort"]} for service in ORTHANCS
    }
    for service in SERVICES:
        assert {inner for _, _, inner in published(service)} <= listening[service]


# --- the configuration


def test_the_settings_load_and_point_into_the_volume_and_the_mounts() -> None:
    """gateway.toml is valid, keeps what must survive in the volume, and reads nodes and rules from what is mounted."""
    settings = gateway_config()
    volume = Path(last("VOLUME"))
    assert settings.storage.objects.is_relative_to(volume)
    assert settings.storage.keys.is_relative_to(volume)
    assert last_good_folder(settings).is_relative_to(volume)
    targets = {target: (DOCKER / source).resolve() for source, target, _ in mounts("gateway")}
    assert targets[str(settings.files.nodes)] == CONFIG / "nodes.yaml"
    assert targets[str(settings.files.rules)] == CONFIG / "rules"
    assert targets[str(settings.files.profiles)] == CONFIG / "profiles"


def test_the_keys_are_where_init_makes_them(tmp_path: Path) -> None:
    """`gateway init /data` makes the keys that the settings name."""
    from gateway.service import scaffold

    made = {path.relative_to(tmp_path) for path in scaffold.init(tmp_path)}
    keys = gateway_config().storage.keys.relative_to(last("VOLUME"))
    assert {keys / "vault.key", keys / "pseudonym.key"} <= made


def test_the_gateway_has_longer_to_stop_than_it_takes_to_drain() -> None:
    """Docker kills after stop_grace_period; before that the gateway may finish what it began."""
    grace = float(SERVICES["gateway"]["stop_grace_period"].removesuffix("s"))
    assert grace > gateway_config().serve.drain


def test_every_node_is_a_service_that_listens_there() -> None:
    """Host, port, AE title and address of each node are those of an Orthanc of the compose file."""
    seen = set()
    for node in nodes():
        if isinstance(node, DimseNode):
            configuration = orthanc(node.host)
            assert (node.ae_title, node.port) == (configuration["DicomAet"], configuration["DicomPort"])
            seen.add(node.host)
        else:
            assert isinstance(node, DicomWebNode)
            found = re.fullmatch(r"http://([\w-]+):(\d+)(/.*)", node.url)
            assert found
            configuration = orthanc(found[1])
            assert int(found[2]) == configuration["HttpPort"]
            assert configuration["DicomWeb"]["Enable"]
            assert found[3].strip("/") == configuration["DicomWeb"]["Root"].strip("/")
    assert seen == ORTHANCS.keys()


@pytest.mark.parametrize("service", ORTHANCS)
def test_every_orthanc_knows_the_gateway(service: str) -> None:
    """Each PACS has the gateway's AE title, host and port, checks callers, and mounts its own configuration."""
    configuration = orthanc(service)
    settings = gateway_config()
    (modality,) = configuration["DicomModalities"].values()
    assert modality["AET"] == settings.dicom.ae_title
    assert modality["Host"] in SERVICES
    assert modality["Port"] == settings.dicom.port
    assert modality["AllowStore"]
    assert configuration["DicomCheckCalledAet"]
    assert not configuration["DicomAlwaysAllowStore"]
    assert (f"./config/{ORTHANCS[service]}", "/etc/orthanc/orthanc.json", "ro") in mounts(service)
    assert configuration["StorageDirectory"] in {target for _, target, _ in mounts(service)}


def test_the_hospital_sends_archives_and_commits() -> None:
    """What the sender's PACS is asked for at the end, it is configured to answer."""
    (hospital,) = [node for node in nodes() if Role.SENDER in node.roles]
    assert isinstance(hospital, DimseNode)
    assert Role.ARCHIVE in hospital.roles
    assert hospital.commitment
    assert orthanc(hospital.host)["DicomModalities"]["gateway"]["AllowStorageCommitment"]


def test_the_rules_load_pass_their_own_tests_and_name_readers() -> None:
    """Each destination is a node with the role reader, and the cases that stand beside the rules hold."""
    found = rules()
    readers = {node.name for node in nodes() if Role.READER in node.roles}
    assert found.rules
    assert {rule.destination for rule in found.rules} <= readers
    results = run_tests(found)
    assert results
    assert [result.name for result in results if not result.passed] == []


# --- the configuration, in the program that reads it


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=sorted(ORTHANCS))
def running_orthanc(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A real Orthanc with the configuration of a compose service: (service, its web address)."""
    configuration = orthanc(request.param)
    changed = {
        "DicomPort": free_port(),
        "HttpPort": free_port(),
        "StorageDirectory": str(tmp_path / "db"),
        "IndexDirectory": str(tmp_path / "db"),
        "Plugins": [str(services.path_of("libOrthancDicomWeb.so"))],
    }
    assert changed.keys() <= configuration.keys()
    file = tmp_path / "orthanc.json"
    file.write_text(json.dumps(configuration | changed), encoding="utf-8")
    address = f"http://127.0.0.1:{changed['HttpPort']}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([str(services.path_of("Orthanc")), str(file)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not answers(f"{address}/system"):
            assert process.poll() is None, (tmp_path / "log").read_text(errors="replace")
            assert time.monotonic() < deadline, "Orthanc did not answer within 20 s"
            time.sleep(0.05)
        yield request.param, address
    finally:
        process.kill()  # nothing of it is kept, and a polite end takes Orthanc seconds
        process.wait(timeout=10)


def answers(address: str) -> bool:
    """True when something answers a GET there."""
    try:
        urllib.request.urlopen(address, timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


@pytest.mark.orthanc
def test_orthanc_accepts_its_configuration(running_orthanc: tuple[str, str]) -> None:
    """A real Orthanc starts with it, knows the gateway, and serves DICOMweb where nodes.yaml says."""
    service, address = running_orthanc
    with urllib.request.urlopen(f"{address}/system", timeout=5) as answer:
        assert json.load(answer)["DicomAet"] == orthanc(service)["DicomAet"]
    with urllib.request.urlopen(f"{address}/modalities/gateway/configuration", timeout=5) as answer:
        assert json.load(answer)["AET"] == gateway_config().dicom.ae_title
    assert answers(f"{address}{orthanc(service)['DicomWeb']['Root']}studies")
