"""Any order of pushes, corrections, merges, decisions, signature and return: the identity a lead chose is on all of it.

The model knows what was sent and what was decided, nothing of how it is kept. Nothing is sent over a network: the
study came by upload, so its report is returned to its page.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydicom import Dataset, dcmread
from sqlmodel import select

from gateway.errors import WrongState
from gateway.lifecycle import OPEN_CONFLICT, Choice
from gateway.pipeline.steps.persons import whom
from gateway.records import ledger
from gateway.records.tables.cases import Case
from gateway.records.tables.conflicts import TWO_IDENTITIES, Conflict
from gateway.records.tables.studies import Instance
from gateway.reporting.example import phantom_report
from support.engine import Bench, bench, scans
from support.records import LEASE, reader

NUMBERS = ("TEMP-1", "REAL-7", "THIRD-3")
OBJECTS = range(3)
IN_FORCE, SAME, ASKED, ASIDE, REJECTED = "in force", "same", "asked", "aside, and nothing stands", "rejected"
Version = tuple[str, bool]
"""The patient number, and whether an archive has filled an attribute in."""


@cache
def images(number: str) -> tuple[Dataset, ...]:
    """The smallest study that can be read, under a patient number."""
    series: dict[str, Dataset] = {}
    for ds in scans(PatientID=number, PatientName=f"{number}^Rita"):
        series.setdefault(ds.SeriesInstanceUID, ds)
    return tuple(series.values())[: len(OBJECTS)]  # FLAIR, T2, DWI


@cache
def prepared_folder() -> Path:
    """A folder with keys and an empty database, to copy."""
    folder = Path(tempfile.mkdtemp(prefix="any-order-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with bench(folder):
        pass
    return folder


class AnyOrder(RuleBasedStateMachine):
    """What a sender, a lead, a reader and a coordinator can do."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        shutil.copytree(prepared_folder(), folder, dirs_exist_ok=True)
        self.pipeline: Bench = self.stack.enter_context(bench(Path(folder)))
        self.ana = reader(self.pipeline.context.database)
        self.versions: dict[int, dict[Version, str]] = {each: {} for each in OBJECTS}
        """Where each version of each object stands, in the order in which they came last."""
        self.whole = ""
        """The number that a lead chose for all of it."""
        self.left: dict[str, str] = {}
        """The number in each report that was returned, by its SOP Instance UID."""

    def teardown(self) -> None:
        """The same at the end, when all that was sent is complete."""
        self.pipeline.run(61)
        self.pipeline.run(61)
        self.look()
        self.pipeline.intake.close()
        self.stack.close()

    # ---- what is there

    def case(self) -> Case | None:
        """The case, if the study has come so far."""
        with self.pipeline.context.database.read() as session:
            return session.exec(select(Case)).first()

    def conflict(self) -> Conflict | None:
        """The open question."""
        with self.pipeline.context.database.read() as session:
            return session.exec(select(Conflict).where(Conflict.state.in_(OPEN_CONFLICT))).first()  # type: ignore[attr-defined]

    def conflict_is_settled(self, was: Conflict) -> bool:
        """Whether a question is over."""
        with self.pipeline.context.database.read() as session:
            return session.get_one(Conflict, was.saved_id).state == "SETTLED"

    def stands(self, each: int) -> Version | None:
        """The version of an object that is in force."""
        return next((one for one, where in self.versions[each].items() if where == IN_FORCE), None)

    def number(self) -> str:
        """Whose the study is; empty while its objects name several and nobody has chosen."""
        named = {one[0] for each in OBJECTS if (one := self.stands(each))}
        return self.whole or (named.pop() if len(named) == 1 else "")

    def pseudonym(self, number: str) -> str:
        """What stands for a patient number."""
        key = self.pipeline.context.pseudonym_key
        return key.alias("hospital", whom(images(number)[0])).pseudonym

    # ---- what they do

    @initialize(number=st.sampled_from(NUMBERS))
    def first_push(self, number: str) -> None:
        """The study comes, and is complete."""
        self.push(number, list(OBJECTS), False)
        self.time_passes()

    @rule(
        number=st.sampled_from(NUMBERS),
        objects=st.just(list(OBJECTS))
        | st.lists(st.sampled_from(OBJECTS), min_size=1, max_size=2, unique=True),
        filled=st.booleans(),
    )
    def push(self, number: str, objects: list[int], filled: bool) -> None:
        """The sender sends some or all of it, once more or corrected; its archive may fill an attribute in."""
        sent = [Dataset(images(number)[each]) for each in objects]
        for each, ds in zip(objects, sent, strict=True):
            ds.file_meta = images(number)[each].file_meta
            if filled:
                ds.RetrieveAETitle = "PACS"
        self.pipeline.keep(sent, node="")
        version = (number, filled)
        for each in objects:
            known = self.versions[each]
            if known.get(version, REJECTED) not in (REJECTED, ASIDE):
                continue
            stands = self.stands(each)
            known.pop(version, None)
            known[version] = IN_FORCE if stands is None else SAME if stands[0] == number else ASKED

    @rule()
    def time_passes(self) -> None:
        """Longer than the quiet time: what was awaited, and came, is complete."""
        was = self.conflict()
        self.pipeline.run(61)
        if was is not None and was.state == "AWAITED" and self.conflict_is_settled(was):
            self.whole = ""
            for known in self.versions.values():
                known.update({one: REJECTED for one, where in known.items() if where == ASIDE})
        self.look()

    @rule()
    def worker_runs(self) -> None:
        """What is due is done."""
        self.pipeline.run()
        self.look()

    @precondition(
        lambda self: (found := self.conflict()) is not None and found.state in ("CONTESTED", "AWAITED")
    )
    @rule(choice=st.sampled_from(Choice))
    def decide(self, choice: Choice) -> None:
        """A lead decides what is asked."""
        found = self.conflict()
        assert found is not None
        try:
            ledger.decide_conflict(
                self.pipeline.context.database, found.saved_id, choice, "lea", "why", objects=found.objects
            )
        except WrongState:  # the images are being sent again
            assert found.state == "AWAITED"
            return
        if found.kind == TWO_IDENTITIES:
            self.decided_whose(found, choice)
        else:
            self.decided_which(choice)
        self.pipeline.run()
        self.look()

    def decided_which(self, choice: Choice) -> None:
        """Of two versions of some objects, or of what none stands of."""
        changed = False
        for each, known in self.versions.items():
            stands = self.stands(each)
            asked = [one for one, where in known.items() if where == ASKED]
            if not asked and ASIDE not in known.values():
                continue
            candidates = [one for one, where in known.items() if where in (IN_FORCE, ASKED, ASIDE)]
            if choice == Choice.NEITHER:
                chosen = None
            elif stands and not (asked and choice == Choice.NEWER):
                chosen = stands
            else:
                chosen = candidates[-1 if choice == Choice.NEWER else 0]
            for one in candidates:
                known[one] = IN_FORCE if one == chosen else ASIDE if chosen is None else REJECTED
            self.fall(each, stands, chosen)
            changed = changed or chosen != stands
        if changed:
            self.whole = ""

    def fall(self, each: int, stood: Version | None, stands: Version | None) -> None:
        """What said the same as a version that stands no more does not stand either."""
        if stood != stands:
            for one, where in self.versions[each].items():
                if where == SAME:
                    self.versions[each][one] = REJECTED

    def decided_whose(self, found: Conflict, choice: Choice) -> None:
        """Of two patients in one study."""
        chosen = found.other_id if choice == Choice.NEWER else found.first_id
        with self.pipeline.context.database.read() as session:
            row = session.get_one(Instance, chosen)
        self.whole = str(dcmread(self.pipeline.context.blobs.path(row.blob)).PatientID)
        if choice == Choice.NEITHER:
            self.whole = ""
            for each, known in self.versions.items():
                stood = self.stands(each)
                for one, where in known.items():
                    if where in (IN_FORCE, ASIDE):
                        known[one] = ASIDE
                self.fall(each, stood, None)
        else:
            for known in self.versions.values():  # all of it again, if it was set aside to wait
                for one in [one for one, where in known.items() if where == ASIDE]:
                    known[one] = IN_FORCE

    @precondition(lambda self: (found := self.case()) is not None and found.state == "FORWARDED")
    @rule()
    def sign(self) -> None:
        """A reader signs; never what is contested."""
        database = self.pipeline.context.database
        ledger.claim_case(database, 1, self.ana, LEASE)
        words = phantom_report(prior_study_date=None).model_dump(mode="json")
        if self.conflict() is None:
            ledger.sign_report(database, 1, self.ana, words)
        else:
            with pytest.raises(WrongState):
                ledger.sign_report(database, 1, self.ana, words)

    @precondition(lambda self: (found := self.case()) is not None and found.correction_wanted)
    @rule()
    def correct(self) -> None:
        """A coordinator sends the corrected report; never of what is contested."""
        if self.conflict() is None:
            ledger.correct_report(self.pipeline.context.database, 1, "carla")
        else:
            with pytest.raises(WrongState):
                ledger.correct_report(self.pipeline.context.database, 1, "carla")

    # ---- what holds

    def look(self) -> None:
        """What left since the last look, and what is ready, is under the number that stands."""
        found, is_open = self.case(), self.conflict() is not None
        with self.pipeline.context.database.read() as session:
            rows = session.exec(select(Instance).where(Instance.standing == "in force")).all()
        in_force = [row.sop_instance_uid for row in rows]
        assert len(in_force) == len(set(in_force)), "two versions of one object are in force"
        if found is None:
            return
        assert "unexpected" not in found.problem, found.problem
        if found.state in ("RETURNED", "CONFIRMED"):
            uid = found.composed["enhanced"]["sop_instance_uid"]
            report = dcmread(self.pipeline.context.blobs.path(found.composed["enhanced"]["blob"]))
            if uid not in self.left:
                assert not is_open, "a report left while its study was contested"
                self.left[uid] = str(report.PatientID)
                assert self.left[uid] == self.number()
            elif not is_open and self.number() and not self.is_arriving():
                assert found.correction_wanted or self.left[uid] == self.number()
        if not is_open and found.state == "FORWARDED" and not self.is_arriving():
            assert self.number(), "several patients, and nobody is asked"
            assert found.pseudonym == self.pseudonym(self.number())
            assert {str(copy.PatientID) for copy in self.pipeline.copies()} == {found.pseudonym}

    def is_arriving(self) -> bool:
        """Whether what came last is not looked at yet."""
        return self.pipeline.study(1).state == "RECEIVED"


def test_any_order_ends_with_the_identity_that_was_chosen() -> None:
    """On every copy and every report that leaves; and no signature and no return while the study is contested."""
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=12, stateful_step_count=12, phases=(Phase.generate,)
        ),  # shrinking takes minutes
    )
