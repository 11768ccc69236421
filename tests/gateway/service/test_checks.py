"""`gateway check`: each problem once, where it is, with its fix; advice apart from what keeps it from starting."""

from __future__ import annotations

import shutil
import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway import settings_file
from gateway.assembly.gateway import open_gateway
from gateway.records import ledger, rotation
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.migrations import schema
from gateway.service import scaffold
from gateway.service.checks import Problem, check
from gateway.settings import Settings
from routing_rules import versions
from support.engine import bench
from support.nodes.certificates import Authority
from support.patients import RULES, images, to_the_queue
from support.records import PASSWORD

NODES = """\
nodes:
  - {{name: pacs, kind: dimse, ae_title: PACS, host: 127.0.0.1, port: 104, roles: [sender, archive], site: north{tls}}}
"""
RULE = (
    "rules:\n  - {{id: {id}, title: A rule, priority: {priority}, when: {{modalities: {{is: MR}}}}{more}}}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What `gateway init` makes."""
    scaffold.init(tmp_path)
    return tmp_path


def settings_of(folder: Path, **tables: dict[str, Any]) -> Settings:
    """The settings of that folder, some of them changed."""
    loaded = settings_file.load(folder / "gateway.toml", {}).model_dump()
    for table, values in tables.items():
        loaded[table] |= values
    return Settings.model_validate(loaded)


def severe(problems: list[Problem]) -> list[tuple[str, str]]:
    """Where, and what, of all that is no advice; each has a fix."""
    assert all(problem.fix for problem in problems)
    return [(problem.where, problem.problem) for problem in problems if problem.severe]


def test_what_init_makes_can_be_served(folder: Path) -> None:
    """Nothing but advice, and nothing is left behind by looking."""
    before = {path for path in folder.rglob("*") if path.is_file()}
    assert severe(check(settings_of(folder))) == []
    assert {path for path in folder.rglob("*") if path.is_file()} == before


def test_each_key_that_is_not_usable_is_named(folder: Path) -> None:
    """One that is gone, one that others may read, and an earlier one that is damaged."""
    place = folder / "gateway-data" / "keys"
    (place / "pseudonym.key").unlink()
    (place / "vault.key").chmod(0o644)
    (place / "vault-0123456789ab.key").write_text("half a key")
    (place / "vault-0123456789ab.key").chmod(0o600)
    problems = severe(check(settings_of(folder)))
    assert [where for where, _ in problems] == ["keys"] * 3
    for name in ("pseudonym.key", "vault.key", "vault-0123456789ab.key"):
        assert any(name in problem for _, problem in problems), name


def test_identities_whose_key_is_gone_are_counted(folder: Path) -> None:
    """No report can go back for them; the fix says which file is missing."""
    place = folder / "gateway-data"
    with bench(place, RULES, f"sqlite:///{place}/gateway.sqlite") as gateway:
        to_the_queue(gateway, images(2))
        rotated = rotation.rotate(gateway.context.database, place / "keys", "test")
    wanted = settings_of(folder)
    assert severe(check(wanted)) == []
    (place / "keys" / keys.own_name(rotated.key_id)).unlink(missing_ok=True)
    (place / "keys" / "vault.key").unlink()
    keys.make_key(place / "keys" / "vault.key")
    wrong, found = [problem for problem in check(wanted) if problem.severe]
    assert (wrong.where, found.where) == ("keys", "keys")
    assert "do not open the identities on record" in wrong.problem
    assert found.problem.startswith("1 identities were sealed with key")
    assert keys.own_name(rotated.key_id) in found.fix


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sqlite:///{folder}/nodes.yaml", "DatabaseError"),
        (
            "postgresql+psycopg://gateway:secret@127.0.0.1:{port}/gateway?connect_timeout=2",
            "OperationalError",
        ),
        ("nonsense", "ArgumentError"),
        ("nonsense://there", "NoSuchModuleError"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_problem_among_others(folder: Path, url: str, what: str) -> None:
    """No file of one, nothing that answers, or no address at all; the password is not in the message."""
    (folder / "nodes.yaml").chmod(0o600)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = url.format(folder=folder, port=nobody.getsockname()[1])
        shutil.rmtree(folder / "rules")
        problems = severe(check(settings_of(folder, storage={"database": address})))
    assert [where for where, _ in problems] == ["database", "rules"]
    assert what in problems[0][1]
    assert "secret" not in str(problems)


@pytest.mark.postgres
def test_a_schema_that_is_behind_must_be_migrated(folder: Path, postgres_url: str) -> None:
    """On PostgreSQL nobody does it unasked."""
    [problem] = [
        each for each in check(settings_of(folder, storage={"database": postgres_url})) if each.severe
    ]
    assert (problem.where, problem.fix) == ("database", "Run: gateway migrate")


def test_an_empty_sqlite_database_is_only_advice(folder: Path) -> None:
    """The next start makes its schema."""
    database = Database(f"sqlite:///{folder}/gateway-data/gateway.sqlite")
    with database.read() as session:
        session.connection()
    database.close()
    advice = [problem for problem in check(settings_of(folder)) if problem.where == "database"]
    assert [(problem.fix, problem.severe) for problem in advice] == [("Run: gateway migrate", False)]


def test_a_disk_that_cannot_be_written_or_is_full_is_said(folder: Path) -> None:
    """A file where the folder should be; and less space than is asked for, where every object would be refused."""
    (folder / "taken").write_text("")
    [(where, problem)] = severe(check(settings_of(folder, storage={"objects": folder / "taken" / "objects"})))
    assert where == "disk"
    assert "taken" in problem
    [(where, problem)] = severe(check(settings_of(folder, storage={"min_free_mb": 10**12})))
    assert where == "disk"
    assert "min_free_mb" in problem


def test_what_is_not_there_is_said_with_the_command_that_makes_it(folder: Path) -> None:
    """nodes.yaml and the rules."""
    (folder / "nodes.yaml").unlink()
    shutil.rmtree(folder / "rules")
    problems = [problem for problem in check(settings_of(folder)) if problem.severe]
    assert {problem.where for problem in problems} == {"nodes", "rules"}
    assert {problem.fix for problem in problems} == {"Make one with: gateway init DIR"}


def test_a_sender_without_tls_is_advice_until_the_port_has_it(folder: Path) -> None:
    """Its own TLS, or that of our port, ends the advice."""
    rules_without_destination(folder)

    def advice(tls: str = "", **dicom: Path) -> list[str]:
        (folder / "nodes.yaml").write_text(NODES.format(tls=tls))
        return [
            each.problem for each in check(settings_of(folder, dicom=dict(dicom))) if each.where == "nodes"
        ]

    assert advice() == ["pacs sends without TLS."]
    assert advice(", tls: true") == []
    assert advice(tls_certificate=folder / "certificate.pem") == []


def test_what_is_in_force_while_a_file_is_wrong_is_advice_beside_the_faults(folder: Path) -> None:
    """With the day it is of: a gateway that goes on is no reason to leave the file as it is."""
    settings = settings_of(folder)
    gateway = open_gateway(settings, serves=True)
    assert gateway.wrong_configuration() == ()
    gateway.database.close()
    (folder / "nodes.yaml").write_text("nodes:\n  - {name: a\n")
    (folder / "rules" / "natalizumab.yaml").write_text("rules: [")
    problems = check(settings)
    for what in ("nodes", "rules"):
        fault, advice = [each for each in problems if each.where == what]
        assert (fault.severe, advice.severe) == (True, False)
        assert f"the last good {what} are in force, of 20" in advice.problem


def test_sites_whose_reports_go_nowhere_or_to_no_archive_are_named(folder: Path) -> None:
    """Two archives and a scanner: nobody gets its report. None at all: advice. returns_to settles both."""
    rules_without_destination(folder)
    node = (
        "  - {{name: {name}, ae_title: {title}, host: 127.0.0.1, port: 104, roles: [{roles}], site: north}}\n"
    )

    def told(said: str = "", **roles: str) -> list[tuple[bool, str]]:
        lines = [node.format(name=name, title=name.upper(), roles=role) for name, role in roles.items()]
        (folder / "nodes.yaml").write_text("nodes:\n" + "".join(lines) + said)
        found = [each for each in check(settings_of(folder)) if each.where == "sites"]
        assert all("returns_to" in each.fix for each in found)
        return [(each.severe, each.problem) for each in found]

    [(severe_one, nobody)] = told(one="archive", two="sender, archive", scanner="sender")
    assert severe_one
    assert "What scanner sends has no way back. Site north has several archives (one, two)" in nobody
    assert (
        told("sites: {north: {returns_to: two}}\n", one="archive", two="sender, archive", scanner="sender")
        == []
    )
    assert told(scanner="sender") == [
        (False, "Site north has no archive: the report of what scanner sends first goes to scanner.")
    ]
    assert told(pacs="sender, archive", scanner="sender") == []


def test_a_site_that_uploads_and_has_no_archive_is_advised(folder: Path) -> None:
    """Its reports wait on a page that somebody has to look at."""
    settings = settings_of(folder)
    with closing(Database(settings.storage.database)) as database:
        schema.upgrade(database)
        ledger.add_user(database, "anna", "Anna", "coordinator", "far", PASSWORD)
        ledger.add_user(database, "bert", "Bert", "coordinator", "hospital", PASSWORD)
    found = [each for each in check(settings) if each.where == "sites"]
    assert [(each.severe, "site far waits on the upload" in each.problem) for each in found] == [
        (False, True)
    ]


def test_an_account_that_belongs_to_no_site_is_named(folder: Path) -> None:
    """A coordinator of before, who saw every site; a disabled one is nobody's trouble."""
    settings = settings_of(folder)
    with closing(Database(settings.storage.database)) as database:
        schema.upgrade(database)
        for login in ("anna", "bert"):
            ledger.add_user(database, login, login, "coordinator", "hospital", PASSWORD)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE account SET site = '', disabled = login = 'bert'")
    found = [each for each in check(settings) if each.where == "accounts"]
    assert [each.fix for each in found] == ["Give it one: gateway users set anna --site SITE"]


def test_senders_that_say_no_site_and_share_it_are_named(folder: Path) -> None:
    """Two are a mistake, each told where its reports go; one that is no archive is advice; one that is, nothing."""

    def told(*roles: str) -> list[tuple[bool, str]]:
        nodes = [
            f"  - {{name: n{number}, ae_title: N{number}, host: 127.0.0.1, port: 104, roles: [{of}]}}\n"
            for number, of in enumerate(roles)
        ]
        (folder / "nodes.yaml").write_text("nodes:\n" + "".join(nodes))
        return [(each.severe, each.problem) for each in check(settings_of(folder)) if each.where == "sites"]

    two = told("sender, archive", "sender", "reader")
    assert [severe for severe, _ in two] == [True, True]
    assert "n1 says no site, nor does n0:" in two[1][1]
    assert "what n1 sends go to n1, to no archive of another node" in two[1][1]
    assert [severe for severe, _ in told("sender", "archive")] == [True]
    assert [severe for severe, _ in told("sender", "reader")] == [False]
    assert told("sender, archive", "reader") == []


def test_every_rule_that_sends_to_nobody_or_can_never_fire_is_named(folder: Path) -> None:
    """The destination that is no node, and the rule that a stronger one always forestalls."""
    (folder / "rules" / "natalizumab.yaml").write_text(
        RULE.format(id="strong", priority=2, more=", destination: nowhere")
        + RULE.format(id="weak", priority=1, more=", destination: nowhere").removeprefix("rules:\n")
    )
    problems = severe(check(settings_of(folder)))
    assert {where for where, _ in problems} == {"rules"}
    assert any("strong sends to nowhere" in problem for _, problem in problems)
    assert any("weak" in problem for _, problem in problems)


def test_a_node_whose_replies_a_rule_takes_is_a_reader(folder: Path) -> None:
    """One that is none, or that there is not, is named: what it sends would be held."""
    rules_without_destination(folder, ", replies_from: [pacs, nowhere]")
    told = [problem for where, problem in severe(check(settings_of(folder))) if where == "rules"]
    assert [
        f"takes replies from {name}, " in problem
        for name, problem in zip(("pacs", "nowhere"), told, strict=True)
    ]
    (folder / "nodes.yaml").write_text(NODES.format(tls="").replace("[sender", "[reader, sender"))
    rules_without_destination(folder, ", replies_from: [pacs]")
    assert [problem for where, problem in severe(check(settings_of(folder))) if where == "rules"] == []


def test_replies_of_a_rule_with_several_destinations_are_told_apart_or_named(folder: Path) -> None:
    """A node that is one of the destinations answers for its own case; of any other it is unknown which it answers."""
    nodes = [
        f"  - {{name: {name}, ae_title: {name.upper()}, host: 127.0.0.1, port: 104, roles: [reader], site: {name}}}\n"
        for name in ("one", "two", "desk")
    ]
    (folder / "nodes.yaml").write_text("nodes:\n" + "".join(nodes))

    def told(more: str) -> list[str]:
        rules_without_destination(folder, more)
        return [problem for where, problem in severe(check(settings_of(folder))) if where == "rules"]

    [problem] = told(", destinations: [one, two], replies_from: [one, desk]")
    assert "takes replies from desk and sends to one, two" in problem
    assert told(", destinations: [one, two], replies_from: [one, two]") == []
    assert told(", destination: one, replies_from: [desk]") == []


def test_the_profiles_of_the_rules_in_force_are_looked_at(folder: Path) -> None:
    """Once rules are published, those decide; what stands in the edited folder is a draft."""
    rules_without_destination(folder, ", profile: no-sex")
    versions.publish(folder / "rules", folder / "rules", by="test", at=datetime.now(UTC))
    rules_without_destination(folder, ", profile: of-the-draft")
    assert severe(check(settings_of(folder))) == []
    (folder / "profiles" / "no-sex.yaml").unlink()
    [(where, problem)] = severe(check(settings_of(folder)))
    assert where == "profiles"
    assert "names the profile 'no-sex'" in problem


@pytest.mark.parametrize("by", ["rule", "site"])
def test_faces_cannot_go_without_the_libraries(
    folder: Path, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule or a site that asks for it is told what to install, before a study waits for it."""
    rules_without_destination(folder, ", faces: deface" if by == "rule" else "")
    settings = settings_of(folder)
    if by == "site":
        (folder / "nodes.yaml").write_text(
            "nodes:\n  - {name: north-pacs, kind: dimse, ae_title: NORTH, host: 127.0.0.1, port: 1,"
            " roles: [sender, archive], site: north}\n"
        )
        files = settings.files.model_copy(update={"deface_sites": ("north",)})
        settings = settings.model_copy(update={"files": files})
    assert severe(check(settings)) == []
    monkeypatch.setattr("gateway.faces.missing.find_spec", lambda _name: None)
    [(where, problem)] = severe(check(settings))
    assert where == "profiles"
    assert "not installed (brainextractor, nibabel, scipy)" in problem


def test_the_account_for_emergencies_is_there_before_the_emergency(folder: Path) -> None:
    """An enabled local administrator of every site; without it a gateway with an issuer alone is not started."""
    oidc = {
        "issuer": "https://issuer.example",
        "client_id": "gateway",
        "roles": ["a=admin"],
        "sites": ["a=*"],
        "only": True,
        "break_glass": "glass",
    }
    settings = settings_of(folder, oidc=oidc)
    with closing(Database(settings.storage.database)) as database:
        schema.upgrade(database)
        assert "oidc" in [where for where, _ in severe(check(settings))]
        number = ledger.add_user(database, "glass", "", "admin", "", PASSWORD, every_site=True)
        ledger.add_user(database, "other", "", "admin", "", PASSWORD, every_site=True)
        assert "oidc" not in [where for where, _ in severe(check(settings))]
        ledger.disable_account(database, number, "test")
        assert "oidc" in [where for where, _ in severe(check(settings))]


def test_a_misspelt_site_whose_faces_should_go_is_told(folder: Path) -> None:
    """Its studies would leave with their faces, and nobody would know."""
    settings = settings_of(folder)
    files = settings.files.model_copy(update={"deface_sites": ("nroth",)})
    [(where, problem)] = severe(check(settings.model_copy(update={"files": files})))
    assert where == "profiles"
    assert "names the site 'nroth'" in problem


def test_an_own_guideline_that_is_silent_after_natalizumab_is_told(folder: Path) -> None:
    """Advice: carried-over PML would be looked for by nobody; gone with the rule."""
    own = folder / "own.json"

    def advice(used: str) -> list[str]:
        own.write_text(f'{{"title": "Ours", "use": [{used}]}}')
        settings = settings_of(folder, surveillance={"guideline": "own", "own": own})
        return [each.problem for each in check(settings) if each.where == "surveillance"]

    [told] = advice('"NTZ-HIGH"')
    assert "“Ours” has no rule for the time after natalizumab" in told
    assert advice('"NTZ-HIGH", "NTZ-SWITCH"') == []


def test_a_misspelt_site_of_the_calendar_is_told(folder: Path) -> None:
    """Its patients would follow another guideline than the one that was declared."""
    settings = settings_of(folder, surveillance={"sites": ["nroth=ema-2016"]})
    [(where, problem)] = severe(check(settings))
    assert (where, "names the site 'nroth'" in problem) == ("surveillance", True)


def test_pages_that_other_machines_reach_ask_for_secure_cookies(folder: Path) -> None:
    """Advice, gone with the setting, and never given for this machine alone."""

    def advice(**web: object) -> list[str]:
        return [each.where for each in check(settings_of(folder, web=dict(web))) if each.where == "web"]

    assert advice(host="0.0.0.0") == ["web"]
    assert advice(host="0.0.0.0", secure_cookies=True) == []
    assert advice(host="127.0.0.1") == []


def rules_without_destination(folder: Path, more: str = "") -> None:
    """One rule whose cases stay in the gateway's own queue."""
    (folder / "rules" / "natalizumab.yaml").write_text(RULE.format(id="any", priority=1, more=more))


def test_a_library_that_may_print_is_told(folder: Path) -> None:
    """Advice, with its reason, for as long as it is raised."""
    raised = settings_of(folder, log={"libraries": ("sqlalchemy.pool=INFO it runs dry",)})
    [told] = [problem for problem in check(raised) if problem.where == "log"]
    assert not told.severe
    assert "sqlalchemy.pool prints from INFO on (it runs dry)" in told.problem


def test_a_trail_without_a_key_is_told(folder: Path) -> None:
    """As advice: nothing is lost without it, and the gateway serves."""
    (folder / "gateway-data" / "keys" / "audit.key").unlink()
    [told] = [found for found in check(settings_of(folder)) if "audit.key" in found.problem]
    assert (told.severe, "gateway audit init-key" in told.fix) == (False, True)


def test_certificates_that_end_and_nodes_without_one_are_named(folder: Path) -> None:
    """One of ours that ends is advice until it has; who would be refused for want of a binding is a problem."""
    authority = Authority(folder)
    soon, old = authority.settings("soon", days=20), authority.settings("old", days=-1)
    (folder / "nodes.yaml").write_text(NODES.format(tls=", tls: {certificate: old.pem, key: old.key}"))
    asked = settings_of(
        folder,
        dicom={"tls_certificate": soon.certificate, "tls_key": soon.key, "tls_ca": authority.file},
    )
    told = {each.problem: each.severe for each in check(asked) if each.where == "certificates"}
    assert [severe for problem, severe in told.items() if "tls_certificate ends on" in problem] == [False]
    assert [severe for problem, severe in told.items() if "pacs: certificate ended on" in problem] == [True]
    assert told["pacs is bound to no certificate: when it calls it is refused."]
    assert old.certificate is not None
    (folder / "nodes.yaml").write_text(NODES.format(tls=", certificates: CN=pacs"))
    [bound] = [each.problem for each in check(settings_of(folder)) if each.where == "certificates"]
    assert bound.startswith("pacs is bound to a certificate, and the gateway asks callers for none")
