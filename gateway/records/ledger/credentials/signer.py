"""A signer without a password here is asked by their issuer once more, for one case, and signs within minutes.

What is proven: that after we asked, and not before, the person of this account authenticated themselves at the issuer
(`auth_time`), in an answer to this very question (its seed), for the session that asked. It is used up by a signature.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, delete, select

from gateway.errors import NotAllowed
from gateway.records.credentials import PROOF_ASKED, PROOF_HOLDS, secret_hash
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.credentials import IssuedPerson, SignerProof


def ask_signer(database: Database, session_secret: str, account_id: int, case_id: int, seed: str) -> None:
    """Remember what is asked; a session asks one thing at a time, and old questions are forgotten."""
    with database.write("ask_signer") as session:
        now = database.now(session)
        own = secret_hash(session_secret)
        old = col(SignerProof.asked_at) < now - PROOF_ASKED - PROOF_HOLDS
        session.execute(delete(SignerProof).where(old | (col(SignerProof.session) == own)))
        session.add(
            SignerProof(
                session=own, account_id=account_id, case_id=case_id, seed=secret_hash(seed), asked_at=now
            )
        )


def prove_signer(
    database: Database, seed: str, issuer: str, subject: str, auth_time: datetime, skew: timedelta
) -> int:
    """Keep the issuer's answer; returns the number of the case. Raises NotAllowed with the reason."""
    why = fix = ""
    case_id = 0
    with database.write("prove_signer") as session:
        now = database.now(session)
        proof = session.exec(select(SignerProof).where(SignerProof.seed == secret_hash(seed))).first()
        person = session.exec(
            select(IssuedPerson).where(IssuedPerson.issuer == issuer, IssuedPerson.subject == subject)
        ).first()
        if proof is None or proof.proven_at is not None or proof.asked_at < now - PROOF_ASKED:
            why, fix = "This answer is too old, or was used already.", "Begin the confirmation again."
        elif person is None or person.account_id != proof.account_id:
            why = "Somebody else answered at the issuer than who is signed in here."
            fix = "Confirm as the person who is signed in; or sign out and begin again."
        elif auth_time < proof.asked_at - skew:
            why = "The issuer did not ask again who is there."
            fix = "Tell whoever runs the issuer: it has to honour prompt=login and max_age."
        else:
            case_id = proof.case_id
            proof.proven_at = now
        whom = f"account {proof.account_id if proof is not None else '-'}"
        what = "signer confirmation refused" if why else "signer confirmed by issuer"
        audit_trail.append(
            session, now, "issuer", what, whom, {"why": why} if why else {"case": str(case_id)}
        )
    if why:
        raise NotAllowed(why, fix)
    return case_id


def use_proof(database: Database, session_secret: str, account_id: int, case_id: int) -> None:
    """The signature takes the proof, once. Raises NotAllowed where there is none that holds."""
    holds = False
    with database.write("use_proof") as session:
        now = database.now(session)
        proof = session.get(SignerProof, secret_hash(session_secret))
        if proof is not None and proof.proven_at is not None:
            holds = (proof.account_id, proof.case_id) == (account_id, case_id) and (
                proof.proven_at + PROOF_HOLDS > now
            )
            session.delete(proof)
        if not holds:
            audit_trail.append(session, now, "issuer", "signer confirmation refused", f"account {account_id}")
    if not holds:
        raise NotAllowed(
            "Your issuer has not confirmed for this case who signs, or that was too long ago.",
            "Press Confirm who signs, then sign within five minutes.",
        )
