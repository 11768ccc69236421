"""Which case an object of a reading site belongs to: one, or none with a reason and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from dicom_nodes.directory import NodeDirectory
from gateway.pipeline.replies.case_of_reply import (
    ACCEPTED,
    DOCUMENTS,
    Candidate,
    NoCase,
    fitting_case,
    is_report,
)
from gateway.records.tables.cases import Case, Reply

NODES = NodeDirectory.from_text(
    """
nodes:
  - {name: hospital, ae_title: HOSPITAL, host: 127.0.0.1, port: 1, roles: [sender, archive], site: hospital}
  - {name: reading-web, kind: dicomweb, url: 'https://r', roles: [reader], site: reading}
  - {name: reading-ae, ae_title: READING, host: 127.0.0.1, port: 2, roles: [reader], site: reading}
  - {name: other-site, ae_title: OTHER, host: 127.0.0.1, port: 3, roles: [reader, sender], site: other}
"""
)
SR = "1.2.840.10008.5.1.4.1.1.88.33"


def case(number: int = 1, destination: str = "reading-web", pseudonym: str = "PML-A") -> Case:
    """A case as the records have it."""
    return Case(id=number, destination=destination, pseudonym=pseudonym, rule_id="natalizumab")


def reply(node: str = "reading-web", sop_class_uid: str = SR) -> Reply:
    """An object as the records have it."""
    return Reply(id=1, node=node, sop_class_uid=sop_class_uid)


def candidate(present: Case, forwarded: bool = True, replies_from: tuple[str, ...] = ()) -> Candidate:
    """A case and who may answer for it."""
    return Candidate(present, forwarded and bool(present.destination), replies_from)


@pytest.mark.parametrize("patient", ["PML-A", ""])
def test_the_node_that_the_case_was_forwarded_to_answers_for_it(patient: str) -> None:
    """An empty Patient ID names nobody else."""
    assert isinstance(fitting_case(reply(), patient, [candidate(case())], NODES), Case)


@pytest.mark.parametrize("destination", ["", "reading-web"])
def test_a_node_that_the_rule_names_answers_too(destination: str) -> None:
    """A site that is sent studies by STOW-RS may send back by C-STORE; one that fetched from our queue may answer."""
    named = candidate(case(destination=destination), replies_from=("reading-ae", "other-site"))
    for node in ("reading-ae", "other-site"):
        assert isinstance(fitting_case(reply(node), "PML-A", [named], NODES), Case)


NODE = st.sampled_from(["reading-web", "reading-ae", "other-site", "hospital"])


@given(
    NODE,
    NODE | st.just(""),
    st.booleans(),
    st.frozensets(NODE),
    st.sampled_from(["PML-A", "", "PML-B"]),
)
def test_nobody_answers_who_was_not_asked(
    node: str, destination: str, forwarded: bool, named: frozenset[str], patient: str
) -> None:
    """A fit needs a reader that was sent the case, or that its rule names; and no other patient."""
    present = candidate(case(destination=destination), forwarded, tuple(sorted(named)))
    found = fitting_case(reply(node), patient, [present], NODES)
    asked = node in named or (forwarded and node == destination)
    assert isinstance(found, Case) == (asked and node != "hospital" and patient != "PML-B")
    if not asked and node != "hospital":
        assert isinstance(found, NoCase)
        assert node in found.problem
        assert f"add it to replies_from of rule {present.case.rule_id}" in found.fix


def test_of_two_sites_with_the_same_study_the_pseudonym_decides() -> None:
    """Two senders may use one Study Instance UID; their patients have different pseudonyms."""
    two = [candidate(case(1, pseudonym="PML-A")), candidate(case(2, pseudonym="PML-B"))]
    found = fitting_case(reply(), "PML-B", two, NODES)
    assert isinstance(found, Case)
    assert found.id == 2


def test_of_two_cases_of_one_patient_a_node_answers_for_the_one_that_it_was_sent() -> None:
    """A rule may send to several and take replies from them and others; a node that was sent neither is not guessed."""
    both = [
        candidate(case(1, "reading-ae"), replies_from=("reading-ae", "other-site")),
        candidate(case(2, "reading-web"), replies_from=("reading-ae", "other-site")),
    ]
    for patient in ("PML-A", ""):
        for node, number in (("reading-ae", 1), ("reading-web", 2)):
            found = fitting_case(reply(node), patient, both, NODES)
            assert isinstance(found, Case)
            assert found.id == number
        unknown = fitting_case(reply("other-site"), patient, both, NODES)
        assert isinstance(unknown, NoCase)
        assert "a rule for each destination in place of natalizumab" in unknown.fix
    both[1].case.rule_id = "second"
    apart = fitting_case(reply("other-site"), "PML-A", both, NODES)
    assert isinstance(apart, NoCase)
    assert "only one of the rules natalizumab, second, and try again" in apart.fix


def test_who_was_sent_one_of_two_patients_studies_is_not_taken_to_mean_it() -> None:
    """Without a Patient ID the object may be either patient's, whoever sent it."""
    two = [
        candidate(case(1, "reading-ae", "PML-A"), replies_from=("reading-ae",)),
        candidate(case(2, "reading-web", "PML-B"), replies_from=("reading-ae",)),
    ]
    found = fitting_case(reply("reading-ae"), "", two, NODES)
    assert isinstance(found, NoCase)
    assert "of different patients" in found.problem


