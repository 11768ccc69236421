"""A running web application for tests: uvicorn in a thread, accounts, cases, and a client that signs in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydicom.dataset import Dataset
from sqlmodel import SQLModel, select

from dicom_nodes.directory import NodeDirectory
from gateway.intake import Intake
from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.tables.cases import Case, CaseEvent, PreparedInstance
from gateway.records.tables.studies import Identity, Instance, Study
from gateway.settings import Settings
from gateway.web.application import WebContext, create_application
from gateway.web.traffic.connections import Connections, connection_limits
from routing_rules.rule_files import rules_from_text

RULES = rules_from_text(
    "rules:\n  - {id: by-address, title: Sent to the address, when: {called_ae_title: {is: PML}}}\n",
    "rules.yaml",
)
METRICS_TOKEN = "m" * 32
PASSWORD = "correct horse battery"
ORIGINAL_UID = "1.2.840.113619.2.55.3.604688119.971"
"""A UID as scanners make them; it must never be seen in an answer."""
KINDS = ("flair", "t2", "dwi", "adc", "t1", "swi", "t1_contrast")


@dataclass
class WebGateway:
    """A server on a free port, and the records behind it."""

    context: WebContext
    address: str
    clients: list[httpx.Client] = field(default_factory=list)
    sessions: dict[str, tuple[httpx.Cookies, str]] = field(default_factory=dict)
    numbers: int = 0

    @property
    def database(self) -> Database:
        """The records."""
        return self.context.database

    def add(self, login: str, role: str, site: str = "", name: str = "") -> int:
        """An account with the common password."""
        return ledger.add_user(
            self.database, login, name or login.title(), role, site, PASSWORD, every_site=not site
        )

    def metrics(self) -> str:
        """What a monitoring system reads, with the token of the settings."""
        answer = self.client().get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        assert answer.status_code == 200, answer.text
        return answer.text

    def client(self, login: str = "", *, own_session: bool = False) -> httpx.Client:
        """A client, signed in when a login is given; it sends the CSRF token by itself.

        Clients of one login share a session, because argon2 is slow on purpose; `own_session` makes a new one.
        """
        made = httpx.Client(base_url=self.address, follow_redirects=False, timeout=20, trust_env=False)
        self.clients.append(made)
        if not login:
            return made
        if own_session or login not in self.sessions:
            answer = made.post("/api/session", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            self.sessions[login] = (made.cookies, answer.json()["csrf"])
        cookies, made.headers["X-CSRF-Token"] = self.sessions[login]
        made.cookies.update(cookies)
        if own_session:
            del self.sessions[login]
        return made

    def case(self, state: CaseState = CaseState.FORWARDED, **columns: Any) -> int:
        """A case of a study of its own, as the pipeline would have left it; columns of Case override."""
        self.numbers += 1
        number = self.numbers
        site = columns.get("site", "north")
        received_by = columns.pop("received_by", "c-store")
        with self.database.write("test_case") as session:
            now = self.database.now(session)
            study = Study(
                site=site,
                sender="" if received_by == "upload" else "hospital",
                calling_ae_title="HOSPITAL",
                called_ae_title="GATEWAY",
                address="127.0.0.1",
                received_by=received_by,
                study_instance_uid=f"{ORIGINAL_UID}.{number}",
                state=StudyState.MATCHED,
                first_instance_at=now,
                last_instance_at=now,
                instances=21,
                look_again_at=now,
                completed_because="no new instance for 300 s",
            )
            session.add(study)
            session.flush()
            assert study.id is not None
            values: dict[str, Any] = {
                "study_id": study.id,
                "site": site,
                "destination": "",
                "state": state,
                "generation": 1,
                "rule_id": "natalizumab-surveillance",
                "rule_version": "3",
                "rule_title": "Natalizumab surveillance",
                "rules_fingerprint": "f" * 64,
                "referral": "surveillance",
                "urgency": "routine",
                "priority": 5,
                "readability": "readable",
                "verdict": verdict(),
                "explanation": explanation(),
                "series": series(),
                "pseudonym": f"PML-TEST{number:04}",
                "shifted_study_date": "20260201",
                "look_again_at": now,
                "reached_at": now,
                "created_at": now,
                "updated_at": now,
            }
            case = Case(**(values | columns))
            session.add(case)
            session.flush()
            assert case.id is not None
            for what, reached, detail in (
                ("first instance received", "RECEIVED", {"sender": "hospital", "by": "c-store"}),
                ("case opened", "MATCHED", {"rule": "natalizumab-surveillance"}),
                ("reached PREPARED", "PREPARED", {"copies": 21, "example": ORIGINAL_UID}),
                ("reached FORWARDED", "FORWARDED", {"node": "reading-site", "objects": 21}),
            ):
                session.add(
                    CaseEvent(
                        study_id=study.id, case_id=case.id, at=now, what=what, reached=reached, detail=detail
                    )
                )
            return case.id

    def patient(self) -> int:
        """A patient of the vault."""
        self.numbers += 1
        with self.database.write("test_patient") as session:
            identity = Identity(
                patient_hash=f"patient {self.numbers}",
                pseudonym=f"PML-{self.numbers}",
                scheme=2,
                site="north",
                sealed=b"x",
                key_id="k",
                created_at=self.database.now(session),
            )
            session.add(identity)
            session.flush()
            return identity.saved_id

    def belongs(self, case_id: int, patient: int, day: str) -> None:
        """The study of a case is this patient's, of a day (YYYYMMDD)."""
        with self.database.write("test_patient") as session:
            case = session.get_one(Case, case_id)
            case.identity_id = patient
            session.get_one(Study, case.study_id).study_date = day

    def stored(self, study_instance_uid: str) -> list[str]:
        """SOP Instance UIDs kept of a study."""
        asked = select(Instance.sop_instance_uid).join(Study)
        with self.database.read() as session:
            return sorted(session.exec(asked.where(Study.study_instance_uid == study_instance_uid)))

    def images(self, case_id: int, datasets: list[Dataset]) -> None:
        """Prepared copies of a case, made by the real de-identification from these originals."""
        from gateway.privacy.deidentify.instance import PatientContext, deidentify
        from gateway.privacy.deidentify.part10 import encode
        from gateway.privacy.profile.profile import load_profile
        from gateway.privacy.pseudonyms import PseudonymKey

        key = PseudonymKey(b"k" * 32, "test").of("north")
        patient = PatientContext("PML-TEST0001", -1000, key)
        profile = load_profile()
        with self.database.write("test_images") as session:
            study_id = session.get_one(Case, case_id).study_id
            for number, original in enumerate(datasets):
                copy = deidentify(original, patient, profile).dataset
                blob = f"prepared/{case_id}/{number:04}.dcm"
                self.context.blobs.put(blob, encode(copy))
                instance = instance_of(study_id, number)
                session.add(instance)
                session.flush()
                session.add(
                    PreparedInstance(
                        case_id=case_id,
                        instance_id=instance.id,
                        sop_class_uid=str(copy.SOPClassUID),
                        sop_instance_uid=str(copy.SOPInstanceUID),
                        transfer_syntax_uid="1.2.840.10008.1.2.1",
                        blob=blob,
                    )
                )

    def held(self, case_id: int, original: Dataset, **columns: Any) -> int:
        """An object of a case that stayed here, as the pipeline would have listed it; returns its number."""
        from gateway.records.tables.cases import HeldObject

        self.numbers += 1
        stream = BytesIO()
        original.save_as(stream, enforce_file_format=True)
        with self.database.write("test_held") as session:
            instance = instance_of(session.get_one(Case, case_id).study_id, 5000 + self.numbers)
            instance.blob = f"received/{self.numbers:05}.dcm"
            self.context.blobs.put(instance.blob, stream.getvalue())
            session.add(instance)
            session.flush()
            values: dict[str, Any] = {
                "case_id": case_id,
                "instance_id": instance.id,
                "series_number": int(original.SeriesNumber),
                "kind": "other",
                "what": original.SOPClassUID.name,
                "frames": 1,
                "reason": "sop-class",
                "problem": "The object is not an MR image but Secondary Capture Image.",
                "fix": "Look at the image; a named person can release it when its pixels identify nobody.",
                "releasable": True,
                "stops_case": False,
                "found_at": self.database.now(session),
            }
            held = HeldObject(**(values | columns))
            session.add(held)
            session.flush()
            assert held.id is not None
            return held.id


