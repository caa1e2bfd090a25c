"""The assignment of texts to predictions against SciPy's on whole tables."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from tcm.models.detection_transformer.matching import assigned


def costs_of(predictions, texts, seed=0):
    """Costs of which some predictions are cheap for all texts, as rivals are."""
    generator = torch.Generator().manual_seed(seed)
    costs = torch.rand(2, predictions, texts, generator=generator)
    return costs + torch.rand(2, predictions, 1, generator=generator)


@pytest.mark.parametrize(("predictions", "texts"), [(5, 3), (200, 7), (200, 1), (3, 5), (90, 0)])
def test_the_sum_of_the_costs_is_least(predictions, texts):
    costs, valid = costs_of(predictions, texts), torch.ones(2, texts)
    valid[1, texts // 2 :] = 0
    for found, table, there in zip(assigned([costs], valid)[0], costs, valid > 0, strict=True):
        assert (found[~there] == -1).all()
        wanted = np.full(int(there.sum()), -1)
        rows, columns = linear_sum_assignment(table[:, there].numpy())
        wanted[columns] = rows
        assert found[there].tolist() == wanted.tolist()


def test_only_what_may_be_chosen_is_sent(monkeypatch):
    sent = []
    whole = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda x: sent.append(x.numel()) or whole(x))
    assigned([costs_of(1000, 4), costs_of(10, 4)], torch.ones(2, 4))
    assert sent == [2 * (2 * 4 * 4 + 10 * 4) + 2 * 4]


def test_what_is_no_number_is_taken_last():
    costs = costs_of(100, 3)
    costs[0, :98] = torch.nan
    costs[0, :, 1] = torch.inf
    (found,) = assigned([costs], torch.ones(2, 3))
    assert {98, 99} == set(found[0, [0, 2]].tolist()) and len(set(found[0].tolist())) == 3
