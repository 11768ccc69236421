"""Sign-in by a real issuer over real sockets: what leads in, what must not, and the signer asked again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from gateway.errors import NotAllowed
from gateway.records import ledger
from gateway.records.tables.administration import Account, AuditEvent, Notice, Refusal
from gateway.records.tables.credentials import IssuedPerson
from gateway.reporting.example import phantom_report
from gateway.web.foundation.brakes import BY_ADDRESS
from gateway.web.issuer import pages
from support.issuer import LINK, Browser, issuer, query_of, settings_for, target_of
from support.web_gateway import PASSWORD, WebGateway, running


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """One issuer for the tests of this module."""
    with issuer() as started:
        yield started


@pytest.fixture(scope="module")
def web(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway beside whose local accounts the issuer's persons sign in."""
    with running(tmp_path_factory.mktemp("web"), settings_for(address)) as gateway:
        gateway.add("admin", "admin")
        yield gateway


def accounts(web: WebGateway) -> dict[str, Account]:
    """Every account by its login."""
    with web.database.read() as session:
        return {account.login: account for account in session.exec(select(Account))}


def lines(web: WebGateway, action: str) -> list[AuditEvent]:
    """The lines of the trail that say this."""
    with web.database.read() as session:
        return list(session.exec(select(AuditEvent).where(AuditEvent.action == action)))


def refusals(web: WebGateway) -> list[str]:
    """Why sign-ins were turned away."""
    with web.database.read() as session:
        return list(session.exec(select(Refusal.why)))


# ---------------------------------------------------------------- the way in


def test_a_person_of_the_issuer_signs_in_and_is_who_the_tables_say(web: WebGateway) -> None:
    """Role, site and name come from the claims; the page that was wanted comes after the sign-in."""
    browser = Browser(web)
    assert "/sign-in/issuer?next=" in browser.gateway.get("/sign-in").text
    answer = browser.sign_in("nora", "/studies?x=1")
    assert (answer.status_code, target_of(answer)) == (200, "/studies?x=1")
    told = browser.session()
    assert (told["login"], told["display_name"]) == ("oidc:nora", "Nora")
    assert (told["role"], told["site"]) == ("coordinator", "north")
    assert browser.gateway.get("/studies").status_code == 200
    assert browser.gateway.get("/nodes").status_code == 403


def test_what_is_asked_has_pkce_state_and_nonce(web: WebGateway, address: str) -> None:
    """S256; each new for each question; the way back is that of the settings, whatever Host says."""
    browser = Browser(web)
    first, second = query_of(browser.begin()), query_of(browser.begin())
    assert first["code_challenge_method"] == "S256"
    assert (first["response_type"], first["redirect_uri"]) == ("code", f"{LINK}/sign-in/issuer/back")
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) >= 43
    forged = browser.gateway.get("/sign-in/issuer", headers={"Host": "evil.example"})
    assert query_of(forged.headers["location"])["redirect_uri"].startswith(LINK)
    assert forged.headers["location"].startswith(address)


def test_a_second_sign_in_is_of_the_same_account_and_brings_it_up_to_date(web: WebGateway) -> None:
    """The key is issuer and subject; what the tables say now counts from now on."""
    browser = Browser(web)
    browser.sign_in("ana")
    known = accounts(web)["oidc:ana.k"]
    with web.database.write("test") as session:
        row = session.get_one(Account, known.id)
        row.role, row.site, row.every_site, row.display_name = "admin", "south", False, "Somebody"
    browser.sign_in("ana")
    now = accounts(web)["oidc:ana.k"]
    assert (now.id, now.role, now.site, now.display_name) == (known.id, "reader", "", "Dr. Ana Kovač")
    assert lines(web, "account changed")[-1].detail["role before"] == "admin"


def test_equal_names_make_nobody_somebody_else(web: WebGateway) -> None:
    """Two persons whom the issuer calls alike have two accounts; a local account of the name is a third."""
    Browser(web).sign_in("ana")
    Browser(web).sign_in("bea")
    with web.database.read() as session:
        persons = {row.subject: row.account_id for row in session.exec(select(IssuedPerson))}
    assert persons["ana"] != persons["bea"]
    browser = Browser(web)
    browser.sign_in("gita")
    told = browser.session()
    assert (told["login"], told["role"]) == ("oidc:admin", "admin")
    assert accounts(web)["admin"].id != accounts(web)["oidc:admin"].id


