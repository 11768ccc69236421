"""The demo archive over real sockets: store, find, move, push, stop and start; DCMTK as the other side."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import MRImageStorage
from pynetdicom import build_context

from gateway.demo.errors import DemoError, NodeNotListening, PushFailed
from gateway.demo.hospital import HospitalArchive, push
from gateway.demo.listener import Requestor
from gateway.demo.reading_site import ReadingSite
from gateway.demo.services import QUERY_RETRIEVE
from support.nodes.demo_nodes import dcmtk, small_study

HOST = "127.0.0.1"
FIND = QUERY_RETRIEVE[2]
CONTEXTS = [build_context(FIND)]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[HospitalArchive]:
    with HospitalArchive("HOSPITAL", HOST, 0, tmp_path / "archive") as hospital:
        yield hospital


@pytest.fixture
def full_archive(archive: HospitalArchive) -> HospitalArchive:
    archive.keep(small_study())
    return archive


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ReadingSite]:
    with ReadingSite("READER", HOST, 0, tmp_path / "site") as reading_site:
        yield reading_site


def files_of(folder: Path) -> list[Path]:
    folder.mkdir()
    paths = []
    for number, ds in enumerate(small_study()):
        paths.append(folder / f"{number:03d}.dcm")
        ds.save_as(paths[-1], enforce_file_format=True)
    return paths


def find(archive: HospitalArchive, **keys: str) -> list[Dataset]:
    query = Dataset()
    for keyword, value in keys.items():
        setattr(query, keyword, value)
    association = Requestor("ANYBODY").associate(
        HOST, archive.port, contexts=CONTEXTS, ae_title=archive.ae_title
    )
    assert association.is_established
    replies = list(association.send_c_find(query, FIND))
    association.release()
    assert replies[-1][0].Status == (0xA900 if keys["QueryRetrieveLevel"] == "FOLDER" else 0x0000)
    return [reply for status, reply in replies if status.Status == 0xFF00 and reply is not None]


def test_what_is_pushed_is_on_disk_unchanged(archive: HospitalArchive, tmp_path: Path) -> None:
    """Every pushed file is stored, progress counts to the end, and data sets come back equal."""
    paths = files_of(tmp_path / "out")
    seen: list[tuple[int, int]] = []
    assert push(paths, HOST, archive.port, "HOSPITAL", lambda done, total: seen.append((done, total))) == len(
        paths
    )
    assert seen[-1] == (len(paths), len(paths))
    stored = {file.sop_instance_uid: file for file in archive.files()}
    assert len(stored) == len(paths)
    for path in paths:
        sent = dcmread(path)
        assert stored[sent.SOPInstanceUID].read() == sent


def test_a_second_push_changes_nothing(archive: HospitalArchive, tmp_path: Path) -> None:
    """The same instances twice are Success and are kept once."""
    paths = files_of(tmp_path / "out")[:4]
    for _ in range(2):
        push(paths, HOST, archive.port, "HOSPITAL")
    assert len(archive.files()) == 4


def test_push_says_that_nobody_listens(tmp_path: Path) -> None:
    """A closed port raises PushFailed with the address in it."""
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        port = closed.getsockname()[1]
    with pytest.raises(PushFailed, match=f"NOBODY at {HOST}:{port} cannot be reached"):
        push(files_of(tmp_path / "out")[:1], HOST, port, "NOBODY")


def test_push_says_that_the_called_ae_title_is_wrong(archive: HospitalArchive, tmp_path: Path) -> None:
    """A rejected association raises PushFailed with the peer's reason."""
    with pytest.raises(PushFailed, match=r"rejected the association: Called AE title not recognised"):
        push(files_of(tmp_path / "out")[:1], HOST, archive.port, "WRONG")


def test_push_says_which_file_was_refused(archive: HospitalArchive, tmp_path: Path) -> None:
    """A failure status stops the push with file and status, and says how many were sent before."""
    paths = files_of(tmp_path / "out")
    archive.store_status = lambda header: 0xA700 if header.SeriesNumber == 3 else 0x0000
    with pytest.raises(PushFailed, match="status 0xA700") as failure:
        push(paths, HOST, archive.port, "HOSPITAL")
    assert failure.value.sent == len(archive.files()) == 3


