"""The n-grams of strings against an implementation in ten lines of dictionaries."""

from collections import defaultdict

import numpy as np
import pytest

from memlab.text.ngrams import KneserNey, WittenBell, learned

LETTERS, LONGEST = 4, 7


def strings(count, seed):
    """Random strings with an end and padding after it, and what of them is no padding."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, LONGEST, count)
    letters = random.integers(1, LETTERS + 1, (count, LONGEST))
    places = np.arange(LONGEST)
    found = np.where(places < lengths[:, None], letters, 0)
    return found.astype(np.int64), places <= lengths[:, None]


def counted(rows, valid, order, *, of_kinds):
    """How often each symbol followed each context; or how many symbols stood before both."""
    often, before = (defaultdict(lambda: defaultdict(int)) for _ in range(2))
    for row, there in zip(rows, valid, strict=True):
        told = ("^", *row[there].tolist())
        for end in range(1, len(told)):
            for size in range(min(order, end + 1)):
                context = told[end - size : end]
                fresh = often[context][told[end]] == 0
                often[context][told[end]] += 1
                if size and fresh:
                    before[context[1:]][told[end]] += 1
    raw = {c: s for c, s in often.items() if len(c) == order - 1 or c[:1] == ("^",)}
    return {**before, **raw} if of_kinds else often


def chance(counts, law, context, symbol, symbols):
    """The law, written down again."""
    shorter = chance(counts, law, context[1:], symbol, symbols) if context else 1 / symbols
    followers = counts.get(context)
    if not followers:
        return shorter
    n, total, kinds = followers.get(symbol, 0), sum(followers.values()), len(followers)
    if isinstance(law, WittenBell):
        return (n + kinds * shorter) / (total + kinds)
    left = law.strength + law.discount * kinds
    return (max(n - law.discount, 0) + left * shorter) / (total + law.strength)


@pytest.mark.parametrize("law", [WittenBell(), KneserNey(), KneserNey(0.6, 0.9)], ids=repr)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_chances_are_those_of_a_plain_dictionary(law, order):
    (rows, valid), (asked, there) = strings(60, seed=1), strings(15, seed=2)
    found = learned(rows, valid, LETTERS + 1, order=order, law=law).chances(asked)
    counts = counted(rows, valid, order, of_kinds=isinstance(law, KneserNey))
    for row, of_row, ends in zip(asked, found, there, strict=True):
        for place in np.flatnonzero(ends):
            context = ("^", *row[:place].tolist())[-(order - 1) :] if order > 1 else ()
            for symbol in range(LETTERS + 1):
                expected = chance(counts, law, context, symbol, LETTERS + 1)
                assert of_row[place, symbol] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("law", [WittenBell(), KneserNey(0.6, 0.9)], ids=repr)
def test_chances_sum_to_one_and_none_is_zero(law):
    (rows, valid), (asked, _) = strings(60, seed=1), strings(15, seed=2)
    found = learned(rows, valid, 9, order=4, law=law).chances(asked)  # four symbols never came
    assert found.sum(-1) == pytest.approx(1, abs=1e-12)
    assert (found > 0).all()


def test_surprise_is_that_of_the_symbols_that_came():
    (rows, valid), (asked, _) = strings(40, seed=3), strings(9, seed=4)
    model = learned(rows, valid, LETTERS + 1, order=3, law=WittenBell())
    own = np.take_along_axis(model.chances(asked), asked[..., None], -1)[..., 0]
    assert model.surprise(asked) == pytest.approx(-np.log(own), rel=1e-12)


def test_what_follows_an_end_is_not_learned():
    rows, valid = strings(20, seed=5)
    noisy = np.where(valid, rows, 3)
    models = [learned(r, valid, 5, order=3, law=KneserNey()) for r in (rows, noisy)]
    assert np.array_equal(*(model.chances(rows)[valid] for model in models))


def test_the_start_is_a_context_of_its_own():
    rows = np.array([[1, 2, 0], [1, 2, 0]])
    model = learned(rows, np.ones_like(rows, dtype=bool), 3, order=2, law=WittenBell())
    first = model.chances(rows)[0, 0]
    assert first.argmax() == 1  # both begin with it, though no symbol is more frequent


def test_an_order_that_there_is_not_is_refused():
    rows, valid = strings(3, seed=1)
    with pytest.raises(ValueError, match=r"in 1 … 7, got 8"):
        learned(rows, valid, 5, order=8, law=WittenBell())