@pytest.mark.parametrize(
    ("came", "patient", "candidates", "problem"),
    [
        (reply(), "PML-A", [], "was not sent out"),
        (reply("hospital"), "PML-A", [case()], "no reading site"),
        (reply(""), "PML-A", [case()], "an account is no reading site"),
        (reply("gone"), "PML-A", [case()], "no node 'gone'"),
        (reply("other-site"), "PML-A", [case()], "was not sent to other-site"),
        (reply("other-site"), "PML-A", [case(destination="gone")], "was not sent to other-site"),
        (reply("reading-ae"), "PML-A", [case()], "was not sent to reading-ae"),
        (reply("other-site"), "PML-A", [case(destination="")], "does not name other-site in replies_from"),
        (reply(), "PML-B", [case()], "not the pseudonym"),
        (reply(), "4711", [case()], "not the pseudonym"),
        (reply(), "", [case(1), case(2)], "more than one case (1, 2)"),
        (reply(sop_class_uid="1.2.840.10008.5.1.4.1.1.66"), "PML-A", [case()], "Raw Data Storage"),
        (reply(sop_class_uid="1.3.12.2.1107.5.9.1"), "PML-A", [case()], "cannot be put back"),
    ],
)
def test_whatever_is_not_certain_is_held_with_a_way_out(
    came: Reply, patient: str, candidates: list[Case], problem: str
) -> None:
    """Each reason is said, with what a person can do, and without the patient number that was named."""
    found = fitting_case(came, patient, [candidate(each) for each in candidates], NODES)
    assert isinstance(found, NoCase)
    assert problem in found.problem
    assert found.fix
    assert "4711" not in found.problem + found.fix


@pytest.mark.parametrize(
    ("sop_class", "flags", "stands"),
    [
        (SR, {"CompletionFlag": "COMPLETE"}, True),
        (SR, {"CompletionFlag": "PARTIAL"}, False),
        ("1.2.840.10008.5.1.4.1.1.104.1", {}, True),
        ("1.2.840.10008.5.1.4.1.1.88.59", {"CompletionFlag": "COMPLETE"}, False),
        ("1.2.840.10008.5.1.4.1.1.66.4", {}, False),
    ],
)
def test_only_a_complete_document_can_be_the_report(
    sop_class: str, flags: dict[str, Any], stands: bool
) -> None:
    """A preliminary SR, key objects and a segmentation do not end a case."""
    ds = Dataset()
    ds.SOPClassUID = sop_class
    for keyword, value in flags.items():
        setattr(ds, keyword, value)
    assert is_report(ds) is stands
    assert set(DOCUMENTS) < set(ACCEPTED)
