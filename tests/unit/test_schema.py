"""Configurations that must be refused, and the words they are refused with."""

import copy
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from pydantic import PositiveInt, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from memlab.app.schema import Refused, check_parameters, checked, complaints, suggestion, targets
from memlab.cli import conf_dir


@pytest.fixture
def config():
    groups = ("substrate", "patterns", "cue", "protocol", "controls", "tracking")
    top = {"seed": 1, "replicates": 10, "device": "auto", "threads": "auto", "video": False}
    whole = OmegaConf.to_container(OmegaConf.load(conf_dir() / "config.yaml"), resolve=False)
    top |= {key: whole[key] for key in ("outputs", "resume", "checkpoint", "sweep")}
    return {group: {"_target_": f"memlab.{group}.Thing"} for group in groups} | top | {"name": None}


def refusal(config, **changes):
    with pytest.raises(Refused) as caught:
        checked(copy.deepcopy(config) | changes)
    return str(caught.value)


def test_a_whole_configuration_passes(config):
    assert checked(config).replicates == 10


@pytest.mark.parametrize(
    ("key", "given", "message"),
    [
        ("seed", "abc", "seed must be a valid integer, got 'abc'"),
        ("seed", -1, "seed must be greater than or equal to 0, got -1"),
        ("replicates", 1.5, "replicates must be a valid integer, got 1.5"),
        ("replicates", 0, "replicates must be greater than 0, got 0"),
        ("device", "gpu", "device must be 'auto', 'cpu' or 'cuda', got 'gpu'"),
        ("threads", 0, "threads must be 'auto' or greater than 0, got 0"),
        ("threads", 100_000, "threads must be 'auto' or less than or equal to 256, got 100000"),
        ("replicates", 10**12, f"replicates must be less than or equal to 100000, got {10**12}"),
        ("replicates", True, "replicates must be a valid integer, got True"),
        ("video", "yes", "video must be a valid boolean, got 'yes'"),
        (
            "cue",
            {"keep": 1},
            "cue must be a mapping with a _target_ inside memlab, got {'keep': 1}",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_valid(config, key, given, message):
    assert refusal(config, **{key: given}) == message


def test_a_key_that_does_not_exist_is_refused_with_the_nearest_that_does(config):
    assert "there is no key sed; did you mean seed?" in refusal(config, sed=3)


@pytest.mark.parametrize(
    ("part", "key", "given", "message"),
    [
        ("checkpoint", "every", 0, "checkpoint.every must be greater than 0, got 0"),
        ("checkpoint", "evry", 3, "there is no key checkpoint.evry; did you mean every?"),
        ("sweep", "confirm", "yes", "sweep.confirm must be a valid boolean, got 'yes'"),
        ("sweep", "trails", 3, "there is no key sweep.trails; did you mean trials?"),
    ],
)
def test_a_wrong_key_of_a_part_is_named_with_its_part(config, part, key, given, message):
    assert message in refusal(config, **{part: config[part] | {key: given}})


def test_every_wrong_key_is_listed(config):
    assert len(refusal(config, seed="a", replicates=0).splitlines()) == 2


def test_nothing_outside_the_package_is_called(config):
    nested = {"_target_": "memlab.cues.Mask", "inner": [{"_target_": "os.system"}]}
    expected = "cue.inner.0._target_ must name something inside memlab, got 'os.system'"
    assert refusal(config, cue=nested) == expected


def test_a_further_cue_must_be_an_object(config):
    assert refusal(config, cues={"half": 3}).startswith("cues.half must be a mapping")


def test_targets_are_found_at_any_depth():
    tree = {"a": {"_target_": "x", "b": {"_target_": "y"}}, "c": [{"_target_": "z"}]}
    assert [path for path, _ in targets(tree)] == ["a", "a.b", "c.0"]


def test_a_parameter_that_a_target_does_not_have_is_refused():
    def medium(*, feed, kill):
        return feed, kill

    with pytest.raises(
        Refused, match=r"substrate\.kil is no parameter of Medium; did you mean kill"
    ):
        check_parameters("substrate", {"_target_": "memlab.Medium", "kil": 1}, medium)


def test_pydantic_is_translated_into_one_line_per_key():
    @checked_dataclass
    class Medium:
        steps: PositiveInt
        rate: float

    with pytest.raises(ValidationError) as caught:
        Medium(steps="lots", rate="fast")
    assert complaints(caught.value, prefix="substrate") == [
        "substrate.steps must be a valid integer, got 'lots'",
        "substrate.rate must be a valid number, got 'fast'",
    ]


def test_a_complaint_of_a_constructor_is_passed_on_under_its_key():
    @checked_dataclass
    class Medium:
        size: int

        def __post_init__(self):
            raise ValueError("size must be a multiple of 8, got 9")

    with pytest.raises(ValidationError) as caught:
        Medium(size=9)
    assert complaints(caught.value, prefix="substrate") == [
        "substrate: size must be a multiple of 8, got 9"
    ]


def test_no_class_of_pydantics_is_named():
    @checked_dataclass
    class Files:
        path: Path

    with pytest.raises(ValidationError) as caught:
        Files(path=3)
    assert complaints(caught.value, prefix="patterns") == [
        "patterns.path must be a valid path, got 3"
    ]


def test_a_suggestion_names_the_nearest_and_lists_all():
    assert suggestion("grayscott", ["null", "gray_scott"]) == (
        "; did you mean gray_scott?\n  valid: gray_scott, null"
    )
