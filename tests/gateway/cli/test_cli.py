"""The command line: what each command does, and its exit status (0 done, 1 refused or failed, 2 wrong usage)."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import dcmread

from gateway.demo.hospital import HospitalArchive
from gateway.demo.phantom import phantom_study
from gateway.records import ledger
from gateway.records.database import Database
from gateway.reporting.example import phantom_report
from support.command_line import Command, command
from support.engine import bench
from support.patients import RULES, found_in, images, to_the_end, to_the_queue, traces
from support.records import due, reply_fact

__all__ = ["command"]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with a small phantom study."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number, dataset in enumerate(phantom_study(date(2026, 2, 2), small=True)):
        dataset.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


def test_init_makes_a_gateway_that_check_accepts(command: Command) -> None:
    """After init, check finds nothing that keeps the gateway from starting."""
    assert command("init", ".")[0] == 0
    code, said = command("check")
    assert code == 0, said
    assert "Ready to serve" in said
    assert command("migrate")[0] == 0


def test_check_names_every_problem_at_once(command: Command, tmp_path: Path) -> None:
    """A missing key, a rule to nowhere and a wrong node are all in one answer, each with its fix."""
    command("init", ".")
    (tmp_path / "gateway-data" / "keys" / "vault.key").unlink()
    (tmp_path / "nodes.yaml").write_text(
        "nodes:\n  - {name: a, kind: dimse, ae_title: A, host: h, port: none}\n"
    )
    (tmp_path / "rules" / "natalizumab.yaml").write_text(
        "rules:\n  - {id: r, title: R, destination: nowhere, when: {modalities: {is: MR}}}\n"
    )
    code, printed = command("check", "--json")
    problems = json.loads(printed)
    assert code == 1
    assert {problem["where"] for problem in problems} >= {"keys", "nodes", "rules"}
    assert all(problem["fix"] for problem in problems)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cases", "show", "99"], 1),
        (["cases", "retry", "99"], 1),
        (["nodes", "echo", "nobody"], 1),
        (["send", "nothing-here", "--to", "hospital-pacs"], 1),
        (["rules", "check", "none.yaml"], 1),
        (["users", "add", "x", "--role", "king", "--password-file", "password"], 1),
        (["serve", "--role", "king"], 2),
        (["serve", "--no-such-option"], 2),
        (["no-such-command"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_has_its_status_and_no_trace(
    command: Command, tmp_path: Path, arguments: list[str], expected: int
) -> None:
    """1 for what cannot be done, 2 for wrong usage; a person reads a sentence, not a traceback."""
    command("init", ".")
    (tmp_path / "password").write_text("a long password")
    code, said = command(*arguments)
    assert code == expected, said
    assert "Traceback" not in said
    assert said.strip()


def test_accounts_and_cases(command: Command, tmp_path: Path) -> None:
    """An account is added once; an empty gateway lists no cases."""
    command("init", ".")
    (tmp_path / "password").write_text("a long password\n")
    add = ("users", "add", "ana", "--role", "reader", "--password-file", "password")
    assert command(*add)[0] == 0
    assert command(*add)[0] == 1
    code, listed = command("cases", "list", "--json")
    assert (code, json.loads(listed)) == (0, [])


def test_what_reading_sites_sent_back_is_listed_tried_again_and_discarded(
    command: Command, tmp_path: Path
) -> None:
    """A held object shows its fix; discarding it needs a reason and is final."""
    command("init", ".")
    command("migrate")
    database = Database(f"sqlite:///{tmp_path}/gateway-data/gateway.sqlite")
    ledger.keep_reply(database, reply_fact())
    claim = due(database)
    ledger.park(database, claim, "It fits nothing.", "Discard it.")
    database.close()
    [row] = json.loads(command("replies", "list", "--json")[1])
    assert (row["kind"], row["problem"], row["fix"]) == (
        "Comprehensive SR",
        "It fits nothing.",
        "Discard it.",
    )
    assert command("replies", "discard", 1)[0] == 2
    assert command("replies", "retry", 1)[0] == 0
    assert json.loads(command("replies", "list", "--json")[1])[0]["problem"] == ""
    assert command("replies", "discard", 1, "--why", "sent by mistake")[0] == 0
    code, said = command("replies", "discard", 1, "--why", "again")
    assert (code, "DISCARDED" in said) == (1, True)
    assert command("replies", "retry", 99)[0] == 1


def test_nodes_answer_and_take_a_folder(command: Command, study: Path, tmp_path: Path) -> None:
    """nodes list, nodes echo and send, against a real archive."""
    command("init", ".")
    with HospitalArchive("HOSPITAL", "127.0.0.1", 0, tmp_path / "archive") as archive:
        (tmp_path / "nodes.yaml").write_text(
            "nodes:\n  - {name: pacs, kind: dimse, ae_title: HOSPITAL, host: 127.0.0.1,"
            f" port: {archive.port}, roles: [archive]}}\n"
        )
        assert json.loads(command("nodes", "list", "--json")[1])[0]["name"] == "pacs"
        assert command("nodes", "echo", "pacs")[0] == 0
        assert command("send", study, "--to", "pacs")[0] == 0
        assert len(archive.files()) == 24
    assert command("nodes", "echo", "pacs")[0] == 1


def test_classify_and_rules_explain_a_study(command: Command, study: Path) -> None:
    """The series kinds as JSON, and for each rule why it fired or not; the rules' own tests pass."""
    command("init", ".")
    rows = json.loads(command("classify", study, "--json")[1])
    assert {row["kind"] for row in rows} >= {"flair", "t2", "t1", "t1_contrast", "adc", "swi"}
    assert all(row["files"] and row["evidence"] for row in rows)
    code, explained = command("rules", "explain", study)
    assert code == 0
    assert "natalizumab" in explained
    assert command("rules", "check", "rules")[0] == 0
    assert command("rules", "test", "rules")[0] == 0


