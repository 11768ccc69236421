"""What a model refuses is told once for each cause, where it stands, with the value and what to write."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from dicom_nodes.config_files.file_problem import FileProblem, complaint
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import YamlPath, read_yaml


class Colour(StrEnum):
    """For a value that is one of a few."""

    RED = "red"
    BLUE = "blue"


class Strict(BaseModel):
    """What the models of files have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wheel(Strict):
    """A part with a rule of its own."""

    size: int = Field(ge=1)
    made_by: Annotated[str, StringConstraints(pattern="^[a-z]+$")] = "us"

    @field_validator("size")
    @classmethod
    def _even(cls, size: int) -> int:
        if size % 2:
            raise complaint("is odd", size, "Use an even number.")
        return size


class Car(Strict):
    """Values, a choice, parts, and one thing or a list of it."""

    name: str
    colour: Colour = Colour.RED
    wheels: tuple[Wheel, ...] = Field(default=(), max_length=4)
    spare: Wheel | None = None
    owners: str | tuple[str, ...] = ()
    weights: dict[str, float] = {}
    electric: bool = Field(default=False, strict=True)
    plate: str = Field(default="", validate_default=True)

    @field_validator("plate")
    @classmethod
    def _has_one(cls, plate: str) -> str:
        if not plate:
            raise complaint("is not given", "", "Write one.")
        return plate


def problems(text: str, at: YamlPath = (), called: str = "") -> list[FileProblem]:
    """What is wrong with a car."""
    read = read_yaml(text, "car.yaml")
    assert read.problems == ()
    part = read.data
    for step in at:
        part = part[step]
    with pytest.raises(ValidationError) as caught:
        Car.model_validate(part)
    return problems_of(caught.value, read, "car.yaml", Car, at, called)


PLATE = "name: a\nplate: x\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plate: x\n", "car.yaml:1: name: is missing. Add it."),
        ("plate: x\nname:\n", "car.yaml:2: name: is not a text (found None). Write a text, in quotes"),
        (PLATE + "name_: b\n", "car.yaml:3: name_: there is nothing of this name (found name_). Did you mean name?"),
        (PLATE + "doors: 2\n", "car.yaml:3: doors: there is nothing of this name (found doors). Use one of: name, col"),
        (PLATE + "colour: green\n", "car.yaml:3: colour: Input should be 'red' or 'blue' (found 'green'). Correct"),
        (PLATE + "electric: 'yes'\n", "car.yaml:3: electric: is neither true nor false (found 'yes'). Write true or"),
        (PLATE + "wheels: 4\n", "car.yaml:3: wheels: is not a list (found 4). Write a list"),
        (PLATE + "weights: [1]\n", "car.yaml:3: weights: is not a table of names and values (found [1]). Write name"),
        (PLATE + "wheels:\n- size: 4\n- size: 3\n", "car.yaml:5: wheels.1.size: is odd (found 3). Use an even number."),
        (PLATE + "wheels:\n- size: x\n", "car.yaml:4: wheels.0.size: Input should be a valid integer"),
        (PLATE + "wheels:\n- {sizes: 4, size: 4}\n", "car.yaml:4: wheels.0.sizes: there is nothing of this name"),
        (PLATE + "wheels:\n- made_by: U\n  size: 4\n", "car.yaml:4: wheels.0.made_by: String should match"),
        (PLATE + "spare:\n  made_by: us\n", "car.yaml:3: spare: size: is missing. Add it."),
        (PLATE + "weights: {front: 1, rear: heavy}\n", "car.yaml:3: weights.rear: Input should be a valid number"),
        ("name: a\n", "car.yaml:1: plate: is not given. Write one."),
        ("name: a\nplate: ''\n", "car.yaml:2: plate: is not given. Write one."),
        ("[1, 2]\n", "car.yaml:1: is not a table of names and values (found [1, 2])"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_problem(text: str, said: str) -> None:
    """With its line, its place, the value, and a fix of its own."""
    (problem,) = problems(text)
    assert str(problem).startswith(said), str(problem)
    assert problem.fix


def test_all_mistakes_are_told_at_once() -> None:
    """Several that are missing at one place, too."""
    text = "wheels:\n- {}\n- {size: 3}\ncolour: green\n"
    assert sorted((problem.line, problem.problem.split(": ")[:2]) for problem in problems(text)) == [
        (1, ["name", "is missing"]),
        (1, ["plate", "is not given"]),
        (2, ["wheels.0", "size"]),
        (3, ["wheels.1.size", "is odd"]),
        (4, ["colour", "Input should be 'red' or 'blue'"]),
    ]


def test_where_several_types_were_tried_one_is_told() -> None:
    """A value that is neither the one thing nor a list of it is one mistake, told for the thing."""
    (problem,) = problems(PLATE + "owners: 5\n")
    assert (problem.line, problem.problem, problem.value) == (3, "owners: is not a text", "5")
    (inside,) = problems(PLATE + "owners:\n- anna\n- 5\n")
    assert (inside.line, inside.problem) == (5, "owners.1: is not a text")


def test_a_part_of_a_text_is_told_by_its_name() -> None:
    """Lines count in the whole text; the part is called as its reader knows it, else by its place."""
    text = "cars:\n- name: a\n  plate: x\n- name: b\n  plate: y\n  wheels: [{size: 3}]\n"
    (problem,) = problems(text, ("cars", 1), "car 'b'")
    assert str(problem) == "car.yaml:6: car 'b': wheels.0.size: is odd (found 3). Use an even number."
    (whole,) = problems("cars:\n- 5\n", ("cars", 0), "car 'a'")
    assert str(whole).startswith("car.yaml:2: car 'a': is not a table of names and values (found 5)")
    (unnamed,) = problems(text, ("cars", 1))
    assert unnamed.problem == "cars.1.wheels.0.size: is odd"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.sampled_from(["", "a", "red", "x" * 300, "é"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["size", "made_by", "name", "wheels", "0"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*Car.model_fields, "other"]), VALUES, max_size=8) | VALUES)
@example({"wheels": [{"size": {}}], "owners": [[]], "spare": {"wheels": 1}})
@settings(max_examples=200)
def test_no_content_raises_and_every_line_is_inside_the_text(content: Any) -> None:
    """Whatever a file holds, each refusal of the model is told with a line that an editor can go to."""
    text = json.dumps(content, indent=1)
    read = read_yaml(text, "car.yaml")
    try:
        Car.model_validate(read.data)
        told = None
    except ValidationError as error:
        told = problems_of(error, read, "car.yaml", Car)
    lines = range(1, len(text.splitlines()) + 1)
    assert told is None or told
    assert [each for each in told or () if each.line not in lines or not (each.problem and each.fix)] == []
    assert len(told or ()) == len(set(told or ())), "each cause once"
