"""The Dragon Hatchling: its equations, its two ways of running, its state, what is read off it."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import layer_norm, relu

from memlab.bdh import state as states
from memlab.bdh.hatchling import Hatchling, blank
from memlab.bdh.running import logits, neurons, run, step
from memlab.bdh.synapses import active_share, surprise_and_activity, synapses
from memlab.bdh.tasks import (
    Distraction,
    Repetition,
    distracted,
    parted,
    repetition,
    text_bytes,
    windows,
)
from memlab.bdh.training import Training, judged, loss, surprisal, trained
from memlab.draws import Draws

DRAWS = Draws(seed=1, replicates=(0, 1))
SMALL = Hatchling(vocabulary=11, width=12, neurons=32, heads=2, layers=3, dropout=0.0)
DAMPED = replace(SMALL, damping=(1.0, 0.9))
FORMS = ("paper", "code")


def tokens(count, sequences=2):
    return DRAWS.integers("tokens", 11, (sequences, count))


def one_by_one(model, weights, read, state):
    said = []
    for token in read.unbind(2):
        passed = step(model, weights, token, state)
        state = passed.state
        said.append(passed.logits)
    return torch.cat(said, 2), state


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("damping", [(1.0,), (1.0, 0.9)])
def test_one_after_the_other_is_all_at_once(form, damping):
    model = replace(SMALL, form=form, damping=damping)
    weights, read = blank(model, DRAWS), tokens(150)  # more than a block
    whole = run(model, weights, read)
    empty = states.zero(model, replicates=2, sequences=2)
    said, after = one_by_one(model, weights, read, empty)
    assert float((said - whole.logits).abs().max()) < 1e-5
    assert after.position == whole.state.position == 150
    for one, other in zip(after.rho, whole.state.rho, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(logits(model, weights, read), whole.logits)


@pytest.mark.parametrize("form", FORMS)
def test_a_text_may_be_read_in_parts(form):
    model = replace(DAMPED, form=form)
    weights, read = blank(model, DRAWS), tokens(40)
    first = run(model, weights, read[..., :17])
    then = run(model, weights, read[..., 17:], first.state)
    both = torch.cat([first.logits, then.logits], 2)
    torch.testing.assert_close(both, run(model, weights, read).logits, rtol=1e-4, atol=1e-5)


def test_the_codes_form_is_what_was_released():
    """Row vectors, keys turned by absolute position, strictly earlier tokens alone."""
    w, read = blank(SMALL, DRAWS), tokens(20)
    n, d = SMALL.per_head, SMALL.width
    pair = torch.arange(n) // 2 * 2
    phase = torch.arange(20)[:, None] * SMALL.theta ** (-pair / n)

    def normal(z):
        return layer_norm(z, (d,))

    def turned(z):
        other = torch.stack([-z[..., 1::2], z[..., ::2]], -1).flatten(-2)
        return z * phase.cos() + other * phase.sin()

    for r in range(2):
        v = normal(w.embedding[r][read[r]])[:, None]  # (B, 1, T, d)
        for _ in range(3):
            x = relu(v @ w.d_x[r])
            key = turned(x)
            a = normal((key @ key.mT).tril(-1) @ v)
            y = relu(a @ w.d_y[r]) * x
            v = normal(v + normal((y @ w.e[r]).sum(1, keepdim=True)))
        torch.testing.assert_close(logits(SMALL, w, read)[r], v[:, 0] @ w.head[r])


def test_the_papers_form_is_its_equation_8():
    """Column vectors, every token after the other, U turning and damping all of ρ."""
    model = replace(DAMPED, form="paper")
    w, read = blank(model, DRAWS), tokens(12, sequences=1)
    n, d, heads = model.per_head, model.width, model.heads

    def normal(z):
        return layer_norm(z, (d,))

    pairs = model.theta ** (-2 * torch.arange(n // 2) / n)
    u = torch.zeros(n, n)
    for p, angle in enumerate(pairs):
        c, s = angle.cos(), angle.sin()
        u[2 * p : 2 * p + 2, 2 * p : 2 * p + 2] = torch.tensor([[c, -s], [s, c]])
    rho = [[torch.zeros(d, n) for _ in range(heads)] for _ in range(model.layers)]
    said = []
    for token in read[0, 0]:
        v, x = normal(w.embedding[0, token]), [torch.zeros(n)] * heads
        for layer in range(model.layers):
            out = torch.zeros(d)
            x = [x[h] + relu(w.d_x[0, h].T @ v) for h in range(heads)]
            for h in range(heads):
                a = rho[layer][h] @ x[h]
                y = relu(w.d_y[0, h].T @ normal(a)) * x[h]
                out = out + w.e[0, h].T @ y
                written = rho[layer][h] + torch.outer(v, x[h])
                rho[layer][h] = model.damping[h] * written @ u
            v = normal(out)
        said.append(v @ w.head[0])
    found = logits(model, w, read)[0, 0]
    # The reference keeps keys at their age, so that it turns keys where ours turns both sides.
    torch.testing.assert_close(found, torch.stack(said), rtol=1e-3, atol=1e-4)


def test_the_released_size_has_its_parameters_and_half_its_neurons_fire_at_first():
    released = Hatchling(width=256, neurons=32_768, layers=6)
    assert released.parameters == 25_296_896
    assert Hatchling(vocabulary=64).parameters == 401_408
    model = Hatchling(vocabulary=64)
    weights = blank(model, Draws(seed=1, replicates=(0,)))
    assert sum(one.numel() for one in vars(weights).values()) == 401_408
    layers = run(model, weights, torch.arange(64)[None, None]).layers
    assert float(active_share(layers[0].x).mean()) == pytest.approx(0.5, abs=0.02)
    assert float(active_share(layers[0].y)[..., 1:].mean()) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("form", FORMS)
def test_no_token_knows_what_comes(form):
    model = replace(SMALL, form=form)
    weights, read = blank(model, DRAWS), tokens(30)
    other = read.clone()
    other[..., 20] = (other[..., 20] + 1) % 11
    before, after = (logits(model, weights, one) for one in (read, other))
    assert torch.equal(before[:, :, :20], after[:, :, :20])
    assert not torch.equal(before[:, :, 21:], after[:, :, 21:])


def test_where_one_stands_does_not_matter_but_how_far_back_things_are():
    weights, read = blank(DAMPED, DRAWS), tokens(40)
    at_home = run(DAMPED, weights, read[..., :20]).state
    far = states.moved(DAMPED, at_home, 1_000_003)
    assert far.position == 1_000_003
    said = [run(DAMPED, weights, read[..., 20:], one).logits for one in (at_home, far)]
    torch.testing.assert_close(said[0], said[1], rtol=1e-4, atol=1e-5)


def test_silence_ages_and_damps_what_is_in_mind():
    before = run(DAMPED, blank(DAMPED, DRAWS), tokens(20)).state
    after = states.faded(DAMPED, before, 5)
    assert after.position == 25
    for one, other in zip(before.rho, after.rho, strict=True):
        torch.testing.assert_close(other[:, 0], one[:, 0])
        torch.testing.assert_close(other[:, 1], 0.9**5 * one[:, 1])
    weak = states.weakened(before, 0.25)
    assert weak.position == 20
    torch.testing.assert_close(weak.rho[0], 0.75 * before.rho[0])


def test_a_blend_keeps_the_ages_of_both():
    weights = blank(DAMPED, DRAWS)
    first, second = (run(DAMPED, weights, tokens(count)).state for count in (20, 31))
    same = states.blended(DAMPED, first, states.moved(DAMPED, first, 77), 0.3)
    for one, other in zip(first.rho, same.rho, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    whole = states.blended(DAMPED, first, second, 1.0)
    home = states.moved(DAMPED, second, 20)
    assert all(torch.equal(a, b) for a, b in zip(whole.rho, home.rho, strict=True))
    with pytest.raises(ValueError, match="one model and one batch"):
        states.blended(DAMPED, first, states.zero(DAMPED, replicates=2, sequences=1), 0.5)


def test_a_state_comes_back_from_its_file(tmp_path):
    before = run(SMALL, blank(SMALL, DRAWS), tokens(20)).state
    states.save(before, tmp_path / "mind.safetensors")
    after = states.load(tmp_path / "mind.safetensors")
    assert after.position == 20
    assert all(torch.equal(a, b) for a, b in zip(before.rho, after.rho, strict=True))


def test_synapses_are_what_all_pairs_together_would_hold():
    passed = run(DAMPED, blank(DAMPED, DRAWS), tokens(15))
    y, x = neurons(passed.layers[0].y), neurons(passed.layers[1].x)
    kept = torch.tensor([1.0, 0.9]).repeat_interleave(16)  # of the neuron before
    sigma, whole = torch.zeros(2, 2, 32, 32), []
    for t in range(15):
        whole.append(sigma)
        sigma = kept * (sigma + y[:, :, t, :, None] * x[:, :, t, None, :])
    pairs = torch.tensor([[3, 5], [30, 31], [7, 20]])
    found = synapses(DAMPED, passed, 1, pairs)
    torch.testing.assert_close(found, torch.stack(whole, 2)[..., pairs[:, 0], pairs[:, 1]])
    with pytest.raises(ValueError, match=r"layer must be in \[1, 2\], got 0"):
        synapses(DAMPED, passed, 0, pairs)
    with pytest.raises(ValueError, match="neurons must be in 0 … 31"):
        synapses(DAMPED, passed, 1, pairs + 30)


def test_activity_that_follows_surprise_correlates_with_it():
    surprise = DRAWS.uniform("surprise", (3, 40))
    together = surprise_and_activity(surprise, 2 * surprise + 1)
    assert together.tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"neurons": 30}, "a multiple of 4, got 30"),
        ({"form": "gpt"}, "form must be one of"),
        ({"damping": (1.0, 0.0)}, r"damping must be 1 or heads=2 numbers in \(0, 1\]"),
        ({"damping": (1.0, 0.9, 0.8)}, "heads=2 numbers"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"layers": 0}, "layers must be 1 or more"),
        ({"theta": 1.0}, "theta must be above 1"),
    ],
)
def test_a_hatchling_refuses_what_it_cannot_be(wrong, told):
    with pytest.raises(ValueError, match=told):
        replace(SMALL, **wrong)


def test_tokens_outside_the_vocabulary_and_none_at_all_are_refused():
    weights = blank(SMALL, DRAWS)
    with pytest.raises(ValueError, match="0 … 10, got 11"):
        run(SMALL, weights, torch.full((2, 1, 3), 11))
    with pytest.raises(ValueError, match="one or more, got"):
        logits(SMALL, weights, torch.zeros(2, 1, 0, dtype=torch.long))
    with pytest.raises(ValueError, match="a token and one that follows"):
        loss(SMALL, weights, tokens(1))


TASK = Repetition(letters=11, warm_up=2, word=3, copies=3)
COURSE = Training(steps=60, rate=1e-2, warm_up=5, every=20)


def lesson(model, draws, course=COURSE):
    asked = repetition(TASK, 16, draws.at("validation"))
    return trained(
        model,
        blank(model, draws),
        course,
        lambda step: repetition(TASK, 16, draws.at("batch", step)),
        draws,
        validation=asked,
    )


@pytest.mark.parametrize("form", FORMS)
def test_training_lowers_the_loss_of_what_is_not_trained_on(form):
    course = lesson(replace(SMALL, form=form, dropout=0.1), DRAWS)
    assert course.validated.tolist() == [20, 40, 60]
    assert course.losses.shape == (2, 60)
    assert bool((course.validation[:, 2] < course.validation[:, 0] - 0.05).all())
    assert not course.weights.e.requires_grad


def test_a_replicate_learns_the_same_without_the_others():
    both = lesson(replace(SMALL, dropout=0.1), DRAWS)
    alone = lesson(replace(SMALL, dropout=0.1), Draws(seed=1, replicates=(1,)))
    torch.testing.assert_close(both.weights.e[1], alone.weights.e[0], rtol=1e-3, atol=1e-4)


def test_the_rate_rises_and_falls_in_straight_lines():
    course = Training(steps=100, rate=1.0, warm_up=10, least=0.1)
    rates = [course.rate_at(step) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * k for k in range(1, 11)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.55)
    assert rates[-1] == pytest.approx(0.11)
    with pytest.raises(ValueError, match=r"warm_up must be in \[0, steps=100\], got 101"):
        Training(steps=100, warm_up=101)


def test_a_gradient_that_is_not_finite_names_its_step():
    weights = blank(SMALL, DRAWS)
    weights.head[0, 0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match="a norm of nan in step 0 in replicate 0;"):
        trained(
            SMALL, weights, COURSE, lambda _: tokens(5), DRAWS, validation=tokens(5)
        )  # fmt: skip


def test_the_loss_is_the_mean_surprisal_and_chance_costs_the_logarithm():
    weights = blank(SMALL, DRAWS)
    read = tokens(20)
    each = surprisal(logits(SMALL, weights, read[..., :-1]), read)
    torch.testing.assert_close(judged(SMALL, weights, read), each.mean((1, 2)))
    nothing = torch.zeros(2, 2, 19, 11)
    torch.testing.assert_close(surprisal(nothing, read), torch.full((2, 2, 19), 11.0).log())


def test_every_copy_of_a_word_is_the_word():
    read, copy = repetition(TASK, 4, DRAWS), TASK.copy_of()
    assert read.shape == (2, 4, 11)
    assert read[..., :2].tolist() == [[[0, 1]] * 4] * 2
    assert torch.equal(read[..., 2:5], read[..., 8:])
    assert copy.tolist() == [-1, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert replace(TASK, warm_up=0).copy_of().tolist() == [0, 0, 1, 1, 1, 2, 2, 2]
    with pytest.raises(ValueError, match="copies 2 or more"):
        Repetition(copies=1)


def test_the_last_token_is_the_value_of_the_key_before_it():
    task = Distraction(pairs=3, keys=5, values=4, noises=6)
    read = distracted(task, 20, 7, DRAWS)
    assert read.shape == (2, 20, 6 + 7 + 2)
    assert task.vocabulary == 15
    keys, values = read[..., 0:6:2], read[..., 1:6:2]
    at = keys == read[..., -2:-1]
    assert at.sum(-1).unique().tolist() == [1]
    assert torch.equal((values * at).sum(-1), read[..., -1])
    assert bool(((values >= 5) & (values < 9)).all())
    assert bool((read[..., 6:13] >= 9).all())
    with pytest.raises(ValueError, match=r"pairs must be in \[1, keys=5\], got 6"):
        replace(task, pairs=6)
    with pytest.raises(ValueError, match="noise must be 0 tokens or more"):
        distracted(task, 1, -1, DRAWS)


def test_any_bytes_are_a_text_and_none_are_not(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xff\xfeab\x00")
    assert text_bytes(path).tolist() == [255, 254, 97, 98, 0]
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="must hold text, got an empty file"):
        text_bytes(path)


def test_windows_are_pieces_of_the_text():
    text = torch.arange(50)
    pieces = windows(text, 20, 8, DRAWS)
    assert pieces.shape == (2, 20, 8)
    assert bool((pieces.diff(dim=-1) == 1).all())
    whole = windows(text, 3, 50, DRAWS)
    assert whole.tolist() == [[list(range(50))] * 3] * 2
    with pytest.raises(ValueError, match="one piece of length=51, got 50"):
        windows(text, 1, 51, DRAWS)
    learned, judge = parted(text, 0.9)
    assert (len(learned), len(judge)) == (45, 5)