def test_classify_uses_the_vendor_facts_of_the_site(command: Command, study: Path, tmp_path: Path) -> None:
    """Those beside the rules in force, or of a folder that is named; a mistake in them is told with its line."""
    image = dcmread(study / "0.dcm")
    image.ImageType = ["DERIVED", "PRIMARY", "OURADC"]
    image.save_as(tmp_path / "one.dcm")
    assert json.loads(command("classify", tmp_path / "one.dcm", "--json")[1])[0]["kind"] != "adc"
    command("init", ".")
    facts = tmp_path / "rules" / "vendor_facts.yaml"
    facts.write_text("image_types: {adc: [OURADC]}\n")
    for more in ((), ("--config", "gateway.toml"), ("--rules", "rules")):
        rows = json.loads(command("classify", tmp_path / "one.dcm", "--json", *more)[1])
        assert rows[0]["kind"] == "adc", more
    facts.write_text("image_types: {nonsense: [OURADC]}\n")
    code, said = command("classify", tmp_path / "one.dcm")
    assert code == 1
    assert "vendor_facts.yaml" in said
    assert command("classify", tmp_path / "one.dcm", "--rules", "nowhere")[0] == 1


def test_deidentify_writes_copies_and_a_manifest(command: Command, study: Path, tmp_path: Path) -> None:
    """Every image has a copy without the patient; what cannot leave is held, named, and the status says so."""
    command("init", ".")
    key = tmp_path / "gateway-data" / "keys" / "pseudonym.key"
    wanted = (
        "deidentify",
        study,
        tmp_path / "out",
        "--key-file",
        key,
        "--manifest",
        tmp_path / "manifest.json",
    )
    assert command(*wanted)[0] == 0
    copies = [dcmread(path) for path in (tmp_path / "out").iterdir()]
    assert len(copies) == 24
    assert {str(copy.PatientIdentityRemoved) for copy in copies} == {"YES"}
    capture = dcmread(study / "0.dcm")
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    capture.save_as(study / "0.dcm")
    assert command(*wanted)[0] == 1
    held = [
        row for row in json.loads((tmp_path / "manifest.json").read_text())["instances"] if not row["output"]
    ]
    assert [row["source"] for row in held] == [str(study / "0.dcm")]
    assert held[0]["reason"]
    assert command(*wanted, "--allow-held")[0] == 0


