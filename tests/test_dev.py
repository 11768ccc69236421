"""`./dev`: what it says and when it refuses. Setting up an environment is left to whoever runs it."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from support import services

ROOT = Path(__file__).resolve().parents[1]
DEV = ROOT / "dev"


def dev(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run ./dev with this Python."""
    environment = os.environ | ({"PATH": path} if path is not None else {})
    command = [sys.executable, str(DEV), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture
def script() -> dict[str, Any]:
    """The names of ./dev, loaded without running a command."""
    return runpy.run_path(str(DEV), run_name="dev")


def test_help_names_every_command(script: dict[str, Any]) -> None:
    """`./dev --help` tells each command in a line."""
    shown = dev("--help")
    assert shown.returncode == 0
    for command in script["COMMANDS"]:
        assert f"\n{command} " in shown.stdout


@pytest.mark.parametrize("arguments", [(), ("build",)])
def test_a_missing_or_unknown_command_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    """Exit status 2, and a line that says what is there."""
    refused = dev(*arguments)
    assert refused.returncode == 2
    assert "COMMAND" in refused.stderr


def test_bench_runs_the_benchmarks_with_what_is_there(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments are passed on, and a program that is missing is told, even where the tests would fail for it."""
    names = script["command_bench"].__globals__
    became: list[list[str]] = []
    said: list[str] = []

    def programs() -> None:
        raise script["Failed"]("Orthanc is not installed")

    monkeypatch.setitem(names, "environment", lambda: None)
    monkeypatch.setitem(names, "programs", programs)
    monkeypatch.setitem(names, "say", said.append)
    monkeypatch.setitem(names, "become", became.append)
    monkeypatch.setenv("PYTHONPATH", "")
    script["command_bench"](["send", "--quick"])
    assert [command[1:] for command in became] == [["-m", "bench", "send", "--quick"]]
    assert os.environ["PYTHONPATH"] == str(ROOT / "tests")
    assert said == ["Orthanc is not installed"]


def test_arguments_that_would_be_ignored_are_refused() -> None:
    """A typo after a command is told, not swallowed."""
    refused = dev("check", "--fast")
    assert refused.returncode == 1
    assert "takes no arguments" in refused.stderr


def test_dev_is_executable_and_needs_the_standard_library_only() -> None:
    """It runs before anything is installed."""
    assert os.access(DEV, os.X_OK)
    tree = ast.parse(DEV.read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names


def test_an_old_python_can_read_dev() -> None:
    """It must get as far as saying which Python it needs."""
    ast.parse(DEV.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_install(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No newer Python on PATH: the message names the version needed and how to get it."""
    monkeypatch.setitem(script["newer_python"].__globals__, "OLDEST", (3, 99))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(script["Failed"], match=r"needs Python 3\.99 or newer(.|\n)*apt-get install python3"):
        script["newer_python"]()


def test_an_installed_environment_is_left_alone(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the stamp of this lock nothing is run and nobody is asked; with another one it is set up again."""
    names = script["environment"].__globals__
    done: list[str] = []
    monkeypatch.setitem(names, "PYTHON", Path(sys.executable))
    monkeypatch.setitem(names, "STAMP", tmp_path / "stamp")
    monkeypatch.setitem(names, "working_uv", lambda: False)
    monkeypatch.setitem(names, "make_venv", lambda _: done.append("venv"))
    monkeypatch.setitem(names, "install", lambda _: done.append("install"))
    monkeypatch.setitem(names, "compile_modules", lambda: done.append("compile"))
    script["environment"]()
    script["environment"]()
    assert done == ["venv", "install", "compile"]
    (tmp_path / "stamp").write_text("of an older lock\n", encoding="ascii")
    script["environment"]()
    assert done == ["venv", "install", "compile"] * 2


def test_modules_are_compiled_once_and_outside_the_checkout(script: dict[str, Any], tmp_path: Path) -> None:
    """Every process that `dev` starts finds modules compiled in .venv, also where Python was told to write none."""
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    script["keep_bytecode"](environ)
    (tmp_path / "module_of_ours.py").write_text("")
    show = "import module_of_ours; print(module_of_ours.__cached__)"
    command = [sys.executable, "-c", show]
    cached = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert Path(cached.strip()).is_relative_to(script["VENV"] / "bytecode")
    assert Path(cached.strip()).is_file()


def test_an_installation_has_its_bytecode_whatever_the_environment_says(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the modules of every package; told to write none, or elsewhere, Python still finds it when it starts."""
    names = script["compile_modules"].__globals__
    monkeypatch.setitem(names, "ROOT", tmp_path)
    monkeypatch.setitem(names, "PYTHON", Path(sys.executable))
    monkeypatch.setitem(names, "output", lambda _: str(tmp_path / "site-packages"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    for name in ("site-packages", *script["PACKAGES"]):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "module.py").write_text("x = 1\n")
    (tmp_path / "site-packages" / "template.py").write_text("{{ no Python }}\n")
    script["compile_modules"]()
    compiled = {
        path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("inner/__pycache__/module.*.pyc")
    }
    assert compiled == {"site-packages", *script["PACKAGES"]}
    assert not (tmp_path / "elsewhere").exists()


def test_the_packages_that_are_compiled_are_those_that_are_shipped(script: dict[str, Any]) -> None:
    """The list in dev is the wheel's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert list(script["PACKAGES"]) == project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("ci", ["true", "false"])
def test_a_missing_program_is_a_failure_only_in_ci(
    script: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str
) -> None:
    """Elsewhere one line says what is missing, which tests that leaves out, and what installs it."""
    monkeypatch.setitem(script["programs"].__globals__, "debian_root", lambda: False)
    monkeypatch.setattr("shutil.which", lambda _, **__: None)
    monkeypatch.setenv("CI", ci)
    expected = r"not installed: .*storescu.*tests left out: .*dcmtk.*apt-get install .*dcmtk"
    if ci == "true":
        with pytest.raises(script["Failed"], match=expected):
            script["programs"]()
    else:
        script["programs"]()
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert "apt-get install" in said


def test_packages_are_installed_with_their_services_held_back(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian would start PostgreSQL and Orthanc on their usual ports; a policy forbids it while apt-get runs."""
    policy = tmp_path / "policy-rc.d"
    seen: list[tuple[str, bool]] = []
    names = script["apt_install"].__globals__
    monkeypatch.setitem(names, "POLICY", policy)
    monkeypatch.setitem(
        names, "run", lambda command, **_: seen.append((command[1], os.access(policy, os.X_OK)))
    )
    monkeypatch.setattr("subprocess.run", lambda command, **_: seen.append((command[1], policy.exists())))
    script["apt_install"](["orthanc"])
    assert seen == [("update", True), ("install", True)]
    assert not policy.exists()


def test_ci_runs_exactly_the_tests() -> None:
    """.ci/run is `./dev test`, so what passes there passes for a newcomer."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [
        line for line in script.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "./dev test"]


def test_every_marker_of_a_program_is_registered(pytestconfig: pytest.Config) -> None:
    """A program that the table of services ties to a marker can be asked for by that marker."""
    registered = {line.split(":")[0] for line in pytestconfig.getini("markers")}
    assert {program.marker for program in services.PROGRAMS if program.marker} <= registered


def test_a_python_without_ensurepip_is_told_which_package_has_it(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian keeps ensurepip in python3-venv; without root and without uv the message names both ways out."""
    names = script["make_venv"].__globals__
    monkeypatch.setitem(names, "VENV", tmp_path / ".venv")
    monkeypatch.setitem(names, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setitem(names, "debian_root", lambda: False)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(
        script["Failed"], match=r"no ensurepip(.|\n)*apt-get install python3-venv; or install uv"
    ):
        script["make_venv"](False)