def test_push_says_that_a_sop_class_is_not_accepted(tmp_path: Path) -> None:
    """An archive that takes only structured reports refuses MR images by presentation context."""
    with (
        HospitalArchive(
            "SRONLY", HOST, 0, tmp_path / "sr", accepts=["1.2.840.10008.5.1.4.1.1.88.22"]
        ) as archive,
        pytest.raises(PushFailed, match=r"SRONLY at .*does not accept MR Image Storage"),
    ):
        push(files_of(tmp_path / "out")[:1], HOST, archive.port, "SRONLY")


def test_push_refuses_what_is_not_dicom(archive: HospitalArchive, tmp_path: Path) -> None:
    """A text file is named in the error; nothing is sent."""
    (tmp_path / "note.txt").write_text("not DICOM")
    with pytest.raises(PushFailed, match=r"note.txt is not a readable DICOM file"):
        push([tmp_path / "note.txt"], HOST, archive.port, "HOSPITAL")


def test_find_answers_at_every_level(full_archive: HospitalArchive) -> None:
    """A study, its series and its images are found by their keys, with counts."""
    study = small_study()[0]
    found = find(
        full_archive,
        QueryRetrieveLevel="STUDY",
        PatientID=study.PatientID,
        StudyInstanceUID="",
        PatientName="",
        ModalitiesInStudy="",
        NumberOfStudyRelatedInstances="",
        AccessionNumber="",
    )
    assert len(found) == 1
    assert found[0].StudyInstanceUID == study.StudyInstanceUID
    assert found[0].NumberOfStudyRelatedInstances == len(small_study())
    assert (str(found[0].PatientName), found[0].AccessionNumber) == (study.PatientName, study.AccessionNumber)
    series = find(
        full_archive,
        QueryRetrieveLevel="SERIES",
        StudyInstanceUID=study.StudyInstanceUID,
        SeriesInstanceUID="",
        SeriesDescription="",
        NumberOfSeriesRelatedInstances="",
    )
    assert len(series) == 7
    uids = "\\".join(ds.SOPInstanceUID for ds in small_study()[:3])
    images = find(
        full_archive, QueryRetrieveLevel="IMAGE", StudyInstanceUID=study.StudyInstanceUID, SOPInstanceUID=uids
    )
    assert len(images) == 3


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({"PatientName": "musterfrau*"}, 1),
        ({"PatientName": "Somebody*"}, 0),
        ({"StudyDate": "20261101-20261130"}, 1),
        ({"StudyDate": "-20261101"}, 0),
        ({"ModalitiesInStudy": "MR"}, 1),
        ({"ModalitiesInStudy": "SR"}, 0),
        ({"PatientID": "DEMO-47??"}, 1),
        ({"PatientID": "*"}, 1),
    ],
)
def test_find_matches_by_wildcard_range_and_modality(
    full_archive: HospitalArchive, keys: dict[str, str], count: int
) -> None:
    """Matching follows PS3.4 C.2.2.2."""
    assert len(find(full_archive, QueryRetrieveLevel="STUDY", StudyInstanceUID="", **keys)) == count


def test_find_refuses_an_unknown_level(full_archive: HospitalArchive) -> None:
    """An identifier that does not match the SOP class is answered with A900."""
    assert find(full_archive, QueryRetrieveLevel="FOLDER") == []


def test_an_archive_remembers_after_a_restart(tmp_path: Path) -> None:
    """What was stored is found again in the folder; a cut-off file is left out; the port stays the same."""
    archive = HospitalArchive("HOSPITAL", HOST, 0, tmp_path / "archive").start()
    archive.keep(small_study())
    port = archive.port
    archive.stop()
    (tmp_path / "archive" / "1.2").mkdir()
    (tmp_path / "archive" / "1.2" / "cut.dcm").write_bytes(b"\0" * 128 + b"DICM\2\0")
    with HospitalArchive("HOSPITAL", HOST, port, tmp_path / "archive") as again:
        assert again.port == port
        assert len(again.files()) == len(small_study())