def test_deidentify_needs_no_gateway_and_says_that_its_key_is_its_own(command: Command, study: Path) -> None:
    """Without a configuration, a key or a database: it works, warns, and leaves no records behind."""
    code, said = command("deidentify", study, "copies")
    assert code == 0, said
    assert "24 written, 0 held, 0 failed, 0 passed over." in said
    assert "key of its own" in said
    assert not list(Path.cwd().rglob("*.sqlite"))


def test_deidentify_takes_a_profile_of_the_site(command: Command, study: Path, tmp_path: Path) -> None:
    """By its name in the folder of profiles, or as a file; a wrong one is refused before anything is written."""
    command("init", ".")
    for number, name in enumerate(("no-sex", tmp_path / "profiles" / "no-sex.yaml")):
        code, said = command(
            "deidentify", study, f"out{number}", "--profile", name, "--manifest", f"{number}.json"
        )
        assert code == 0, said
        assert json.loads((tmp_path / f"{number}.json").read_text())["profile"] == "no-sex"
        assert {dcmread(path).PatientSex for path in (tmp_path / f"out{number}").iterdir()} == {""}
    wrong = tmp_path / "profiles" / "wrong.yaml"
    wrong.write_text(
        "name: wrong\nextends: pml-read\nversion: '1'\nrules: {PatientID: {action: K, reason: we like it}}\n"
    )
    code, said = command("deidentify", study, "none", "--profile", "wrong")
    assert code == 1
    assert "wrong.yaml: rule for PatientID (K): would keep a direct identifier" in said
    assert not (tmp_path / "none").exists()


def test_check_refuses_profiles_that_keep_an_identifier_or_are_not_there(
    command: Command, tmp_path: Path
) -> None:
    """Every wrong profile, and every rule or setting that names none, each with its fix."""
    command("init", ".")
    (tmp_path / "profiles" / "ours.yaml").write_text(
        "name: ours\nextends: pml-read\nversion: '1'\nkeep_text: [PatientAddress]\n"
        "rules: {PatientBirthDate: {action: K, reason: handy}}\n"
    )
    (tmp_path / "profiles" / "pml-read.yaml").write_text("name: other\nextends: nothing\n")
    (tmp_path / "rules" / "natalizumab.yaml").write_text(
        "rules:\n"
        "  - {id: one, title: One, profile: ours, when: {modalities: {is: MR}}}\n"
        "  - {id: two, title: Two, profile: theirs, when: {modalities: {is: MR}}}\n"
    )
    code, printed = command("check", "--json")
    assert code == 1
    problems = [one for one in json.loads(printed) if one["where"] == "profiles"]
    said = "\n".join(one["problem"] for one in problems)
    assert "ours.yaml: rule for PatientBirthDate (K): would keep a direct identifier" in said
    assert "ours.yaml: keep_text names PatientAddress" in said
    assert "pml-read.yaml: its name is 'other'" in said
    assert "pml-read.yaml: it has no version" in said
    assert "rule two names the profile 'theirs'" in said
    assert "rule one" not in said, "told once, by its file"
    assert all(one["fix"] for one in problems)


@pytest.mark.parametrize("form", ["enhanced", "comprehensive", "basic", "pdf"])
def test_a_report_is_rendered_in_each_form(command: Command, study: Path, tmp_path: Path, form: str) -> None:
    """The DICOM object carries the study it was read from."""
    (tmp_path / "report.json").write_text(phantom_report(prior_study_date=None).model_dump_json())
    target = tmp_path / "report.dcm"
    code, said = command(
        "report", "render", "report.json", "--evidence", study, "--out", target, "--as", form
    )
    assert code == 0, said
    assert dcmread(target).StudyInstanceUID == dcmread(study / "0.dcm").StudyInstanceUID


