#!/usr/bin/python3
"""Trains the diamond price model and writes model.onnx, data/ and labels/ beside this file.

    apt-get install --no-install-recommends r-cran-ggplot2 python3-sklearn python3-onnx
    Rscript -e 'write.csv(ggplot2::diamonds, "diamonds.csv", row.names = FALSE, quote = FALSE)'
    node scripts/set-up.mjs              # ONNX Runtime, to compare the ONNX model with scikit-learn's
    python3 examples/diamonds/train.py diamonds.csv

Made with scikit-learn 1.2.1, onnx 1.12.0 and numpy 1.24.2.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_percentage_error, median_absolute_error, r2_score

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEED = 2024

# The columns of a record, in order; the grades of a worded column go from worst to best.
COLUMNS = ["carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z"]
GRADES = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": ["J", "I", "H", "G", "F", "E", "D"],
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}


def main(source):
    with open(source, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 53_940, f"{source}: {len(rows)} rows instead of 53,940"

    # One half is held out; of the other, rows that the held-out half repeats in every column are dropped.
    order = np.random.default_rng(SEED).permutation(len(rows))
    held_out = [rows[i] for i in order[: len(rows) // 2]]
    seen = {tuple(row.values()) for row in held_out}
    training = [rows[i] for i in order[len(rows) // 2 :]]
    training = [row for row in training if tuple(row.values()) not in seen]

    # The trees predict the logarithm of the price: an error of 10 % counts the same for any diamond.
    model = GradientBoostingRegressor(
        n_estimators=400,
        learning_rate=0.05,
        max_depth=None,
        max_leaf_nodes=32,
        min_samples_leaf=10,
        subsample=0.5,
        random_state=SEED,
    )
    model.fit(features(training), np.log(prices(training)))

    onnx.save(to_onnx(model), HERE / "model.onnx")
    held_out = write_held_out(held_out)

    predicted = np.exp(model.predict(features(held_out)))
    by_onnx = predict_with_onnxruntime()
    difference = np.max(np.abs(by_onnx - predicted) / predicted)
    assert by_onnx.shape == predicted.shape and difference < 1e-4, f"ONNX differs from scikit-learn: {difference:.1e}"

    true = prices(held_out)
    percent_off = np.abs(by_onnx - true) / true
    print(f"trained on {len(training):,} rows, held out {len(held_out):,}")
    print(f"model.onnx: {(HERE / 'model.onnx').stat().st_size:,} bytes")
    print(f"largest relative difference between ONNX Runtime and scikit-learn: {difference:.1e}")
    print("on the held-out half, predictions of ONNX Runtime:")
    print(f"  R²                                  {r2_score(true, by_onnx):.4f}")
    print(f"  mean absolute percentage error      {100 * mean_absolute_percentage_error(true, by_onnx):.2f} %")
    print(f"  median absolute error               ${median_absolute_error(true, by_onnx):.0f}")
    print(f"  within 10 % of the true price       {100 * np.mean(percent_off <= 0.1):.1f} %")


def features(rows):
    """Numbers as they are, grades as their rank; float32, as the ONNX model sees them."""
    return np.array(
        [[GRADES[c].index(row[c]) if c in GRADES else float(row[c]) for c in COLUMNS] for row in rows],
        dtype=np.float32,
    )


def prices(rows):
    return np.array([float(row["price"]) for row in rows])


def to_onnx(model):
    """One input per column -> ranks for the grades -> all in a row -> trees -> exp -> price."""
    inputs, nodes, numbers = [], [], []
    for column in COLUMNS:
        grades = GRADES.get(column)
        kind = TensorProto.STRING if grades else TensorProto.FLOAT
        inputs.append(helper.make_tensor_value_info(column, kind, ["batch", 1]))
        numbers.append(f"{column}_rank" if grades else column)
        if grades:
            nodes.append(
                helper.make_node(
                    "LabelEncoder",
                    [column],
                    [f"{column}_rank"],
                    domain="ai.onnx.ml",
                    keys_strings=grades,
                    values_floats=[float(rank) for rank in range(len(grades))],
                    default_float=-1.0,
                )
            )
    nodes.append(helper.make_node("Concat", numbers, ["features"], axis=1))
    nodes.append(
        helper.make_node(
            "TreeEnsembleRegressor", ["features"], ["log_price"], domain="ai.onnx.ml", **tree_attributes(model)
        )
    )
    nodes.append(helper.make_node("Exp", ["log_price"], ["price"]))
    output = helper.make_tensor_value_info("price", TensorProto.FLOAT, ["batch", 1])
    result = helper.make_model(
        helper.make_graph(nodes, "diamonds", inputs, [output]),
        producer_name="millrace examples/diamonds/train.py",
        doc_string="Price of a diamond in US dollars, trained on the diamonds data set of ggplot2.",
        opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 2)],
        ir_version=8,
    )
    onnx.checker.check_model(result)
    return result


def tree_attributes(model):
    nodes = {name: [] for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
    target = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
    for tree_id, estimator in enumerate(model.estimators_[:, 0]):
        tree = estimator.tree_
        for node_id in range(tree.node_count):
            leaf = tree.children_left[node_id] == -1
            nodes["treeids"].append(tree_id)
            nodes["nodeids"].append(node_id)
            nodes["featureids"].append(0 if leaf else int(tree.feature[node_id]))
            nodes["values"].append(0.0 if leaf else round_down(tree.threshold[node_id]))
            nodes["modes"].append("LEAF" if leaf else "BRANCH_LEQ")
            nodes["truenodeids"].append(0 if leaf else int(tree.children_left[node_id]))
            nodes["falsenodeids"].append(0 if leaf else int(tree.children_right[node_id]))
            if leaf:
                target["treeids"].append(tree_id)
                target["nodeids"].append(node_id)
                target["ids"].append(0)
                target["weights"].append(float(model.learning_rate * tree.value[node_id, 0, 0]))
    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "base_values": [float(model.init_.constant_[0, 0])],
        **{f"nodes_{name}": values for name, values in nodes.items()},
        **{f"target_{name}": values for name, values in target.items()},
    }


def round_down(threshold):
    """The largest float32 that is not above the threshold: for a float32 x, x <= threshold stays what it was."""
    nearest = np.float32(threshold)
    return float(np.nextafter(nearest, np.float32(-np.inf)) if nearest > threshold else nearest)


def write_held_out(rows):
    """Writes data/ and labels/, one file per cut, and gives the rows in the order of the files."""
    written = []
    for folder in ("data", "labels"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
        (HERE / folder).mkdir()
    for cut in sorted(GRADES["cut"]):
        of_cut = [row for row in rows if row["cut"] == cut]
        name = cut.lower().replace(" ", "-") + ".csv"
        lines(HERE / "data" / name, (",".join(row[c] for c in COLUMNS) for row in of_cut))
        lines(HERE / "labels" / name, (row["price"] for row in of_cut))
        written += of_cut
    return written


def lines(path, texts):
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8", newline="\n")


def predict_with_onnxruntime():
    """The predictions for data/, file after file in the order of the names, from the ONNX Runtime of this project."""
    script = """
        import { readFileSync, readdirSync } from 'node:fs';
        import { InferenceSession, Tensor } from 'onnxruntime-node';
        const [here] = process.argv.slice(1);
        const rows = readdirSync(`${here}/data`).sort().flatMap((name) =>
          readFileSync(`${here}/data/${name}`, 'utf8').trimEnd().split('\\n').map((line) => line.split(',')));
        const session = await InferenceSession.create(`${here}/model.onnx`);
        const feeds = Object.fromEntries(session.inputMetadata.map(({ name, type }, column) => {
          const cells = rows.map((row) => row[column]);
          const values = type === 'string' ? cells : Float32Array.from(cells, Number);
          return [name, new Tensor(type, values, [rows.length, 1])];
        }));
        const { price } = await session.run(feeds);
        console.log(JSON.stringify(Array.from(price.data)));
    """
    path = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
    command = ["node", "--input-type=module", "--eval", script, str(HERE)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, check=True)
    return np.array(json.loads(done.stdout))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: train.py diamonds.csv")
    main(sys.argv[1])