def test_an_issuers_person_has_no_password_here(web: WebGateway) -> None:
    """Neither an empty one nor any other signs in, and the own page asks for none."""
    browser = Browser(web)
    browser.sign_in("nora")
    page = browser.gateway.get("/account").text
    assert ("signs you in: change them there" in page, 'type="password"' in page) == (True, False)
    for password in ("", "!", PASSWORD):
        answer = web.client().post("/api/session", json={"login": "oidc:nora", "password": password})
        assert answer.status_code == 403


# ---------------------------------------------------------------- refused, with the reason


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("emil", "no row of roles names a value of your claim groups"),
        ("finn", "no row of sites names a value of your claim groups"),
        ("dora", "more than one for you"),
        ("cleo", "a coordinator needs one site"),
    ],
)
def test_who_is_not_mapped_is_refused_with_the_reason(web: WebGateway, person: str, why: str) -> None:
    """Nothing is guessed: no account is made, the page says why, the trail has it without a name."""
    browser = Browser(web)
    answer = browser.sign_in(person)
    assert answer.status_code == 403
    assert why in answer.text
    assert 'action="/sign-in"' in answer.text, "the local way in stays"
    assert browser.gateway.get("/api/session").status_code == 401
    assert f"oidc:{person}" not in accounts(web)
    assert why in lines(web, "sign-in refused")[-1].detail["why"]


def test_claims_of_one_site_open_no_other(web: WebGateway) -> None:
    """A case of the north is for the coordinator of the south as one that does not exist."""
    case = web.case()
    north, south = Browser(web), Browser(web)
    north.sign_in("nora")
    south.sign_in("sam")
    assert (south.session()["site"], north.session()["site"]) == ("south", "north")
    assert north.gateway.get(f"/cases/{case}").status_code == 200
    assert south.gateway.get(f"/cases/{case}").status_code == 404


def test_who_lost_the_group_loses_the_sessions(web: WebGateway, address: str) -> None:
    """The next sign-in is refused and ends those that are open."""
    browser = Browser(web)
    browser.sign_in("nora")
    ledger.refuse_issued(web.database, address, "nora", "no row")
    assert browser.gateway.get("/api/session").status_code == 401


def test_a_disabled_account_stays_disabled(web: WebGateway) -> None:
    """The issuer does not enable what an administrator disabled here."""
    browser = Browser(web)
    browser.sign_in("sam")
    with web.database.write("test") as session:
        session.get_one(Account, accounts(web)["oidc:sam"].id).disabled = True
    assert browser.gateway.get("/api/session").status_code == 401
    answer = browser.sign_in("sam")
    assert (answer.status_code, "disabled" in answer.text) == (403, True)
    assert browser.gateway.get("/api/session").status_code == 401
    with web.database.write("test") as session:
        session.get_one(Account, accounts(web)["oidc:sam"].id).disabled = False


# ---------------------------------------------------------------- attacks


def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(web: WebGateway) -> None:
    """Another browser's answer (login CSRF), a made-up state, none, and no cookie."""
    attacker, victim = Browser(web), Browser(web)
    attacker.is_at_issuer("emil")
    stolen = attacker.at_issuer(attacker.begin())
    victim.begin()
    for path in (
        stolen,
        "/sign-in/issuer/back?code=x&state=x",
        "/sign-in/issuer/back?code=x",
        "/sign-in/issuer/back",
    ):
        answer = victim.gateway.get(path)
        assert answer.status_code == 403
        assert "no answer to what this browser asked" in answer.text
        assert victim.gateway.get("/api/session").status_code == 401
    assert any("no answer to what this browser asked" in why for why in refusals(web))


def test_a_code_is_used_once(web: WebGateway) -> None:
    """Replayed, even with the cookie of the question, it opens nothing."""
    browser = Browser(web)
    browser.is_at_issuer("nora")
    path = browser.at_issuer(browser.begin())
    asked = browser.gateway.cookies["gateway_asked"]
    assert browser.gateway.get(path).status_code == 200
    again = web.client()
    again.cookies.set("gateway_asked", asked)
    answer = again.get(path)
    assert (answer.status_code, "used already" in answer.text) == (403, True)
    assert again.get("/api/session").status_code == 401


