"""How a batch run is shared out."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.distribution import Cluster, Shard


def test_every_specimen_is_in_one_shard() -> None:
    specimens = [f"S{i}" for i in range(23)]
    shares = [Shard.parse(f"{i}/8").share(specimens) for i in range(1, 9)]
    assert sorted(s for share in shares for s in share) == sorted(specimens)
    assert max(map(len, shares)) - min(map(len, shares)) == 1


def test_there_may_be_more_shards_than_specimens() -> None:
    assert Shard(3, 3).share(["a", "b"]) == ()


@pytest.mark.parametrize("text", ["", "0/4", "5/4", "1", "1/0", "a/b", "-1/4", "1/4/2", "1/1000000"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Shard.parse(text)


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        ("local", Cluster()),
        ("local:4", Cluster(workers=4)),
        ("tcp://node17:8786", Cluster("tcp://node17:8786")),
        ("tls://10.0.0.7:8786", Cluster("tls://10.0.0.7:8786")),
        ("tcp://[::1]:8786", Cluster("tcp://[::1]:8786")),
    ],
)
def test_workers_of_this_computer_or_an_address(text: str, cluster: Cluster) -> None:
    assert Cluster.parse(text) == cluster


@pytest.mark.parametrize(
    "text",
    [
        "",
        "local:0",
        "local:65",
        "local:x",
        "node17:8786",
        "http://x:80",
        "tcp://x",
        "tcp://x:0",
        "tcp://x:99999",
    ],
)
def test_what_is_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Cluster.parse(text)
