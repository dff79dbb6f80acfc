"""Keys and passwords: where they may stand, and that nothing repeats them."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from rlvr.core.errors import Faults, UserError
from rlvr.core.secrets import names_secret, read_key, redacted, redacted_value, url_fault
from rlvr.distill.teachers.http_retry import Patience, PatientClient, Refused
from rlvr.recipes import recipe as recipes
from rlvr.training.checks.settings import trainer_faults
from rlvr.training.methods import registry
from tests.rlvr.distill.openai_server import Fault, serving

KEY = "sk-0123456789/abcdef"
BODY = {"prompt": "1 2 3 4 -> 10 :", "seed": 0}
ONCE = Patience(attempts=1, backoff_s=0.01, timeout_s=10)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_key_does_not_follow_a_redirect(status: int) -> None:
    with serving() as named, serving() as other:
        named.always = Fault(status, {"Location": f"{other.url}/completions?key={KEY}"})
        with pytest.raises(UserError, match=f"HTTP {status}: the server redirects") as raised:
            PatientClient(KEY, ONCE).post(f"{named.url}/completions", BODY)
        assert other.bodies == []
        assert other.keys == set()
        assert KEY not in str(raised.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_server_that_repeats_the_key_does_not_make_us_print_it(status: int) -> None:
    with serving() as server:
        server.always = Fault(status, message=f"Incorrect API key provided: {KEY}")
        with pytest.raises((UserError, Refused)) as raised:
            PatientClient(KEY, ONCE).post(f"{server.url}/completions", BODY)
    assert "Incorrect API key provided: ***" in str(raised.value)
    assert KEY not in str(raised.value)


def test_key_in_a_reply_is_hidden_before_anyone_stores_it() -> None:
    assert redacted(f'{{"text": "{KEY}"}}', KEY) == '{"text": "***"}'
    assert redacted(f"x {KEY.replace('/', chr(92) + '/')}", KEY) == "x ***"
    assert redacted("an EMPTY line", "EMPTY") == "an EMPTY line"


@pytest.mark.parametrize(
    "written", [quote(KEY), quote(KEY, safe=""), b64encode(KEY.encode()).decode()]
)
def test_key_is_hidden_as_urls_and_headers_write_it(written: str) -> None:
    assert redacted(f"at {written}.", KEY) == "at ***."


def test_key_that_a_reply_escapes_letter_by_letter_is_hidden() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    reply = json.loads(f'{{"choices": [{{"text": "it is {escaped}"}}], "{escaped}": 1}}')
    assert redacted_value(reply, KEY) == {"choices": [{"text": "it is ***"}], "***": 1}


def test_key_at_the_place_where_a_long_message_is_cut_is_hidden() -> None:
    with serving() as server:
        server.always = Fault(401, message="x" * 1_995 + KEY)
        with pytest.raises(UserError) as raised:
            PatientClient(KEY, ONCE).post(f"{server.url}/completions", BODY)
    assert KEY[:4] not in str(raised.value)


def test_key_is_stripped_and_blank_is_none() -> None:
    assert read_key("K", {"K": f" {KEY}\n"}) == KEY
    assert read_key("K", {"K": " \n"}) is None
    assert read_key("K", {}) is None


@pytest.mark.parametrize("key", ["sk-a\nHost: b", "sk-a b", "sk-\u00e9", "sk-a\x00b", "sk\tb"])
def test_key_that_no_header_can_hold_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(UserError, match="variable K holds") as raised:
        read_key("K", {"K": key})
    assert "sk" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://user:geheim99@host/v1",
        "http://geheim99@host/v1",
        "https://host/v1?api_key=geheim99",
        "https://host/v1#geheim99",
        "geheim99",
        "ftp://geheim99/v1",
        "http://:geheim99",
        "http://geheim99:port/v1",
        "http://[geheim99/v1",
        "http://host/v1 geheim99",
        "http://host/v1\ngeheim99",
    ],
)
def test_address_with_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Faults) as raised:
        recipes.parse(distilling(url=url), source="r.yaml")
    assert "r.yaml: distill.teacher.url: the address " in str(raised.value)
    assert "geheim99" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "https://a.b/v1/", "http://[::1]:8/v1"]
)
def test_plain_address_is_taken(url: str) -> None:
    assert url_fault(url) is None


def test_key_in_place_of_its_variable_is_refused_without_repeating_it() -> None:
    with pytest.raises(Faults, match="never the key itself") as raised:
        recipes.parse(distilling(key_variable=KEY), source="r.yaml")
    assert KEY not in str(raised.value)


@pytest.mark.slow  # imports TRL
@pytest.mark.parametrize(
    ("trainer", "named"),
    [
        ({"hub_token": "hf_geheim99"}, "trainer.hub_token"),
        ({"push_to_hub": True}, "trainer.push_to_hub"),
        ({"hub_model_id": "me/it"}, "trainer.hub_model_id"),
        ({"push_to_hub_token": "hf_geheim99"}, "trainer.push_to_hub_token"),
        ({"model_init_kwargs": {"token": "hf_geheim99"}}, "trainer.model_init_kwargs.token"),
        ({"vllm_server_base_url": "http://u:geheim99@h:1"}, "trainer.vllm_server_base_url"),
    ],
)
def test_trainer_values_that_would_be_written_down_are_refused(
    trainer: dict[str, Any], named: str
) -> None:
    raw = {
        "name": "r",
        "model": "embedded:countdown-base",
        "method": "grpo",
        "data": {"problems": "countdown-train"},
        "trainer": trainer,
    }
    faults = trainer_faults(recipes.parse(raw, source="r"), registry.get("grpo"), processes=1)
    assert [fault for fault in faults if fault.startswith(f"{named} cannot be set: ")]
    assert "geheim99" not in "".join(faults)


def test_names_that_only_sound_like_secrets_are_taken() -> None:
    assert not any(map(names_secret, ("pad_token", "eos_token", "max_tokens", "tokenizer", "key")))
    assert all(map(names_secret, ("token", "hub_token", "api_key", "WANDB_API_KEY", "password")))


def distilling(**settings: str) -> dict[str, Any]:
    teacher = {"type": "endpoint", "url": "http://127.0.0.1:1/v1", "model": "m", **settings}
    return {
        "name": "r",
        "model": "embedded:countdown-base",
        "method": "sft",
        "data": {"problems": "countdown-train"},
        "distill": {"teacher": teacher},
    }
