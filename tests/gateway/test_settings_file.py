"""Settings: sources, precedence, and errors that name every problem."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.service import scaffold
from gateway.settings import Settings
from gateway.settings_file import load


def test_defaults_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file: SQLite and objects under ./gateway-data, DICOM 11112 as GATEWAY, web 8080, both local."""
    monkeypatch.chdir(tmp_path)
    found = load(None, {})
    assert (found.dicom.ae_title, found.dicom.host, found.dicom.port) == ("GATEWAY", "127.0.0.1", 11112)
    assert (found.web.host, found.web.port) == ("127.0.0.1", 8080)
    assert found.storage.objects == tmp_path / "gateway-data" / "objects"
    assert found.storage.database == f"sqlite:///{tmp_path}/gateway-data/gateway.sqlite"


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    """GATEWAY_DICOM__PORT overrides [dicom] port."""
    config = tmp_path / "gateway.toml"
    config.write_text("[dicom]\nport = 1\nae_title = 'FILE'\n")
    found = load(config, {"GATEWAY_DICOM__PORT": "2"})
    assert (found.dicom.port, found.dicom.ae_title) == (2, "FILE")


def test_a_list_is_a_list_in_the_file_and_separated_by_commas_in_the_environment(tmp_path: Path) -> None:
    """[study] no_patient_ids, either way."""
    config = tmp_path / "gateway.toml"
    config.write_text('[study]\nno_patient_ids = ["NN", "no chart"]\n')
    assert load(config, {}).study.no_patient_ids == ("NN", "no chart")
    assert load(None, {"GATEWAY_STUDY__NO_PATIENT_IDS": "NN, no chart,"}).study.no_patient_ids == (
        "NN",
        "no chart",
    )


def test_sites_whose_faces_go_are_a_list_either_way(tmp_path: Path) -> None:
    """[files] deface_sites, in the file and separated by commas in the environment."""
    config = tmp_path / "gateway.toml"
    config.write_text('[files]\ndeface_sites = ["north"]\n')
    assert load(config, {}).files.deface_sites == ("north",)
    assert load(None, {"GATEWAY_FILES__DEFACE_SITES": "north, south"}).files.deface_sites == (
        "north",
        "south",
    )


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    """GATEWAY_STORAGE__DATABASE_FILE names a file with the value."""
    secret = tmp_path / "url"
    secret.write_text("postgresql+psycopg://somewhere\n")
    assert (
        load(None, {"GATEWAY_STORAGE__DATABASE_FILE": str(secret)}).storage.database
        == "postgresql+psycopg://somewhere"
    )


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    """A misspelt key and a wrong value are both in the message."""
    config = tmp_path / "gateway.toml"
    config.write_text("[dicom]\nprot = 1\nport = 99999\n")
    with pytest.raises(SettingsError) as refused:
        load(config, {})
    assert "dicom.prot" in refused.value.problem
    assert "dicom.port" in refused.value.problem


@pytest.mark.parametrize("text", ["[dicom", "= 1"], ids=["open bracket", "no key"])
def test_broken_toml_is_an_error_with_its_place(tmp_path: Path, text: str) -> None:
    """The message carries the line from the TOML parser."""
    config = tmp_path / "gateway.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match="line"):
        load(config, {})


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The fix names gateway init."""
    with pytest.raises(SettingsError) as refused:
        load(tmp_path / "none.toml", {})
    assert "gateway init" in refused.value.fix


def test_init_writes_a_file_that_says_the_defaults(tmp_path: Path) -> None:
    """The commented gateway.toml, with every line un-commented, is the defaults again; keys have mode 0600."""
    scaffold.init(tmp_path / "g")
    text = (tmp_path / "g" / "gateway.toml").read_text()
    assert load(tmp_path / "g" / "gateway.toml", {}).dicom == Settings().dicom
    lines = [
        line.removeprefix("# ")
        if " = " in line
        and line.startswith("# ")
        and line.split()[1].isidentifier()
        and line.split()[2] == "="
        else line
        for line in text.splitlines()
    ]
    values = tomllib.loads("\n".join(line for line in lines if '= ""' not in line))
    assert Settings.model_validate(values) == Settings()
    assert ((tmp_path / "g" / "gateway-data" / "keys" / "vault.key").stat().st_mode & 0o777) == 0o600


def test_init_never_overwrites(tmp_path: Path) -> None:
    """A second init changes neither a key nor an edited file."""
    scaffold.init(tmp_path)
    (tmp_path / "nodes.yaml").write_text("nodes: []\n")
    key = (tmp_path / "gateway-data" / "keys" / "pseudonym.key").read_text()
    assert scaffold.init(tmp_path) == []
    assert (tmp_path / "nodes.yaml").read_text() == "nodes: []\n"
    assert (tmp_path / "gateway-data" / "keys" / "pseudonym.key").read_text() == key


def test_a_class_or_syntax_that_nobody_knows_is_a_problem_of_the_settings(tmp_path: Path) -> None:
    """A misspelt keyword is found when the settings are read, with its value; UIDs and keywords are taken."""
    file = tmp_path / "gateway.toml"
    file.write_text('[dicom]\nmore_sop_classes = "1.2.3"\nmore_transfer_syntaxes = "JPIPReferenced, 1.2.4"\n')
    assert load(file, {}).dicom.more_sop_classes == "1.2.3"
    file.write_text('[dicom]\nmore_transfer_syntaxes = "JPIPReferrenced"\n')
    with pytest.raises(SettingsError, match="'JPIPReferrenced' is neither a UID nor a keyword"):
        load(file, {})