def test_stop_returns_although_a_peer_keeps_its_association(archive: HospitalArchive) -> None:
    """Open associations are aborted, a silent TCP connection too, and the port can be used again at once."""
    association = Requestor("IDLE").associate(HOST, archive.port, contexts=CONTEXTS, ae_title="HOSPITAL")
    assert association.is_established
    with socket.create_connection((HOST, archive.port)):
        begin = time.monotonic()
        archive.stop()
        assert time.monotonic() - begin < 5
    archive.start()
    assert dcmtk("echoscu", "-aec", "HOSPITAL", HOST, str(archive.port)).returncode == 0
    association.abort()


def test_a_taken_port_is_named(archive: HospitalArchive, tmp_path: Path) -> None:
    """Two nodes cannot listen on one port; the second says so."""
    with pytest.raises(NodeNotListening, match=f"cannot listen on {HOST}:{archive.port}"):
        ReadingSite("OTHER", HOST, archive.port, tmp_path / "other").start()


def test_a_study_goes_from_the_hospital_to_the_reading_site(
    full_archive: HospitalArchive, site: ReadingSite
) -> None:
    """push_study sends every instance of the study with the hospital's AE title."""
    uid = small_study()[0].StudyInstanceUID
    assert full_archive.push_study(uid, HOST, site.port, "READER") == len(small_study())
    assert {f.sop_instance_uid for f in site.files(Modality="MR")} == {
        ds.SOPInstanceUID for ds in small_study()
    }
    with pytest.raises(DemoError, match="holds no study"):
        full_archive.push_study("1.2.3", HOST, site.port, "READER")


@pytest.mark.dcmtk
def test_dcmtk_stores_finds_and_moves(archive: HospitalArchive, site: ReadingSite, tmp_path: Path) -> None:
    """storescu, findscu and movescu work against the archive; the moved images arrive at the named destination."""
    files_of(tmp_path / "out")
    archive.know("READER", HOST, site.port)
    port = str(archive.port)
    stored = dcmtk("storescu", "-aec", "HOSPITAL", "+sd", HOST, port, str(tmp_path / "out"))
    assert stored.returncode == 0, stored.stdout
    assert len(archive.files()) == len(small_study())
    study = small_study()[0].StudyInstanceUID
    found = dcmtk(
        "findscu",
        "-v",
        "-S",
        "-aec",
        "HOSPITAL",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        "PatientID=DEMO-4711",
        "-k",
        "StudyInstanceUID",
        HOST,
        port,
    )
    assert study in found.stdout, found.stdout
    moved = dcmtk(
        "movescu",
        "-v",
        "-S",
        "-aec",
        "HOSPITAL",
        "-aem",
        "READER",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        f"StudyInstanceUID={study}",
        HOST,
        port,
    )
    assert moved.returncode == 0, moved.stdout
    assert len(site.wait_for(lambda files: len(files) == len(small_study()), 5)) == len(small_study())


@pytest.mark.dcmtk
def test_moving_to_an_unknown_destination_fails(full_archive: HospitalArchive) -> None:
    """C-MOVE to an AE title nobody entered ends with A801, Move Destination Unknown."""
    study = small_study()[0].StudyInstanceUID
    moved = dcmtk(
        "movescu",
        "-v",
        "-S",
        "-aec",
        "HOSPITAL",
        "-aem",
        "NOWHERE",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        f"StudyInstanceUID={study}",
        HOST,
        str(full_archive.port),
    )
    assert "MoveDestinationUnknown" in moved.stdout, moved.stdout


def test_waiting_for_files_ends_with_the_count_reached(site: ReadingSite) -> None:
    """A file that never comes raises TimeoutError instead of hanging."""
    with pytest.raises(TimeoutError, match="0 matching files"):
        site.wait_for(lambda files: bool(files), 0.2, Modality="SR")


def test_a_refusing_reading_site_answers_with_its_status(site: ReadingSite, tmp_path: Path) -> None:
    """The status that a test wants is what the sender sees, and nothing is kept."""
    site.store_status = lambda _header: 0xC123
    with pytest.raises(PushFailed, match="0xC123"):
        push(files_of(tmp_path / "out")[:2], HOST, site.port, "READER")
    assert site.files(SOPClassUID=str(MRImageStorage)) == ()
