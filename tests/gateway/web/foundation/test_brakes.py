"""Guesses are braked by where they come from, and few passwords are hashed at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from gateway.errors import InvalidReport, NotAllowed
from gateway.web.foundation import brakes
from gateway.web.foundation.brakes import (
    BY_ADDRESS,
    BY_CODES,
    BY_LOGIN_AND_ADDRESS,
    BY_PROVIDER,
    SignInBrakes,
)
from gateway.web.foundation.problems import TooManyRequests

STRANGER, OWNER = "192.0.2.66", "192.0.2.1"


class Clock:
    """Seconds, moved by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def wrong(braked: SignInBrakes, login: str, address: str) -> None:
    """A guess that does not fit."""
    with pytest.raises(NotAllowed), braked.guess(login, address):
        raise NotAllowed("This login and password do not fit.", "Try again.")


def right(braked: SignInBrakes, login: str, address: str) -> None:
    """The password."""
    with braked.guess(login, address):
        pass


def braked_after(login: str, guesses: int) -> tuple[SignInBrakes, Clock]:
    """Brakes after so many wrong guesses of a stranger."""
    clock = Clock()
    made = SignInBrakes(clock)
    for _ in range(guesses):
        wrong(made, login, STRANGER)
    return made, clock


def test_a_stranger_is_slowed_and_the_owner_is_not() -> None:
    """At the stranger's address even the right password waits; anywhere else it signs in at once."""
    made, clock = braked_after("ana", BY_LOGIN_AND_ADDRESS.free)
    with pytest.raises(TooManyRequests) as told:
        right(made, "ana", STRANGER)
    assert 0 < told.value.retry_after_s <= 1
    assert "Wait a second" in told.value.fix
    right(made, "ana", OWNER)
    clock.seconds += told.value.retry_after_s
    right(made, "ana", STRANGER)
    wrong(made, "ana", STRANGER)  # the right one forgave what was before it
    right(made, "ana", STRANGER)


def test_each_further_guess_waits_twice_as_long_up_to_a_bound() -> None:
    """And what is refused meanwhile is no guess: it prolongs nothing."""
    made, clock = braked_after("ana", BY_LOGIN_AND_ADDRESS.free)
    waits = []
    for _ in range(14):
        for _ in range(3):
            with pytest.raises(TooManyRequests) as told:
                wrong(made, "ana", STRANGER)
        waits.append(told.value.retry_after_s)
        clock.seconds += told.value.retry_after_s
        wrong(made, "ana", STRANGER)
    assert waits[:10] == [2.0**step for step in range(10)]
    assert waits[-1] == BY_LOGIN_AND_ADDRESS.longest_s


def test_an_address_that_tries_many_logins_is_braked_too() -> None:
    """Whatever the logins, there or not; never for longer than a minute, since a clinic may share an address."""
    clock = Clock()
    made = SignInBrakes(clock)
    for number in range(BY_ADDRESS.free):
        wrong(made, f"login-{number}", STRANGER)
    with pytest.raises(TooManyRequests):
        right(made, "somebody", STRANGER)
    right(made, "somebody", OWNER)
    for number in range(40):
        clock.seconds += BY_ADDRESS.longest_s
        wrong(made, f"further-{number}", STRANGER)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.66", "192.0.2.66", True),
        ("192.0.2.66", "192.0.2.67", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "", True),
    ],
)
def test_an_address_is_what_one_customer_has(first: str, second: str, same: bool) -> None:
    """A /64 of IPv6 counts as one, an IPv4 address in IPv6 as itself."""
    made = SignInBrakes(Clock())
    for _ in range(BY_LOGIN_AND_ADDRESS.free):
        wrong(made, "ana", first)
    if same:
        with pytest.raises(TooManyRequests):
            right(made, "ana", second)
    else:
        right(made, "ana", second)


def test_an_hour_of_rest_forgets_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger with many addresses fills no memory."""
    made, clock = braked_after("ana", BY_LOGIN_AND_ADDRESS.free)
    clock.seconds += brakes.FORGOTTEN_AFTER_S
    right(made, "ana", STRANGER)
    monkeypatch.setattr(brakes, "MOST_REMEMBERED", 10)
    for number in range(50):
        wrong(made, f"login-{number}", f"198.51.100.{number}")
    assert len(made._guesses) == 10


def test_an_error_that_is_not_about_the_password_is_no_guess() -> None:
    """A report that cannot be signed, a database that is gone: nobody waits for that."""
    made = SignInBrakes(Clock())
    for _ in range(30):
        with pytest.raises(InvalidReport), made.guess("ana", OWNER):
            raise InvalidReport(["It is not complete."])
    right(made, "ana", OWNER)


def test_of_a_hundred_guesses_at_once_only_the_free_ones_are_looked_at() -> None:
    """Each counts before it is hashed, so none slips through beside the others."""
    made, looked_at = SignInBrakes(Clock()), []

    def guess(number: int) -> None:
        with suppress(NotAllowed, TooManyRequests), made.guess("ana", STRANGER):
            looked_at.append(number)
            raise NotAllowed("Wrong.", "Try again.")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(guess, range(100)))
    assert 1 <= len(looked_at) <= BY_LOGIN_AND_ADDRESS.free


def test_two_are_hashed_at_once_a_few_wait_and_the_rest_come_again() -> None:
    """429 is no guess; when the line has moved on, everybody gets in."""
    made, go, inside, most = SignInBrakes(Clock()), threading.Event(), [], []
    turned_away = []

    def sign_in(number: int) -> None:
        try:
            with made.guess(f"login-{number}", f"192.0.2.{number}"):
                inside.append(number)
                most.append(len(inside))
                go.wait(10)
                inside.remove(number)
        except TooManyRequests as error:
            turned_away.append(error)
            if len(turned_away) == 60 - brakes.HASHES_AT_ONCE - brakes.LONGEST_LINE:
                go.set()

    with ThreadPoolExecutor(60) as pool:
        list(pool.map(sign_in, range(60)))
    assert go.is_set()
    assert max(most) == brakes.HASHES_AT_ONCE
    assert {error.retry_after_s for error in turned_away} == {5}
    right(made, "login-59", "192.0.2.59")


def test_only_a_wrong_password_prolongs_a_brake() -> None:
    """A program that signs in every ten minutes must not keep a clinic's typos of weeks in memory."""
    clock = Clock()
    made = SignInBrakes(clock)
    for day in range(BY_ADDRESS.free + 6):
        wrong(made, f"person-{day}", OWNER)
        for _ in range(6):
            clock.seconds += 600
            right(made, "pacs", OWNER)
    right(made, "ana", OWNER)
    right(made, "ben", OWNER)


