"""Learning rates against their formulas, and against torch where it has them."""

import pytest
import torch

from tcm.engine.schedules import Constant, MultiStep, OneCycle, Poly, WarmupStableDecay


def _bound(schedule, total, per_epoch=1):
    schedule.bind(total, per_epoch)
    return schedule


def test_poly_falls_from_the_rate_to_the_floor():
    schedule = _bound(Poly(power=0.9, min_lr=1e-7), 100)
    assert schedule(0, 1e-3) == pytest.approx(1e-3)
    assert schedule(50, 1e-3) == pytest.approx((1e-3 - 1e-7) * 0.5**0.9 + 1e-7)
    assert schedule(100, 1e-3) == pytest.approx(1e-7)


def test_poly_never_raises_a_rate_below_the_floor():
    schedule = _bound(Poly(min_lr=1e-7), 100)
    assert all(schedule(step, 0.0) == 0.0 for step in range(101))


def test_by_epoch_the_rate_is_constant_within_an_epoch():
    schedule = _bound(Poly(by_epoch=True), 100, 10)
    assert {schedule(step, 1.0) for step in range(10, 20)} == {schedule(10, 1.0)}
    assert schedule(20, 1.0) < schedule(10, 1.0)


def test_warm_up_is_linear_and_ends_on_the_schedule():
    schedule = _bound(Constant(warmup_steps=10, warmup_factor=0.1), 100)
    assert schedule(0, 1.0) == pytest.approx(0.1)
    assert schedule(5, 1.0) == pytest.approx(0.55)
    assert schedule(10, 1.0) == 1.0


def test_multi_step_drops_at_its_milestones():
    schedule = _bound(MultiStep([0.5, 0.75]), 100)
    rates = [schedule(step, 1.0) for step in (49, 50, 74, 75)]
    assert rates == pytest.approx([1.0, 0.1, 0.1, 0.01])


@pytest.mark.parametrize("total", [20, 101])
def test_one_cycle_equals_torchs(total):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.3, total_steps=total, cycle_momentum=False
    )
    schedule = _bound(OneCycle(), total)
    for step in range(total):
        assert schedule(step, 0.3) == pytest.approx(reference.get_last_lr()[0], abs=1e-9), step
        if step + 1 < total:
            optimizer.step()
            reference.step()


def test_the_rate_is_held_and_falls_over_the_last_steps():
    schedule = _bound(WarmupStableDecay(decay_steps=100, warmup_steps=10), 1000)
    assert [schedule(step, 1.0) for step in (5, 10, 900)] == pytest.approx([0.5005, 1.0, 1.0])
    assert [schedule(step, 1.0) for step in (925, 964, 1000)] == pytest.approx([0.5, 0.2, 0.0])


def test_a_longer_run_has_the_same_rates_before_the_shorter_ones_fall():
    short, long = (_bound(WarmupStableDecay(20, warmup_steps=10), total) for total in (100, 300))
    assert [short(step, 1.0) for step in range(81)] == [long(step, 1.0) for step in range(81)]
