"""What a server states in DICOM JSON: nothing that it leaves out or writes otherwise is an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.web import dicom_json

TAG = "00201209"


@pytest.mark.parametrize(
    ("dataset", "values"),
    [
        ({TAG: {"vr": "IS", "Value": [1, 2]}}, [1, 2]),
        ({TAG: {"vr": "IS", "Value": 1}}, [1]),
        ({TAG: {"vr": "IS", "Value": None}}, []),
        ({TAG: {"vr": "IS"}}, []),
        ({TAG: None}, []),
        ({TAG: "15"}, []),
        ({}, []),
        (None, []),
        (["no data set"], []),
    ],
)
def test_an_attribute_has_the_values_it_states(dataset: Any, values: list[Any]) -> None:
    """A list, one value without its list, or none at all."""
    assert dicom_json.values(dataset, TAG) == values


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([TAG, "Value", "vr"]), inner),
    max_leaves=8,
)


@given(_JSON)
def test_no_answer_of_a_server_is_an_error(answer: Any) -> None:
    """Text, number and items of whatever JSON came."""
    assert isinstance(dicom_json.text(answer, TAG), str)
    number = dicom_json.number(answer, TAG)
    assert number is None or isinstance(number, int)
    assert all(isinstance(item, dict) for item in dicom_json.items(answer, TAG))
