"""Fit the uncertainty of a classifier: Mahalanobis distance, temperature, abstention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.joint import AdaptationMethods, adapt
from bloodcells_gui.adaptation.morphometry import COLUMNS, MorphometryModel
from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.adaptation.reproposal import (
    apply_class_weights,
    coarse_rows,
    critical_leaves,
    with_coarse_posteriors,
)
from bloodcells_gui.inference.classifier import logit_shift
from bloodcells_gui.inference.uncertainty import UncertaintyModel
from scripts.training.augment import nothing
from scripts.training.data import LEAVES, Cache
from scripts.training.metrics import allowed_matrix
from scripts.training.morphometry_fit import measured_crops
from scripts.training.views import Pool, Views, central_views

DIMENSIONS = 48
# Sites of the training with crops in a stain of their own; synthetic crops and red cells of fields have none.
STAINED_SITES = ("pbc", "raabin", "mll-marrow")
# Away from home a network forgets the single-leaf classes first: lymphocytes, monocytes, basophils and eosinophils end among
# the many leaves of the granulocytes, smudges and erythroblasts. ``scripts/training/prior_shift.py`` fits this on Raabin, PBC and BCCD left
# out; three quarters of what it finds serve best, for the fit is for evenly filled classes and networks that saw a sixth of the images.
LOGIT_SHIFT = {
    "SNE": 0.0, "BNE": 0.0, "LY": 1.5, "MO": 1.6, "BL": 0.7, "EO": 0.8, "BA": 1.4, "SMU": -0.8, "ERB": 0.5,
}  # fmt: skip

# How strongly the class frequencies of a specimen are held towards even ones; chosen with Raabin, PBC and BCCD left out, see docs/models-history.md.
CLASS_PRIOR = {"strength": 0.3, "least": 15}
# Label propagation among the cells of a specimen, until 2.4. It was judged on laboratories left out (``scripts/training/judge_serving.py``) and went:
# it harmed Raabin and lost rare cells, blasts above all.
FORMER_PROPAGATION = {"near": 0.5, "pull": 1.0, "echo": 1.0, "own": 0.1}
# Opinion pool of both answers, see ``scripts/training/pool_fit.py``; fitted on PBC, Raabin, BCCD, LISC and Deep Bio-Net left out. The limit of the
# unfamiliar is half way (in ratio) between the most changing site at home (marrow, 0.035) and the mean of those left out (0.09). `critical` is
# the largest in steps of 0.05 at which fewer than 0.5 % of the lymphocytes of these five, as they are and cut tight, are named a blast
# (``scripts/training/evaluate_blasts.py --fit``): 0.3 with a short training without PBC, 0.2 with one of 68,480 views.
POOL = {"adapted": 0.925, "own": 0.075, "change": 1.0, "threshold": 0.2, "unfamiliar": 0.056, "critical": 0.2}
# How much the disagreement of the two views adds to the uncertainty; chosen together with the threshold and `unlike`, as the program serves them
# (``scripts/training/doubt_fit.py``).
VIEW_DISAGREEMENT = 0.3
# Which cells are shown first. 8 % of the cells of healthy films pass the limit on the mean over LISC, Deep Bio-Net, Raabin and BCCD left out
# (``scripts/training/evaluate_blasts.py --fit``).
LOOK_FIRST = {"weights": {"BL": 1.0, "PMY": 0.1}, "limit": 0.025}
# Share of the uncertainty that comes from the leaf: little more than an order among cells whose coarse class is as sure.
LEAF_SHARE = 0.02


@dataclass
class Embedded:
    """Embeddings and logits of a set of views with what their labels allow."""

    embedding: np.ndarray
    logits: np.ndarray
    allowed: np.ndarray
    keys: list[str]
    disagreement: np.ndarray
    measurements: np.ndarray


def embed_pool(cache: Path, model: Path, train_limit: int = 4000) -> dict[str, Embedded]:
    """Plain training and validation views, augmented training views and empty views, run through the network."""
    from scripts.training.export_classifier import run_onnx

    caches = [Cache(cache, n) for n in ("real", "made") if (cache / f"{n}.json").is_file()]
    rng = np.random.default_rng(5)
    out = {}

    def unmeasured(n: int) -> np.ndarray:
        return np.full((n, len(COLUMNS)), np.nan, np.float32)

    def run(views: np.ndarray, allowed: np.ndarray, keys: list[str], measurements: np.ndarray) -> Embedded:
        logits, embedding, disagreement = run_onnx(model, views, ["logits", "embedding", "disagreement"])
        return Embedded(embedding, logits, allowed, keys, disagreement, measurements)

    # Made crops are nobody's specimen: nothing is made of their measurements.
    measurements = [measured_crops(cache), *(unmeasured(len(c.meta)) for c in caches[1:])]
    for split, limit in (("train", train_limit), ("val", 3000)):
        parts: list[tuple[Cache, int]] = []
        sizes: list[np.ndarray] = []
        for source, known, share in zip(caches, measurements, (0.8, 0.2), strict=False):
            rows = [
                i
                for i, m in enumerate(source.meta)
                if m["split"] == split and m["leaves"] and m["use"] == "train+ship"
            ]
            chosen = rng.choice(rows, min(len(rows), int(limit * share)), replace=False)
            parts += [(source, int(i)) for i in sorted(chosen)]
            sizes.append(known[sorted(chosen)])
        views = central_views(
            np.stack([c.images[i] for c, i in parts]), [c.meta[i].get("half_um", 99) for c, i in parts]
        )
        metas = [c.meta[i] for c, i in parts]
        keys = [("made" if m["set"] == "made" else m["site"]) + " " + m["label"] for m in metas]
        out[split] = run(views, allowed_matrix([m["leaves"] for m in metas]), keys, np.concatenate(sizes))
    pool = Pool(cache)
    stream = iter(Views(pool, 99, 0, 64))
    batches = [next(stream)[:2] for _ in range(32)]
    views = np.ascontiguousarray(np.concatenate([x.permute(0, 2, 3, 1).numpy() for x, _ in batches]))
    allowed = np.concatenate([y.numpy() for _, y in batches])
    out["augmented"] = run(views, allowed, ["augmented"] * len(views), unmeasured(len(views)))
    empty = np.stack([nothing(rng, []) for _ in range(200)])
    out["nothing"] = run(
        empty, allowed_matrix([["ART"]] * len(empty)), ["nothing"] * len(empty), unmeasured(len(empty))
    )
    return out


def distance_arrays(train: Embedded) -> dict[str, np.ndarray]:
    """Centre, whitener and whitened class means (one a site and class) of training embeddings."""
    x = train.embedding.astype(np.float64)
    keys = np.array(train.keys)
    means, within = [], np.zeros_like(x)
    groups = [k for k in np.unique(keys) if (keys == k).sum() >= 6]
    centre = x.mean(0)
    inside = np.isin(keys, groups)
    for key in groups:
        rows = keys == key
        mean = x[rows].mean(0)
        means.append(mean)
        within[rows] = x[rows] - mean
    values, vectors = np.linalg.eigh(np.cov(within[inside].T))
    order = np.argsort(values)[::-1][:DIMENSIONS]
    floor = 0.02 * values[order].mean()
    whitener = vectors[:, order] / np.sqrt(values[order] + floor)
    return {"centre": centre, "whitener": whitener, "means": (np.array(means) - centre) @ whitener}


def _loss(p: np.ndarray, allowed: np.ndarray) -> float:
    return float(-np.log(np.maximum((p * allowed).sum(1), 1e-6)).mean())


def methods_with(morphometry: MorphometryModel | None) -> AdaptationMethods:
    """Return the adaptation methods of the shipped classifier's card, with a fitted morphometry model."""
    return AdaptationMethods(ClassPrior.from_card(CLASS_PRIOR), None, morphometry)


