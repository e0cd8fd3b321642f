"""Passwords, codes, locks, tokens and logins: the pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.identity import lockout, passwords, rules, tokens, totp
from yiwang.ground.identity.lockout import Lockout
from yiwang.ground.identity.model import Session, Terms
from yiwang.ground.identity.signing_in import NOBODY
from yiwang.ground.packs.model import Post, Text
from yiwang.kit.errors import Refusal

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
INSTANCE = b"i" * 32


def codes(password: str, login: str = "li.na") -> set[str]:
    return {fault.code for fault in passwords.weaknesses(password, login)}


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("长江路上的一棵老梧桐树下", set()),
        ("plane tree avenue", set()),
        ("Ab3defgh", set()),
        ("Ab3defg", {"identity.password_short"}),
        ("abcdefgh1", {"identity.password_short"}),
        ("aaaaaaaaaaaa", {"identity.password_monotonous"}),
        ("xx-LI.NA-2026-yy", {"identity.password_login"}),
        ("Ab3d" * 40, {"identity.password_long", "identity.password_monotonous"}),
        ("", {"identity.password_short", "identity.password_monotonous"}),
    ],
)
def test_which_passwords_are_taken(password: str, expected: set[str]) -> None:
    assert codes(password) == expected


def test_a_weak_password_is_refused_with_every_reason_in_both_languages() -> None:
    with pytest.raises(Refusal, match=r"identity\.password_weak") as refused:
        passwords.require_good("li.na", "li.na")
    assert {fault.code for fault in refused.value.faults} >= {
        "identity.password_short",
        "identity.password_login",
    }
    for fault in refused.value.faults:
        assert "{" not in fault.say("zh") + fault.say("en")


def test_a_generated_password_is_good_and_never_the_same() -> None:
    made = {passwords.generate_password() for _ in range(200)}
    assert len(made) == 200
    assert all(not passwords.weaknesses(word, "admin") for word in made)


def test_a_hash_is_argon2id_and_matches_only_its_password() -> None:
    stored = passwords.hash_password("ｐlane tree avenue")  # a full-width letter
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(stored, "plane tree avenue")
    assert not passwords.matches(stored, "plane tree Avenue")
    assert not passwords.matches("no hash at all", "plane tree avenue")
    assert not passwords.outdated(stored)


def test_the_hash_of_nobody_costs_what_every_hash_costs() -> None:
    assert not passwords.outdated(NOBODY)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
    ],
)
def test_codes_are_those_of_rfc_6238(second: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the RFC's own, Appendix B
    moment = datetime.fromtimestamp(second, UTC)
    assert totp.code_at(secret, moment) == code[2:]
    assert totp.accept(secret, code[2:], moment, 0) == second // 30


@given(st.integers(min_value=-4, max_value=4))
def test_a_clock_may_be_off_by_one_step(steps: int) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    code = totp.code_at(secret, NOW + timedelta(seconds=30 * steps))
    found = totp.accept(secret, code, NOW, 0)
    present = int(NOW.timestamp()) // 30
    assert found == (present + steps if abs(steps) <= 1 else None)


def test_a_code_is_good_once_and_no_older_one_after_it() -> None:
    secret = totp.generate_secret()
    step = totp.accept(secret, totp.code_at(secret, NOW), NOW, 0)
    assert step is not None
    assert totp.accept(secret, totp.code_at(secret, NOW), NOW, step) is None
    before = totp.code_at(secret, NOW - timedelta(seconds=30))
    assert totp.accept(secret, before, NOW, step) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "²²²²²²"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert totp.accept(totp.generate_secret(), code, NOW, 0) is None


def test_a_secret_is_sealed_for_one_person_of_one_instance() -> None:
    secret = totp.generate_secret()
    sealed = totp.seal_secret(secret, 7, INSTANCE)
    assert secret.encode() not in sealed
    assert totp.open_secret(sealed, 7, INSTANCE) == secret
    for person, instance, row in (
        (8, INSTANCE, sealed),
        (7, b"j" * 32, sealed),
        (7, INSTANCE, sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(Refusal, match=r"identity\.secret_unreadable"):
            totp.open_secret(row, person, instance)


def test_every_fifth_failure_locks_twice_as_long_up_to_a_day() -> None:
    failed, spans = 0, []
    for _ in range(60):
        failed, until = lockout.after_failure(failed, NOW)
        if until is not None:
            spans.append((failed, (until - NOW).total_seconds() / 60))
    assert spans == [(count, min(15 * 2 ** (count // 5 - 1), 24 * 60)) for count in range(5, 61, 5)]


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=1, max_value=9))
def test_a_lock_always_ends(failed: int, failures: int) -> None:
    limits = Lockout(failures=failures)
    count, until = lockout.after_failure(failed, NOW, limits)
    assert count == failed + 1
    assert (until is None) == (count % failures != 0)
    if until is not None:
        assert limits.first <= until - NOW <= limits.longest
        assert lockout.locked(until, NOW)
        assert not lockout.locked(until, until)
    assert not lockout.locked(None, NOW)


def test_tokens_and_keys_have_256_bits_and_a_form() -> None:
    token = tokens.generate_token()
    assert tokens.is_token(token)
    assert not tokens.is_token(token + "x")
    assert tokens.key_parts(tokens.key_token(12, token)) == (12, token)
    for wrong in ("", "yw_12", f"yw_0_{token}", f"yw_12_{token}x", f"yw_{'9' * 19}_{token}"):
        assert tokens.key_parts(wrong) is None
    assert len(tokens.digest(token)) == 32


@pytest.mark.parametrize(
    ("given", "normal"),
    [("Li.Na", "li.na"), ("  ＷＡＮＧ ", "wang"), ("李娜", "李娜"), ("a@b.cn", "a@b.cn")],
)
def test_a_login_has_one_form(given: str, normal: str) -> None:
    assert rules.normal_login(given) == normal


@pytest.mark.parametrize("login", ["", "a", "_ab", "a b", "a/b", "x" * 65, "a\x00b", "a\nb"])
def test_what_is_no_login_is_refused(login: str) -> None:
    with pytest.raises(Refusal, match=r"identity\.login_bad"):
        rules.normal_login(login)


def test_the_three_administrations_stay_apart() -> None:
    posts = {
        duty: Post(duty, "u", Text(duty, duty), (duty,))
        for duty in ("sysadmin", "secadmin", "auditor", "leader")
    }
    rules.require_apart("leader", ["sysadmin"], posts)
    rules.require_apart("sysadmin", ["leader", "sysadmin"], posts)
    for one, other in (("sysadmin", "auditor"), ("secadmin", "sysadmin"), ("auditor", "secadmin")):
        with pytest.raises(Refusal, match=r"identity\.apart"):
            rules.require_apart(one, [other, "leader"], posts)


@pytest.mark.parametrize("scope", ["reports", "reports:", "Reports:write", "reports:all", "*"])
def test_a_scope_has_a_form(scope: str) -> None:
    rules.require_key_form("hotline", ["reports:write"])
    with pytest.raises(Refusal, match=r"identity\.scope_bad"):
        rules.require_key_form("hotline", ["reports:write", scope])


def test_a_session_is_over_when_ended_expired_or_idle() -> None:
    terms = Terms()

    def reason(**changed: datetime | None) -> str | None:
        row = Session(
            id=b"",
            person=1,
            csrf="",
            created_at=NOW,
            seen_at=changed.get("seen_at") or NOW,
            expires_at=changed.get("expires_at") or NOW + terms.longest,
            ended_at=changed.get("ended_at"),
            agent="",
            address="",
        )
        return rules.session_over(row, NOW, terms)

    assert reason() is None
    assert reason(seen_at=NOW - timedelta(minutes=29, seconds=59)) is None
    assert reason(seen_at=NOW - timedelta(minutes=30)) == "identity.session_idle"
    assert reason(expires_at=NOW) == "identity.session_expired"
    assert reason(ended_at=NOW) == "identity.session_ended"
