"""The bill of materials (CycloneDX): what is installed with the gateway, each version with its hashes, from the lock.

The build of the wheel runs it and puts the bill into the wheel (PEP 770, `.dist-info/sboms/`), so the image, which
installs that wheel, has it too; `./dev sbom FILE` writes it anywhere. Same lock, same bill: no time, no random number.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
LOCK = f"docker/{os.environ.get('BILL_OF', 'requirements.lock')}"
"""The lock that the image is built from: the Dockerfile says which."""
NAME = "pml-gateway.cdx.json"
PIN = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ \\;]+)(?: *; *(?P<marker>[^\\\n]+?))?"
    r"(?P<hashes>(?: *\\\n +--hash=sha256:[0-9a-f]{64})+)(?P<notes>(?:\n +#.*)*)",
    re.MULTILINE,
)
BUILD_TOOLS = frozenset(
    [
        "boolean-py",
        "cyclonedx-python-lib",
        "editables",
        "hatchling",
        "license-expression",
        "packageurl-python",
        "pathspec",
        "pluggy",
        "py-serializable",
        "sortedcontainers",
        "trove-classifiers",
    ]
)
"""In the lock because they build the wheel; the image takes them out again."""


KEPT_HERE = {
    "@niivue/niivue": (
        "0.69.0",
        "BSD-2-Clause",
        "gateway/web/static/vendor/niivue-0.69.0.js",
        "d6c2be4feb1ad53b2ac76b4196da8d8fd2263b662b511c55ca0fd127eb6a6532",
    ),
}
"""What is no package of Python and lies in this repository as it was published: version, licence, file, SHA-256."""


def bill(version: str, lock: str) -> str:
    """The bill of a version, as CycloneDX 1.6 JSON, for the text of a lock."""
    own = Component(
        name="pml-gateway",
        version=version,
        type=ComponentType.APPLICATION,
        licenses=[LicenseExpression("Apache-2.0")],
        purl=PackageURL("pypi", name="pml-gateway", version=version),
        bom_ref="pml-gateway",
    )
    components = {pin["name"] + "@" + pin["version"]: _component(pin) for pin in PIN.finditer(lock)}
    kept = [_kept(name) for name in KEPT_HERE]
    bom = Bom(
        components=[*components.values(), *kept],
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"pml-gateway {version}\n{lock}"),
        dependencies=_dependencies(own, lock, components),
    )
    bom.metadata.component = own
    bom.metadata.timestamp = None  # type: ignore[assignment]
    return JsonV1Dot6(bom).output_as_string(indent=1)


def _component(pin: re.Match[str]) -> Component:
    return Component(
        name=pin["name"],
        version=pin["version"],
        type=ComponentType.LIBRARY,
        scope=ComponentScope.EXCLUDED if pin["name"] in BUILD_TOOLS else ComponentScope.REQUIRED,
        purl=PackageURL("pypi", name=pin["name"], version=pin["version"]),
        bom_ref=f"{pin['name']}@{pin['version']}",
        hashes=[
            HashType(alg=HashAlgorithm.SHA_256, content=digest)
            for digest in re.findall(r"sha256:([0-9a-f]{64})", pin["hashes"])
        ],
    )


def _kept(name: str) -> Component:
    version, licence, _, digest = KEPT_HERE[name]
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        scope=ComponentScope.REQUIRED,
        licenses=[LicenseExpression(licence)],
        purl=PackageURL("npm", namespace=name.split("/")[0], name=name.split("/")[1], version=version),
        bom_ref=f"{name}@{version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )


def _dependencies(own: Component, lock: str, components: dict[str, Component]) -> list[Dependency]:
    """What asks for what: the lock says it under each pin."""
    asked: dict[str, list[Dependency]] = {}
    for pin in PIN.finditer(lock):
        ref = components[f"{pin['name']}@{pin['version']}"].bom_ref
        for asker in re.findall(r"#(?: via)? +([a-z0-9][a-z0-9._-]*)", pin["notes"]):
            asked.setdefault(asker, []).append(Dependency(ref))
    made = [Dependency(own.bom_ref, asked.get("pml-gateway", []))]
    return made + [
        Dependency(component.bom_ref, asked.get(component.name, [])) for component in components.values()
    ]


def version_of(root: Path) -> str:
    """The version in the code."""
    text = (root / "gateway" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    assert found is not None
    return found[1]


class BillOfMaterials(BuildHookInterface[Any]):
    """Puts the bill into the wheel; an editable install needs none."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write it where the build finds it."""
        if version == "editable":
            return
        root = Path(self.root)
        self.folder = Path(tempfile.mkdtemp())
        made = self.folder / NAME
        made.write_text(bill(version_of(root), (root / LOCK).read_text(encoding="utf-8")), encoding="utf-8")
        build_data["sbom_files"].append(str(made))

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Leave nothing behind."""
        if version != "editable":
            shutil.rmtree(self.folder)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(
        bill(version_of(ROOT), (ROOT / LOCK).read_text(encoding="utf-8")), encoding="utf-8"
    )