def adapted_probabilities(
    p: np.ndarray, coordinates: np.ndarray, measurements: np.ndarray, methods: AdaptationMethods
) -> np.ndarray:
    """Compute probabilities (n, K) as the program gives them when the cells are one specimen.

    `coordinates` (n, d) are whitened embeddings, see :func:`whitened`; `measurements` (n, M) as ``scripts.training.morphometry_fit`` has them.
    """
    rows = coarse_rows(LEAVES)
    found = adapt(p, coordinates, measurements, LEAVES, methods)
    weighted = apply_class_weights(
        p, np.array([found.weights[x] for x in LEAVES], np.float32), rows, critical_leaves(LEAVES)
    )
    if found.posteriors is None:
        return weighted
    return with_coarse_posteriors(weighted, found.posteriors, rows)


def adapted_by_site(
    p: np.ndarray,
    coordinates: np.ndarray,
    measurements: np.ndarray,
    site: np.ndarray,
    methods: Mapping[str, AdaptationMethods],
) -> np.ndarray:
    """As :func:`adapted_probabilities`, each `site` (n,) a specimen of its own, with its own methods (or those of "")."""
    out = p.copy()
    for one in np.unique(site):
        rows = site == one
        out[rows] = adapted_probabilities(
            p[rows], coordinates[rows], measurements[rows], methods.get(str(one), methods[""])
        )
    return out