def test_who_is_signed_in_signs_whatever_a_stranger_does() -> None:
    """Neither guesses at the same address nor a full line of sign-ins keep a report back."""
    made, _ = braked_after("ana", 5)
    with made.signature("session of ana"):
        pass


def test_a_customer_with_many_networks_is_braked_too() -> None:
    """A /48 of IPv6 has 65,536 of what counts as an address."""
    made = SignInBrakes(Clock())
    for number in range(BY_PROVIDER.free // 4):
        for _ in range(4):
            wrong(made, f"login-{number}", f"2001:db8:0:{number:x}::1")
    with pytest.raises(TooManyRequests):
        right(made, "ana", "2001:db8:0:ffff::1")


def test_people_behind_a_translator_are_told_apart() -> None:
    """64:ff9b::/96 holds all of IPv4."""
    made = SignInBrakes(Clock())
    for _ in range(BY_LOGIN_AND_ADDRESS.free):
        wrong(made, "ana", "64:ff9b::c000:242")
    right(made, "ana", "64:ff9b::c633:6401")


def attacked(login: str = "ana", addresses: int = 60) -> tuple[SignInBrakes, Clock]:
    """Brakes while many addresses guess at one login."""
    clock = Clock()
    made = SignInBrakes(clock)
    for number in range(addresses):
        with suppress(TooManyRequests):
            wrong(made, login, f"198.51.100.{number}")
    return made, clock


def test_many_addresses_that_guess_at_one_login_are_braked_and_its_owner_is_not() -> None:
    """Where the login signed in before nothing changes; the same for a login that nobody has."""
    for login in ("ana", "nobody"):
        made, _ = attacked(login)
        assert made._guesses[brakes._key(f"login\0{login}")].wrong == brakes.BY_LOGIN.free
        with pytest.raises(TooManyRequests):
            wrong(made, login, "203.0.113.1")
        with made.guess(login, OWNER, is_known=True):
            pass
        right(made, "ben", OWNER)


def test_at_a_new_place_the_owner_waits_once_and_no_stranger_prolongs_it() -> None:
    """A minute at most, whatever is guessed meanwhile."""
    made, clock = attacked()
    with pytest.raises(TooManyRequests) as told:
        right(made, "ana", OWNER)
    left = told.value.retry_after_s
    assert 0 < left <= brakes.BY_LOGIN.longest_s
    for number in range(100, 200):
        clock.seconds += left / 100
        with suppress(TooManyRequests):
            wrong(made, "ana", f"203.0.113.{number}")
    right(made, "ana", OWNER)


def test_each_place_that_is_not_known_gets_one_guess_for_each_wait() -> None:
    """A botnet of a hundred addresses makes a hundred guesses a minute, not a hundred at once again and again."""
    made, clock = attacked()
    guesses = 0
    for _ in range(600):
        clock.seconds += 1
        with suppress(TooManyRequests):
            wrong(made, "ana", "203.0.113.7")
            guesses += 1
    assert guesses <= 15


def test_a_right_password_that_wants_a_code_forgives_nothing() -> None:
    """Who knows the password alone would wash away the wrong codes with it."""
    made, _ = braked_after("ana", BY_LOGIN_AND_ADDRESS.free - 1)
    with made.guess("ana", STRANGER) as look:
        look.is_half = True
    wrong(made, "ana", STRANGER)
    with pytest.raises(TooManyRequests):
        right(made, "ana", STRANGER)


def test_codes_of_a_second_factor_are_counted_wherever_they_come_from() -> None:
    """Who stole the password and has ten thousand addresses has as many guesses as with one."""
    clock = Clock()
    made = SignInBrakes(clock)
    tried = 0
    for number in range(10_000):
        clock.seconds += 1
        with suppress(TooManyRequests, NotAllowed), made.code("ana", f"10.1.{number // 250}.{number % 250}"):
            tried += 1
            raise NotAllowed("The code does not fit.", "Enter the next one.")
    assert tried <= BY_CODES.free + 10 + 10_000 / BY_CODES.longest_s
    with made.code("bea", OWNER):
        pass
    right(made, "ana", OWNER)  # the password is not held up by it
    with pytest.raises(TooManyRequests), made.code("ana", OWNER):
        pass
    clock.seconds += BY_CODES.longest_s
    with made.code("ana", OWNER):
        pass
