"""Items of several processes; the second of three is played."""

import pytest
import torch

from tcm.engine.processes import from_first, in_first, of_all


@pytest.fixture(params=[0, 1])
def rank(request, monkeypatch):
    group = torch.distributed
    monkeypatch.setattr(group, "is_initialized", lambda: True)
    monkeypatch.setattr(group, "get_world_size", lambda: 3)
    monkeypatch.setattr(group, "get_rank", lambda: request.param)
    return request.param


def _gather(own, into):
    if into is not None:
        into[:] = ["a", "b", "c"]


def test_all_get_the_items_of_all(rank, monkeypatch):
    monkeypatch.setattr(
        torch.distributed, "all_gather_object", lambda into, own: _gather(own, into)
    )
    assert of_all("b") == ["a", "b", "c"]


def test_the_first_alone_gets_them(rank, monkeypatch):
    monkeypatch.setattr(torch.distributed, "gather_object", _gather)
    assert in_first("b") == (["a", "b", "c"] if rank == 0 else None)


def test_the_others_get_the_first_ones_item(rank, monkeypatch):
    def broadcast(items):
        items[0] = "a"

    monkeypatch.setattr(torch.distributed, "broadcast_object_list", broadcast)
    assert from_first("b") == "a"


def test_one_process_tells_itself():
    assert of_all(1) == [1] and in_first(1) == [1] and from_first(1) == 1
