"""Words about contrast agent are given, not given or unknown; what is not understood is unknown."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.config_files.yaml_lines import read_yaml
from routing_rules.series.contrast_words import Contrast, agent_says, words_say

GIVEN, NOT_GIVEN, UNKNOWN = Contrast.GIVEN, Contrast.NOT_GIVEN, Contrast.UNKNOWN

AGENTS = {
    GIVEN: (
        "Gadovist 7.5 ml", "11 ml Omniscan", "Dotarém", "Gd-DTPA", "gadobutrol 1mmol/ml", "Gadolinium 0,1", "7.5 ml",
        "0.1 mmol/kg", "yes", "ja", "KM", "CONTRAST", "IV contrast", "mit Kontrastmittel", "C+", "с контрастом", "造影",
        "造影剤", "造影剂", "조영제",
        "10 ml IV", "Gadovist solution for injection 7.5 ml", "Gadovist prefilled syringe 7 ml",
        "Dotarem® 0.5 mmol/mL", "Gadovist (R) 7 ml i.v.", "acide gadotérique", "Gadolinium-based contrast agent",
    ),
    NOT_GIVEN: (
        "keine", "0 ml", "None given", "No", "Keins", "nil", "sans", "false", "NONE", "ohne KM", "Gadovist 0 ml",
        "no gadovist", "Gadovist: no", "0", "0,0", "w/o", "aucun", "pas de gadolinium", "senza mdc", "sin contraste",
        "sem contraste", "zonder contrast", "bez kontrastu", "utan kontrast", "без контраста", "造影なし", "平扫",
        "nativ", "pre", "unenhanced", "Keine KM-Gabe", "not given", "non-contrast", "C-", "none\\0 ml",
        "無", "造影せず", "不造影", "无造影剂", "조영제없음",
        "yok", "kontrastsız", "ikke gadolinium", "inte kontrast", "nincs",
        "fără contrast", "nema", "Gadovist: yok", "χωρίς", "немає", "בלי", "administered: no", "o. KM", "s/ contraste",
        "o.KM", "oKM", "N", "Gadovist N",
    ),
    UNKNOWN: (
        "NaN", "k.A.", "_", "-", "unknown", "REMOVED", "ANONYMIZED", "n/a", "NULL", "XXXX", "keine Angabe",
        "not known",
        "no data", "Gadovist?", "Gadovist refused", "Gadovist, keine Nebenwirkung", "Kowalczewska", "10", "IV", "x",
        "non renseigné", "de-identified", "with and without contrast", "Foobarist 7", "yes / no",
        "Gadovist bei Bedarf", "gado si besoin", "Dotarem odmowa", "Gadovist contraindicado", "gadolinium en attente",
        "Gadovist KI", "Gadovist vergessen", "gado annulé", "Dotarem rechazado", "rifiutato Dotarem",
        "refus du patient gado", "gadolinium: pending", "Gadovist prn", "eventuell Gadovist", "Gadovist tbc",
        "impossible Gadovist", "Gadovist vorbereitet", "NaCl 0.9% 20 ml", "Gadoliniumallergie", "n. KM",
        "Gadovist s.o.",
        "Gadovist -", "Gadovist: -", "Gadovist --", "Gadovist —", "Gadovist /", "Gadovist ./.", "- Gadovist",
        "Gadovist - ml",
        "Gadovist ___ ml", "Gadovist ...", "Gadovist #", "Gadovist ()", "Gadovist [ ]", "Gadovist:",
        "Contrast: ", "KM: -",
        "Gadovist =", "Gadovist x", "Gadovist (x)", "Gadovist ml", "Gadovist mmol/ml", "Gadovist oder Dotarem",
        "Gadovist or Dotarem", "solution 20 ml", "solution", "saline 20 ml", "vial 10 ml", "syringe 20 ml",
        "20 ml solution",
        "flush 20 ml", "Bayer 10 ml", "造影剤不明", "造影 拒否", "造影剤アレルギー", "造影予定",
        "造影剂 过敏", "조영제 미상",
        "造影 何か", "造影(-)", "造影剤 -", "Gadovist bilinmiyor", "Gadovist ukendt", "gado ismeretlen", "χωρίς κάτι",
    ),
}  # fmt: skip
DESCRIPTIONS = {
    GIVEN: (
        "t1_mprage_post", "T1 +C", "t1 se ce tra", "t1 GADOVIST", "T1 C+", "t1 pre OP KM", "t1_mprage_KM",
        "T1 w/ contrast", "t1 après injection", "t1 nach KM", "t1 dopo mdc", "T1 con contraste", "T1 z kontrastem",
        "T1 増強", "SE T1 s kontrastem", "T1_MPR_post_Gd",
        "T1 post sag", "post T1 3D", "AX T1 POST FS", "T1 m. KM",
    ),
    NOT_GIVEN: (
        "t1 pre", "t1 w/o contrast", "non-contrast t1", "t1 ohne KM", "T1 C-", "t1 nativ", "t1 sans injection",
        "t1 vor KM", "t1 senza mdc", "T1 sin contraste", "T1 bez kontrastu", "ax t1 no contrast", "T1 造影前",
        "t1 s/c", "T1 pre GD", "T1 prae KM", "T1 prä KM", "T1 o. KM", "T1 oKM", "T1 prima del mdc", "t1 pre cor",
    ),
    UNKNOWN: ("mit und ohne KM", "ohne und mit KM", "T1 w/wo contrast", "T1 +/- C", "pre and post contrast", "KM ggf.",
        "T1 -Gd", "-KM T1 tra", "t1_-gd",
              "T1 KM?", "MS Protokoll ohne/mit KM", "mit/ohne KM", "T1 post?", "pre/post T1", "T1 pre and post"),
    None: (
        "", "t1 se sag", "post-op control", "pre-op planning", "posterior fossa", "post fossa t2", "cerebrum",
        "prescan", "phase contrast", "C-spine T1", "t1_mprage_recommended", "Removed tumour",
        "T1 post Tysabri", "T1 post natalizumab", "T1 post PLEX", "T1 pre Tysabri", "T1 contrast-optimised",
        "T1 enhanced resolution", "post relapse", "post LP", "T1 post steroid", "post shunt", "post stent",
        "post fall",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), [(text, says) for says, texts in AGENTS.items() for text in texts])
def test_the_name_of_an_agent_is_understood_or_unknown(text: str, says: Contrast) -> None:
    """However it is written; a placeholder and a word that the table lacks are unknown."""
    assert [agent_says(each) for each in (text, text.upper(), text.lower(), f" {text} ")] == [says] * 4


@pytest.mark.parametrize(
    ("text", "says"), [(text, says) for says, texts in DESCRIPTIONS.items() for text in texts]
)
def test_a_description_says_with_without_both_or_nothing(text: str, says: Contrast | None) -> None:
    """Post-operative is not post-contrast, letters inside another word are no word, both is unknown."""
    assert [words_say(each) for each in (text, text.replace(" ", "_"))] == [says] * 2


def test_blank_is_silence() -> None:
    """Nothing was written: that is no statement."""
    assert agent_says("") is agent_says("  ") is None


@given(st.text(max_size=30))
def test_any_text_has_an_answer(text: str) -> None:
    """Nothing that people type stops it, and what is given is given in capitals too."""
    assert agent_says(text) in (None, GIVEN, NOT_GIVEN, UNKNOWN)
    assert words_say(text) in (None, GIVEN, NOT_GIVEN, UNKNOWN)


@given(st.from_regex(r"[B-Zb-z]{9,14}ova", fullmatch=True))
def test_a_name_is_never_an_agent(name: str) -> None:
    """What the table lacks is unknown."""
    assert agent_says(name) in (UNKNOWN, GIVEN if name.casefold().startswith("gado") else UNKNOWN)


def test_every_word_of_the_table_is_text() -> None:
    """YAML takes a bare `no` for a boolean and `null` for nothing: such words stand in quotes."""
    text = files("routing_rules.series").joinpath("contrast_words.yaml").read_text(encoding="utf-8")

    def leaves(part: Any) -> list[Any]:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else None
        return [part] if inner is None else [leaf for one in inner for leaf in leaves(one)]

    words = leaves(read_yaml(text, "contrast_words.yaml").data)
    assert [word for word in words if not isinstance(word, str)] == []
    assert {"no", "null", "false"} <= set(words)