def test_made_up_codes_do_not_keep_the_issuer_busy(address: str, tmp_path: Path) -> None:
    """After some from one address it is asked no more for a while; a password from there is not slowed by them."""
    with running(tmp_path, settings_for(address)) as web:
        web.add("admin", "admin")
        stranger = Browser(web)
        mine = {"state": query_of(stranger.begin())["state"], "iss": address}
        cookie = stranger.gateway.cookies["gateway_asked"]
        answers: list[httpx.Response] = []
        while len(answers) < BY_ADDRESS.free + 8 and (not answers or answers[-1].status_code == 403):
            stranger.gateway.cookies.set("gateway_asked", cookie)
            made_up = mine | {"code": f"made-up-{len(answers)}"}
            answers.append(stranger.gateway.get("/sign-in/issuer/back", params=made_up))
        assert (answers[-1].status_code, len(answers) > BY_ADDRESS.free) == (429, True)
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert 'action="/sign-in"' in answers[-1].text
        assert web.client("admin").get("/api/session").status_code == 200


def test_a_code_of_another_question_is_nobodys(web: WebGateway) -> None:
    """Injected into this browser's own answer, PKCE and nonce do not fit."""
    attacker, victim = Browser(web), Browser(web)
    attacker.is_at_issuer("ana")
    victim.is_at_issuer("nora")
    code = query_of(attacker.at_issuer(attacker.begin()))["code"]
    mine = query_of(victim.at_issuer(victim.begin()))
    answer = victim.gateway.get("/sign-in/issuer/back", params=mine | {"code": code})
    assert answer.status_code == 403
    assert victim.gateway.get("/api/session").status_code == 401


@pytest.mark.parametrize("iss", ["https://evil.example", None])
def test_an_answer_of_another_issuer_is_refused(web: WebGateway, iss: str | None) -> None:
    """RFC 9207: an issuer that names itself in its answers must do so, and be ours."""
    browser = Browser(web)
    browser.is_at_issuer("nora")
    answer = query_of(browser.at_issuer(browser.begin()))
    del answer["iss"]
    page = browser.gateway.get("/sign-in/issuer/back", params=answer | ({"iss": iss} if iss else {}))
    assert (page.status_code, "another issuer" in page.text) == (403, True)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/x\r\ny: z",
        pytest.param("/" + "x" * 3000, id="long"),
    ],
)
def test_the_way_on_leads_nowhere_else(web: WebGateway, wanted: str) -> None:
    """Neither in what is asked nor from a cookie that somebody wrote."""
    answer = Browser(web).sign_in("nora", wanted)
    assert target_of(answer) == "/"


def test_an_error_of_the_issuer_is_told_in_our_words(web: WebGateway) -> None:
    """Its own words would be anybody's who writes the address."""
    browser = Browser(web)
    state = query_of(browser.begin())["state"]
    iss = web.context.settings.oidc.issuer
    page = browser.gateway.get(
        "/sign-in/issuer/back",
        params={"error": "access_denied", "error_description": "Call 555-1234", "state": state, "iss": iss},
    )
    assert "does not let you sign in" in page.text
    assert "555-1234" not in page.text


def test_the_cookie_of_the_question_is_lax_and_of_one_place(web: WebGateway) -> None:
    """It must come with the issuer's answer, and with nothing else; the session stays strict."""
    answer = web.client().get("/sign-in/issuer")
    cookie = answer.headers["set-cookie"]
    assert "SameSite=lax" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/sign-in/issuer" in cookie
    assert "Max-Age=600" in cookie
    signed_in = Browser(web).sign_in("nora").headers.get_list("set-cookie")
    [session] = [each for each in signed_in if each.startswith("gateway_session=")]
    assert "SameSite=strict" in session


# ---------------------------------------------------------------- out, and the issuer away


def test_who_signs_out_signs_out_at_the_issuer_too(web: WebGateway) -> None:
    """By a page of ours, for a form may not lead elsewhere; the issuer sends the browser back to the sign-in."""
    browser = Browser(web)
    browser.sign_in("nora")
    browser.gateway.headers["X-CSRF-Token"] = browser.session()["csrf"]
    answer = browser.gateway.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/issuer/out")
    target = target_of(browser.gateway.get("/sign-in/issuer/out"))
    assert query_of(target)["post_logout_redirect_uri"] == f"{LINK}/sign-in"
    assert browser.at_issuer(target) == "/sign-in?"
    assert browser.gateway.get("/api/session").status_code == 401
    assert browser.gateway.get("/sign-in/issuer/out").headers["location"] == "/sign-in"