def test_the_vault_rotates_and_tells_what_to_keep(command: Command, tmp_path: Path) -> None:
    """One command makes a new key and names the earlier one; reseal --retire removes it; status and check agree."""
    command("init", ".")
    with bench(
        tmp_path / "gateway-data", RULES, f"sqlite:///{tmp_path}/gateway-data/gateway.sqlite"
    ) as gateway:
        to_the_queue(gateway, images(2))
    assert command("vault", "status")[0] == 0  # takes away what the engine above has printed
    [first] = json.loads(command("vault", "status", "--json")[1])
    assert (first["is"], first["identities"]) == ("current", 1)
    code, said = command("vault", "rotate")
    assert code == 0
    assert "1 identities were sealed again" in said
    assert f"vault-{first['key']}.key" in said
    assert "backup" in said
    rows = json.loads(command("vault", "status", "--json")[1])
    assert [(row["is"], row["identities"]) for row in rows] == [("current", 1), ("earlier", 0)]
    assert command("vault", "reseal", "--retire")[0] == 0
    assert [path.name for path in (tmp_path / "gateway-data" / "keys").glob(f"*{first['key']}*")] == []
    assert command("check")[0] == 0
    keys = tmp_path / "gateway-data" / "keys"
    for path in keys.glob("vault*.key"):
        path.rename(tmp_path / path.name)
    command("init", ".")
    code, said = command("check")
    assert code == 1
    assert f"sealed with key {rows[0]['key']}" in said
    assert command("vault", "reseal")[0] == 1


class TestForgetting:
    """gateway forget and readmit."""

    @pytest.fixture
    def folder(self, command: Command, tmp_path: Path) -> Path:
        """A gateway with one case that is over."""
        command("init", ".")
        folder = tmp_path / "gateway-data"
        with bench(folder, RULES, f"sqlite:///{folder}/gateway.sqlite") as gateway:
            to_the_end(gateway, images(2))
        return folder

    def test_a_dry_run_and_a_no_change_nothing(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both print numbers and the pseudonym, never the identity."""
        wanted = traces(images(2))
        code, said = command("forget", "--case", 1, "--dry-run")
        assert code == 0
        assert "PML-" in said
        assert not [one for one in wanted if one.decode() in said]
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        assert command("forget", "--case", 1)[0] == 1
        assert found_in(folder, wanted) == wanted

    def test_a_patient_is_forgotten_by_number_from_the_standard_input(
        self, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is left; what this gateway cannot reach is said; a second time there is nothing to do."""
        by_number = ("forget", "--site", "hospital", "--issuer", "QISS", "--patient-id", "-", "--yes")
        monkeypatch.setattr("sys.stdin", io.StringIO("nobody\n"))
        assert command(*by_number)[0] == 1
        monkeypatch.setattr("sys.stdin", io.StringIO("QX-777-31\n"))
        code, said = command(*by_number)
        assert code == 0, said
        assert "Backups still hold the patient" in said
        assert found_in(folder, traces(images(2))) == set()
        code, said = command("forget", "--case", 1, "--yes")
        assert code == 0
        assert "was forgotten on" in said
        assert "Forgotten; 0 files" in said
        assert command("cases", "show", 1)[0] == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--site", "hospital", "--patient-id", "QX-777-31"],
            ["--patient-id", "-"],
            ["--case", 1, "--study", 1],
            [],
        ],
        ids=["number as argument", "no site", "two ways", "no way"],
    )
    def test_a_patient_is_named_in_one_safe_way(
        self, command: Command, folder: Path, arguments: list[object]
    ) -> None:
        """Wrong usage; above all a PatientID as an argument, which a shell would remember."""
        assert command("forget", *arguments, "--yes")[0] == 2
        assert found_in(folder, {b"QX-777-31"})

    def test_a_held_study_is_readmitted(self, command: Command, folder: Path) -> None:
        """Only one that is held for this; the command says that it goes on."""
        assert command("readmit", "--study", 1, "--why", "x")[0] == 1
        assert command("forget", "--study", 1, "--yes")[0] == 0
        with bench(folder, RULES, f"sqlite:///{folder}/gateway.sqlite") as gateway:
            again = gateway.keep(images(2), node="")
            gateway.run(70)
            assert "was forgotten" in gateway.study(again).problem
            code, said = command("readmit", "--study", again, "--why", "treated again")
            assert code == 0, said
            gateway.clock.time = datetime.now(UTC) + timedelta(minutes=1)  # the command has the real clock
            gateway.run()
            assert gateway.study(again).state == "MATCHED"