def instance_of(study_id: int, number: int) -> Any:
    from datetime import UTC, datetime

    return Instance(
        study_id=study_id,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
        sop_instance_uid=f"{ORIGINAL_UID}.{study_id}.{number}",
        series_instance_uid=ORIGINAL_UID,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        digest=f"{number:064}",
        blob="none",
        size=1,
        generation=1,
        received_at=datetime.now(UTC),
    )


@contextmanager
def running(folder: Path, tables: dict[str, Any] | None = None, **web: Any) -> Iterator[WebGateway]:
    """A gateway's web role on SQLite in `folder`; `web` are keys of [web], `tables` other tables of the settings."""
    settings = Settings.model_validate(
        {
            "storage": {
                "database": f"sqlite:///{folder / 'gateway.sqlite'}",
                "objects": folder / "objects",
                "min_free_mb": 0,
            },
            "pictures": {"keep_free_mb": 0},
            "web": web,
        }
        | (tables or {})
    )
    database = Database(settings.storage.database)
    SQLModel.metadata.create_all(database.engine)
    blobs = LocalBlobs(settings.storage.objects)
    nodes = NodeDirectory.from_text(NODES)
    intake = Intake(settings, database, blobs)
    context = WebContext(settings, database, blobs, lambda: nodes, intake, rules=lambda: RULES)
    connections = Connections(connection_limits(settings))
    config = uvicorn.Config(
        create_application(context),
        host="127.0.0.1",
        port=0,
        log_level="critical",
        ws="none",
        http=connections.protocol,  # type: ignore[arg-type]
        lifespan="off",
        loop="asyncio",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    gateway = WebGateway(context, f"http://127.0.0.1:{port}")
    try:
        yield gateway
    finally:
        for client in gateway.clients:
            client.close()
        server.should_exit = True
        thread.join(10)
        intake.close()
        database.close()


NODES = """
nodes:
  - {name: hospital, kind: dimse, ae_title: HOSPITAL, host: 127.0.0.1, port: 11, roles: [sender, archive], site: north,
     accounts: [hospital]}
  - {name: reading-site, kind: dimse, ae_title: READER, host: 127.0.0.1, port: 12, roles: [reader],
     accounts: [reading-site]}
  - {name: far, kind: dimse, ae_title: FAR, host: 192.0.2.9, port: 11, roles: [sender], site: north,
     accounts: [far-sender]}
"""


def verdict() -> dict[str, Any]:
    """A protocol verdict as routing writes it."""
    requirements = [
        {"name": name, "met": met, "by_series": ORIGINAL_UID, "note": note}
        for name, met, note in (
            ("flair", True, "3D, 1 mm"),
            ("t2", True, "3 mm"),
            ("dwi", True, "b = 1000 s/mm²"),
            ("t1_contrast", True, "3D, 1 mm"),
        )
    ]
    return {"readability": "readable", "requirements": requirements, "limits": []}


def explanation() -> list[Any]:
    """Why the rule applied, with the free text of a hospital in it."""
    conditions = [
        {"fact": "called_ae_title", "operator": "is", "expected": "GATEWAY", "found": "GATEWAY", "met": True},
        {
            "fact": "study_description",
            "operator": "contains",
            "expected": "natalizumab",
            "found": "MRT Natalizumab Müller",
            "met": True,
        },
        {"fact": "modalities", "operator": "contains", "expected": "MR", "found": ["MR"], "met": True},
    ]
    return [
        {"rule_id": "natalizumab-surveillance", "version": "3", "matched": True, "conditions": conditions}
    ]


def series() -> list[Any]:
    """Recognised series as routing writes them, with fields that must not be shown."""
    return [
        {
            "series_instance_uid": f"{ORIGINAL_UID}.{number}",
            "series_number": number + 2,
            "description": "Müller FLAIR",
            "kind": kind,
            "confidence": 0.97,
            "images": 3,
            "slice_thickness_mm": 1.0 if kind == "flair" else 3.0,
            "three_d": kind == "flair",
            "plane": "axial",
            "b_values": [0, 1000] if kind == "dwi" else [],
            "contrast": kind == "t1_contrast",
        }
        for number, kind in enumerate(KINDS)
    ]


def phantom(small: bool = True, instances: int = 60) -> list[Dataset]:
    """The phantom's study, readable from bytes as a received one would be."""
    from pydicom import dcmread

    from gateway.demo.phantom import phantom_study

    found: list[Dataset] = []
    for dataset in phantom_study(date(2026, 11, 20), small=small, instances=instances):
        stream = BytesIO()
        dataset.save_as(stream, enforce_file_format=True)
        stream.seek(0)
        found.append(dcmread(stream))
    return found