def test_a_local_account_signs_out_here_alone(web: WebGateway) -> None:
    """There is nothing of it at the issuer."""
    client = web.client("admin", own_session=True)
    assert client.post("/sign-out").headers["location"] == "/sign-in/issuer/out"
    assert client.get("/sign-in/issuer/out").headers["location"] == "/sign-in"


def test_a_token_too_long_for_a_cookie_still_ends_the_session_at_the_issuer(
    web: WebGateway, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many groups make it long; the next person at this screen would be in as the one before, by one click."""
    monkeypatch.setattr(pages, "LONGEST_COOKIE", 10)
    browser = Browser(web)
    browser.sign_in("nora")
    csrf = {"X-CSRF-Token": browser.session()["csrf"]}
    assert browser.gateway.post("/sign-out", headers=csrf).headers["location"] == "/sign-in/issuer/out"
    target = target_of(browser.gateway.get("/sign-in/issuer/out"))
    assert target.startswith(address)
    assert query_of(target) == {"client_id": "gateway", "post_logout_redirect_uri": f"{LINK}/sign-in"}
    assert browser.gateway.get("/sign-in/issuer/out").headers["location"] == "/sign-in", "once"


def test_an_emergency_by_basic_is_a_notice_too(tmp_path: Path) -> None:
    """Whoever has the sealed password can call as a program; once for its session, not for each request."""
    tables = settings_for("http://127.0.0.1:9", only=True, break_glass="glass", timeout=2.0)
    with running(tmp_path, tables) as web:
        web.add("glass", "admin")
        for _ in range(2):
            web.client().post("/dicom-web/studies", content=b"", auth=("glass", PASSWORD))
        assert len(lines(web, "signed in for an emergency")) == 1


def test_an_issuer_that_is_away_is_told_and_the_local_way_in_stays(tmp_path: Path) -> None:
    """503 with the reason and the form; the account for emergencies signs in, which is a notice."""
    tables = settings_for("http://127.0.0.1:9", only=True, break_glass="glass", timeout=2.0)
    with running(tmp_path, tables) as web:
        web.add("glass", "admin")
        web.add("local", "admin")
        client = web.client()
        page = client.get("/sign-in/issuer")
        assert (page.status_code, "does not answer" in page.text) == (503, True)
        assert 'name="password"' in page.text
        refused = client.post("/api/session", json={"login": "local", "password": PASSWORD})
        assert refused.status_code == 403, "local accounts are switched off"
        assert client.get("/metrics", auth=("local", PASSWORD)).status_code == 401
        assert lines(web, "signed in for an emergency") == []
        opened = client.post("/api/session", json={"login": "glass", "password": PASSWORD})
        assert opened.status_code == 201
        assert len(lines(web, "signed in for an emergency")) == 1
        with web.database.read() as session:
            assert "emergencies" in session.exec(select(Notice.text)).one()


@pytest.mark.parametrize(("way", "fields"), [("disable", {}), ("scope", {"role": "reader", "site": "north"})])
def test_the_account_for_emergencies_is_not_taken_away(
    address: str, tmp_path: Path, way: str, fields: dict[str, str]
) -> None:
    """Another administrator with a password stays, but does not sign in while the issuer alone counts."""
    with running(tmp_path, settings_for(address, only=True, break_glass="glass")) as web:
        number = web.add("glass", "admin")
        web.add("other", "admin")
        answer = web.client("glass").post(f"/accounts/{number}/{way}", data=fields)
        assert (answer.status_code, "account for emergencies" in answer.text) == (409, True)
        assert not accounts(web)["glass"].disabled
        assert accounts(web)["glass"].role == "admin"


def test_without_an_issuer_there_is_no_such_way(tmp_path: Path) -> None:
    """Nothing on the page, and 404 at its address."""
    with running(tmp_path) as web:
        assert "/sign-in/issuer" not in web.client().get("/sign-in").text
        assert web.client().get("/sign-in/issuer").status_code == 404


# ---------------------------------------------------------------- the signer


def confirm(browser: Browser, case: int) -> str:
    """Press the button of the form; where the gateway sends the browser."""
    form = {"do": "confirm", "version": "0", "csrf": browser.session()["csrf"]}
    answer = browser.gateway.post(f"/cases/{case}/report", data=form)
    assert answer.status_code == 200, answer.text
    return target_of(answer)


@pytest.fixture
def reading(web: WebGateway) -> tuple[Browser, int]:
    """A reader of the issuer who holds a case."""
    browser, case = Browser(web), web.case()
    browser.sign_in("ana")
    csrf = {"X-CSRF-Token": browser.session()["csrf"]}
    assert browser.gateway.post(f"/api/cases/{case}/claim", headers=csrf).status_code < 300
    return browser, case


def test_a_signer_is_asked_at_the_issuer_once_more(web: WebGateway, reading: tuple[Browser, int]) -> None:
    """Who was signed in before is asked again; then the form says who confirmed, for this case alone."""
    browser, case = reading
    page = browser.gateway.get(f"/cases/{case}/report").text
    assert "Confirm who signs" in page
    assert 'name="password"' not in page
    address = confirm(browser, case)
    assert (query_of(address)["prompt"], query_of(address)["max_age"]) == ("login", "60")
    asked = browser.issuer.get(address)
    assert not asked.headers["location"].startswith(LINK), "the issuer asks who is there"
    browser.is_at_issuer("ana")
    answer = browser.gateway.get(browser.at_issuer(address))
    assert target_of(answer) == f"/cases/{case}/report#signature"
    assert "confirmed that you are" in browser.gateway.get(f"/cases/{case}/report").text
    other = web.case()
    with pytest.raises(NotAllowed):
        ledger.use_proof(web.database, browser.session()["csrf"], accounts(web)["oidc:ana.k"].saved_id, other)


def test_a_confirmation_signs_once(web: WebGateway, reading: tuple[Browser, int]) -> None:
    """The report is signed without a password; what confirmed it is used up."""
    browser, case = reading
    address = confirm(browser, case)
    browser.issuer.get(address)
    browser.is_at_issuer("ana")
    browser.gateway.get(browser.at_issuer(address))
    csrf = browser.session()["csrf"]
    report = phantom_report(prior_study_date=None, told_at=datetime.now(UTC)).model_dump(mode="json")
    answer = browser.gateway.post(
        f"/api/cases/{case}/sign", json={"password": "", "report": report}, headers={"X-CSRF-Token": csrf}
    )
    assert answer.status_code == 201, answer.text
    assert browser.gateway.get(f"/api/cases/{case}/report").json()["signed"]["by"] == "Dr. Ana Kovač"
    with pytest.raises(NotAllowed):
        ledger.use_proof(web.database, csrf, accounts(web)["oidc:ana.k"].saved_id, case)


def test_a_signature_without_a_confirmation_is_refused(web: WebGateway, reading: tuple[Browser, int]) -> None:
    """Whatever password is sent; the program gets 403 or what the report lacks, and nothing is signed."""
    browser, case = reading
    csrf = {"X-CSRF-Token": browser.session()["csrf"]}
    report = phantom_report(prior_study_date=None, told_at=datetime.now(UTC)).model_dump(mode="json")
    answer = browser.gateway.post(
        f"/api/cases/{case}/sign", json={"password": PASSWORD, "report": report}, headers=csrf
    )
    assert answer.status_code == 403, answer.text
    assert "Confirm who signs" in answer.json()["fix"]
    assert browser.gateway.get(f"/api/cases/{case}/report").json()["signed"] is None


def test_a_sign_in_of_before_confirms_nothing(
    web: WebGateway, reading: tuple[Browser, int], address: str
) -> None:
    """An unlocked screen is not its owner: without prompt=login the issuer's time of the sign-in is too old."""
    browser, case = reading
    asked = confirm(browser, case)
    bare = asked.replace("&prompt=login", "").replace("&max_age=60", "")
    assert bare != asked
    browser.is_at_issuer("ana", since=time.time() - 600)
    page = browser.gateway.get(browser.at_issuer(bare))
    assert page.status_code == 403
    assert "did not ask again" in page.text
    assert "Confirm who signs" in browser.gateway.get(f"/cases/{case}/report").text


def test_somebody_else_at_the_issuer_confirms_nothing(web: WebGateway, reading: tuple[Browser, int]) -> None:
    """The person of the account has to answer; the session stays theirs."""
    browser, case = reading
    address = confirm(browser, case)
    browser.issuer.get(address)
    browser.is_at_issuer("bea")
    page = browser.gateway.get(browser.at_issuer(address))
    assert (page.status_code, "Somebody else" in page.text) == (403, True)
    assert browser.session()["login"] == "oidc:ana.k"
    assert "Confirm who signs" in browser.gateway.get(f"/cases/{case}/report").text
    assert lines(web, "signer confirmation refused")
