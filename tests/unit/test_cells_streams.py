"""Streams: their states go on, are put aside, are set back; the model stays."""

import numpy as np
import pytest

from tests.unit.cell_models import NAMES, bits, delayed, small


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_a_stream_in_parts_is_the_stream(name):
    x = delayed()[0][0]
    model = small(name).build(1, 1)
    stream = model.stream()
    parts = [stream.predict(x[:7]), stream.step(x[7])[None], stream.predict(x[8:])]
    assert np.array_equal(np.concatenate(parts), model.predict(x))


def test_a_stream_goes_on_from_a_state_that_was_put_aside(name):
    x = delayed()[0][0]
    model = small(name).build(1, 1)
    stream = model.stream()
    stream.predict(x[:9])
    aside = stream.get_memory_state()
    expected = stream.predict(x[9:])
    assert np.array_equal(model.predict(x[9:], state=aside), expected)
    stream.reset_memory()
    stream.set_memory_state(aside)
    assert np.array_equal(stream.predict(x[9:]), expected)


def test_two_resets_give_the_same_bits(name):
    x = delayed()[0]
    stream = small(name).build(1, 1).stream(batch=len(x))
    told = []
    for _ in range(2):
        stream.reset_memory()
        told.append(stream.predict(x))
    assert np.array_equal(*told)


@pytest.mark.parametrize("name", ["amn", "dtpn", "hyper_amn", "sgw_amn", "ndm"])
def test_resetting_the_store_leaves_the_other_states(name):
    stream = small(name).build(1, 1).stream()
    stream.predict(delayed()[0][0])
    before = stream.get_memory_state()
    stream.reset_manifold()
    after = stream.get_memory_state()
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    assert changed == {"r" if name == "dtpn" else "Mm"}
    assert not after[changed.pop()].any()


def test_a_cell_without_a_store_says_so():
    with pytest.raises(ValueError, match="Amrc has no store to reset"):
        small("amrc").build(1, 1).reset_manifold()


def test_a_state_is_a_copy(name):
    model = small(name).fit(delayed()[0][0], delayed()[1][0])
    before = bits(model)
    for state in model.get_memory_state().values():
        state.fill(7)
    assert bits(model) == before


def test_states_that_do_not_fit_are_refused():
    model = small("amrc").build(1, 1)
    with pytest.raises(ValueError, match=r"a state must have \['h', 'm'\], got \['m'\]"):
        model.set_memory_state({"m": np.zeros((1, 8))})
    with pytest.raises(ValueError, match=r"a state must have \['h', 'm'\], got ndarray"):
        model.stream().set_memory_state(np.zeros((1, 8)))
    with pytest.raises(ValueError, match=r"state 'm' must be \(1, 8\), got \(1, 3\)"):
        model.set_memory_state({"m": np.zeros((1, 3)), "h": np.zeros((1, 8))})


def test_a_state_that_is_none_resets_nothing():
    model = small("amrc").fit(delayed()[0][0], delayed()[1][0])
    stream, before = model.stream(), bits(model)
    stream.predict(delayed()[0][0])
    kept = stream.get_memory_state()
    empty = {key: one[:0] for key, one in kept.items()}
    for owner in (model, stream):
        with pytest.raises(ValueError, match=r"a state must have .*got NoneType; reset_memory\(\)"):
            owner.set_memory_state(None)
    with pytest.raises(ValueError, match="a state must be of one stream at least"):
        stream.set_memory_state(empty)
    assert bits(model) == before
    assert all(np.array_equal(one, kept[key]) for key, one in stream.get_memory_state().items())


def test_what_is_refused_leaves_a_stream_where_it_was(name):
    stream = small(name).build(1, 1).stream()
    stream.predict(delayed()[0][0])
    before = stream.get_memory_state()
    with pytest.raises(ValueError, match="X must be finite in float32, got 1 values"):
        stream.step(np.array([np.nan], np.float32))
    with pytest.raises(ValueError, match="X must have the 1 inputs"):
        stream.step(np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="X must be of the 1 streams there are, got 3"):
        stream.predict(np.zeros((3, 4, 1), np.float32))
    after = stream.get_memory_state()
    assert all(np.array_equal(one, after[key]) for key, one in before.items())


def test_numbers_of_any_type_and_layout_step_alike(name):
    model = small(name).build(2, 1)
    x = np.linspace(-1, 1, 12).reshape(6, 2)
    told = []
    for given in (x, x.astype(np.float32), np.asfortranarray(x.astype(np.float32)), x.tolist()):
        stream = model.stream()
        told.append(
            np.concatenate([stream.step(one) for one in given] + [stream.predict(given)[0]])
        )
    assert all(np.array_equal(told[0], other) for other in told[1:])


def test_torch_follows_a_stream_as_the_core_does(name):
    model, x = small(name).build(1, 1), delayed()[0][0]
    streams = [model.set_params(backend=one).stream() for one in ("auto", "torch")]
    for part in (x[:5], x[5:6], x[6:]):
        core, reference = (one.predict(part) for one in streams)
        np.testing.assert_allclose(core, reference, rtol=1e-4, atol=1e-5)
    for key, one in streams[0].get_memory_state().items():
        np.testing.assert_allclose(one, streams[1].get_memory_state()[key], rtol=1e-4, atol=1e-5)


def test_a_stream_answers_as_the_model_predicts_with_or_without_the_axis_of_outputs():
    x, y = (one[0] for one in delayed())
    model = small("pmrc", epochs=1).fit(x, y[..., 0])
    stream = model.stream()
    told = [*stream.predict(x[:5]), stream.step(x[5]), *stream.predict(x[6:])]
    assert np.array_equal(told, model.predict(x))


def test_a_step_has_no_axis_of_time():
    stream = small("pmrc").build(1, 1).stream()
    for given in (0.5, np.zeros((2, 3, 1))):
        with pytest.raises(ValueError, match=r"x must be a step \(inputs,\) or \(N, inputs\), got"):
            stream.step(given)