def whitened(embedding: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Whiten embeddings (n, D) to (n, d) float32, see :class:`UncertaintyModel`."""
    return np.asarray((embedding - arrays["centre"]) @ arrays["whitener"], np.float32)


@dataclass(frozen=True)
class _Side:
    """Cells that the fit looks at: those at home, or those away from the training data.

    Attributes
    ----------
    logits : (n, K), shifted
    allowed : (n, K) bool
    distance : (n,) relative distance from the training data
    disagreement : (n,) of the two views
    coordinates : (n, d) whitened embeddings
    measurements : (n, m)
    site : (n,) str
    """

    logits: np.ndarray
    allowed: np.ndarray
    distance: np.ndarray
    disagreement: np.ndarray
    coordinates: np.ndarray
    measurements: np.ndarray
    site: np.ndarray

    def loss(self, model: UncertaintyModel) -> float:
        """Loss of the probabilities of `model`, cell by cell."""
        return _loss(model.probabilities(self.logits, self.distance), self.allowed)

    def adapted(self, model: UncertaintyModel, methods: Mapping[str, AdaptationMethods]) -> np.ndarray:
        """(n, K) probabilities of `model`, each site adapted as a specimen of its own."""
        p = model.probabilities(self.logits, self.distance)
        return adapted_by_site(p, self.coordinates, self.measurements, self.site, methods)


class _Distances:
    """The parts of :class:`UncertaintyModel` that the training data give; the rest is tried out."""

    def __init__(self, arrays: dict[str, np.ndarray], home: np.ndarray) -> None:
        self._fixed = arrays["centre"], arrays["whitener"], arrays["means"]
        self._raw = UncertaintyModel(*self._fixed, 1.0, 1.0, 0.0, 1.0, 1e9)
        self.reference = float(np.percentile(self._raw.relative_distance(home), 95))

    def relative(self, embedding: np.ndarray) -> np.ndarray:
        """(n,) distances of embeddings (n, D), the 95th percentile of cells at home being 1."""
        return self._raw.relative_distance(embedding) / self.reference

    def model(
        self, temperature: float, slope: float, threshold: float = 1.0, unlike: float = 3.0
    ) -> UncertaintyModel:
        """A model with these numbers."""
        return UncertaintyModel(
            *self._fixed, self.reference, temperature, slope, threshold, unlike, VIEW_DISAGREEMENT, LEAF_SHARE
        )


def _side(cells: Embedded, site: np.ndarray, distances: _Distances, arrays: dict[str, np.ndarray]) -> _Side:
    return _Side(
        cells.logits, cells.allowed, distances.relative(cells.embedding), cells.disagreement,
        whitened(cells.embedding, arrays), cells.measurements, site,
    )  # fmt: skip


def _stored_side(path: Path, shift: np.ndarray) -> _Side:
    """What the leave-one-site-out runs kept of the cells of the sites left out."""
    data = np.load(path, allow_pickle=False)
    return _Side(
        data["logits"] + shift, data["allowed"], data["distance"], data["disagreement"],
        data["coordinates"].astype(np.float32), data["measurements"], data["site"],
    )  # fmt: skip


def _foreign_disagreement(home: Embedded, away: _Side) -> float | None:
    """Half way (in ratio) between the most foreign-looking site of the training and sites left out."""
    looks = [
        home.disagreement[[k.startswith(site + " ") for k in home.keys]].mean()
        for site in STAINED_SITES
        if any(k.startswith(site + " ") for k in home.keys)
    ]
    return float(np.sqrt(max(looks) * away.disagreement.mean())) if looks else None


def _refused(model: UncertaintyModel, nothing: Embedded, distance: np.ndarray) -> float:
    """Share of empty views that are named an artefact or left unidentified."""
    p = model.probabilities(nothing.logits, distance)
    uncertainty = model.uncertainty(p, distance, coarse_rows(LEAVES), nothing.disagreement)
    return float(((p.argmax(1) == LEAVES.index("ART")) | (uncertainty > model.threshold)).mean())


def _threshold(*quantiles: np.floating) -> float:
    """Never laxer than the pool's, which rules nucleated cells once a run has ended; profiles and other cells have this one."""
    return float(min(*quantiles, POOL["threshold"]))


def fit_uncertainty(
    pool: dict[str, Embedded],
    away: Path | None,
    methods: Mapping[str, AdaptationMethods],
    referral: float = 0.10,
    home_referral: float = 0.03,
) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and numbers of :class:`UncertaintyModel`.

    The home temperature comes from validation cells; its growth from cells away: predictions of leave-one-site-out
    runs where given (their distances measured with their own training features), else strongly augmented views.
    `methods` adapt the cells: those of each left-out site by its name, and all others under "".
    """
    arrays = distance_arrays(pool["train"])
    shift = logit_shift(LOGIT_SHIFT, LEAVES)
    pool = {k: replace(e, logits=e.logits + shift) for k, e in pool.items()}
    distances = _Distances(arrays, pool["val"].embedding)
    home = _side(pool["val"], np.array([k.split(" ")[0] for k in pool["val"].keys]), distances, arrays)
    left_out = _stored_side(away, shift) if away is not None and away.is_file() else None
    no_site = np.zeros(len(pool["augmented"].logits), "U1")
    abroad = left_out or _side(pool["augmented"], no_site, distances, arrays)
    source = "leave-one-site-out predictions" if left_out else "strongly augmented views"
    temperatures = np.exp(np.linspace(np.log(0.3), np.log(4), 60))
    temperature = float(min(temperatures, key=lambda t: home.loss(distances.model(t, 0))))
    slope = float(min(np.linspace(0, 4, 41), key=lambda s: abroad.loss(distances.model(temperature, s))))
    unlike = float(max(1.5, np.percentile(abroad.distance, 99)))
    plain = distances.model(temperature, slope, 1.0, unlike)
    p_abroad, p_home = abroad.adapted(plain, methods), home.adapted(plain, {"": methods[""]})

    of_abroad, of_home = (
        plain.uncertainty(p, side.distance, coarse_rows(LEAVES), side.disagreement)
        for p, side in ((p_abroad, abroad), (p_home, home))
    )
    threshold = _threshold(np.quantile(of_abroad, 1 - referral), np.quantile(of_home, 1 - home_referral))
    fitted = replace(plain, threshold=threshold)
    foreign = _foreign_disagreement(pool["val"], abroad) if left_out else None
    refused = _refused(fitted, pool["nothing"], distances.relative(pool["nothing"].embedding))
    numbers = {
        "reference": distances.reference, "temperature": temperature, "slope": slope, "threshold": threshold,
        "unlike": unlike, "disagreement": VIEW_DISAGREEMENT,
        **({"foreign_disagreement": round(foreign, 4)} if foreign else {}),
        "logit_adjustment": LOGIT_SHIFT, "specimen_mix": CLASS_PRIOR, "leaf_share": LEAF_SHARE,
        "pool": POOL, "look_first": LOOK_FIRST,
        "fitted_on": {"temperature": "validation split", "slope": source, "threshold": f"{referral:.0%} of {source} or {home_referral:.0%} of home validation referred, or the pool's, whichever refers more"},
        "referred_home_validation": round(float((of_home > threshold).mean()), 4),
        "empty_views_refused": round(refused, 4),
    }  # fmt: skip
    print({k: v for k, v in numbers.items() if k != "fitted_on"})
    return arrays, numbers
