"""The engine: claims a due case or study, runs its step, records the result. Nothing else commits a step.

A claim is a lease with a fence number (records.ledger). While a step runs, a heartbeat prolongs the
lease; a worker that dies stops prolonging, and another takes the work over, with a higher fence. The
dead one's result, should it come after all, is refused.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import threading
import time
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dicom_nodes.errors import NodeError
from gateway import logs
from gateway.errors import GatewayError
from gateway.pipeline import retry
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.runner.peer_limits import PeerLimits
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.step_table import STATES_WITH_STEPS, STEPS
from gateway.privacy.errors import PrivacyError
from gateway.records import ledger
from gateway.records.ledger import Claim
from routing_rules.errors import RuleError

log = logs.get(__name__)

HEARTBEATS_PER_LEASE = 3


class Engine:
    """Runs steps on its own threads until stopped; `wake` makes it look at once."""

    def __init__(self, context: StepContext, workers: int = 4) -> None:
        self.context = context
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._lease = timedelta(seconds=context.settings.engine.lease)
        self._stopping = threading.Event()
        self._awake = threading.Condition()
        self._held: dict[tuple[str, int], Claim] = {}
        self._peer_limits = PeerLimits(workers)
        self._claiming = threading.Lock()
        self._threads = [threading.Thread(target=self._work, name=f"step-{n}") for n in range(workers)]
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._heart.start()
        for thread in self._threads:
            thread.start()

    def stop(self, drain: float) -> None:
        """Take no new work and wait up to `drain` seconds for the steps that run; what runs longer is let go."""
        self._stopping.set()
        self.wake()
        until = time.monotonic() + drain
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for claim in list(self._held.values()):
            try:
                ledger.let_go(self.context.database, claim)
            except SQLAlchemyError:  # its lease ends by itself
                log.exception("work could not be let go")
        self.context.cores.close()

    def wake(self) -> None:
        """Look for due work now (the scheduler's tick)."""
        with self._awake:
            self._awake.notify_all()

    def run_due(self) -> int:
        """Run everything that is due in this thread, then return how many steps ran (for tests and commands)."""
        ran = 0
        while self._one():
            ran += 1
        return ran

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self._one()
            except Exception:  # the database is away: the lease ends by itself, and the next tick tries again
                log.exception("a worker could not reach its records")
                busy = False
            if not busy:
                with self._awake:
                    self._awake.wait(self.context.settings.engine.poll)

    def _one(self) -> bool:
        """Claim and run one step; False when nothing is due."""
        with self._claiming:  # looking where there is room and taking it are one
            claim = ledger.claim_due(
                self.context.database, self.name, self._lease, STATES_WITH_STEPS, self._peer_limits.full()
            )
            if claim is None:
                return False
            self._peer_limits.enter(claim.peer)
        self._held[claim.unit, claim.id] = claim
        answered = False
        try:
            with structlog.contextvars.bound_contextvars(unit=claim.unit, number=claim.id, state=claim.state):
                began = time.monotonic()
                result = self._run(claim)
                answered = not (isinstance(result, NotYet) and result.look_again is None)
                self._record(claim, result, time.monotonic() - began)
        finally:
            self._held.pop((claim.unit, claim.id), None)
            self._peer_limits.leave(claim.peer, answered=answered)
        return True

    def _run(self, claim: Claim) -> StepResult:
        """The step's result; an error it did not foresee becomes one, by its class."""
        with self.context.database.read() as session:
            turn = Turn(claim, self.context.database.now(session))
        try:
            return STEPS[claim.unit, claim.state](turn, self.context)
        except NodeError as error:
            return NotYet(error.problem) if error.transient else Stuck(error.problem, error.fix)
        except (GatewayError, PrivacyError, RuleError) as error:
            return Stuck(error.problem, error.fix)
        except OSError as error:
            return NotYet(f"{type(error).__name__}: {error.strerror or 'input or output failed'}")
        except Exception as error:  # a bug must park one case with its name, not stop the others
            log.exception("a step failed in a way nobody foresaw")
            return Stuck(
                f"The step failed unexpectedly ({type(error).__name__}).",
                "The log has the trace; retry the case after the cause is mended, or report it.",
            )

    def _record(self, claim: Claim, result: StepResult, seconds: float) -> None:
        database = self.context.database
        match result:
            case Done(reached, record):
                kept = ledger.advance(database, claim, reached, record)
                log.info("step done", reached=str(reached), seconds=round(seconds, 3))
                self.wake()
            case NotYet():
                kept = self._postpone(claim, result)
            case Stuck(problem, fix, record):
                kept = ledger.park(database, claim, problem, fix, record)
                log.warning("parked", problem=problem)
        if not kept:
            log.warning("result refused: the work was taken over or changed meanwhile")

    def _postpone(self, claim: Claim, result: NotYet) -> bool:
        settings = self.context.settings.engine
        database = self.context.database
        why, record = result.why, result.record
        if result.look_again is not None:
            return ledger.postpone(database, claim, why, result.look_again, record, failed=False)
        with database.read() as session:
            failing_for = database.now(session) - (claim.failing_since or database.now(session))
        if retry.exhausted(failing_for, settings):
            return ledger.park(
                database,
                claim,
                f"{why} (tried for {failing_for})",
                "Mend the cause, then retry the case.",
                record,
            )
        log.info("will try again", why=why)
        return ledger.postpone(
            database, claim, why, retry.delay(claim.attempts, settings, random.random()), record
        )

    def _beat(self) -> None:
        while not self._stopping.wait(self._lease.total_seconds() / HEARTBEATS_PER_LEASE):
            for claim in list(self._held.values()):
                try:
                    ledger.renew(self.context.database, claim, self._lease)
                except Exception:  # a missed beat is mended by the next, or by the fence
                    log.exception("a lease could not be prolonged")
