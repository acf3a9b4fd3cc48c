# Grid search with cross-validation: ridge regression of one variable on polynomials of another, every fold of every point of
# the grid a call; means by parameter are calls too.
#     mpirun -n 5 rankine run grid_search.py        (or: python3 grid_search.py)
import math
import random

import dask
from dask import delayed


def make_data(count, seed):
    generator = random.Random(seed)
    xs = [generator.uniform(-1, 1) for i in range(count)]
    return [(x, math.sin(3 * x) + generator.gauss(0, 0.1)) for x in xs]


def solve(matrix, right):
    """Gauss elimination with pivoting."""
    n = len(right)
    rows = [matrix[i] + [right[i]] for i in range(n)]
    for column in range(n):
        pivot = max(range(column, n), key=lambda r: abs(rows[r][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for r in range(column + 1, n):
            factor = rows[r][column] / rows[column][column]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[column])]
    solution = [0.0] * n
    for i in range(n - 1, -1, -1):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, n))
        solution[i] = (rows[i][n] - known) / rows[i][i]
    return solution


def powers(x, degree):
    return [x ** k for k in range(degree + 1)]


def fit_and_score(data, fold, folds, degree, ridge):
    """Mean squared error on the fold that the fit has not seen."""
    train = [point for i, point in enumerate(data) if i % folds != fold]
    test = [point for i, point in enumerate(data) if i % folds == fold]
    features = [powers(x, degree) for x, y in train]
    n = degree + 1
    matrix = [[sum(f[i] * f[j] for f in features) + (ridge if i == j else 0.0) for j in range(n)] for i in range(n)]
    right = [sum(f[i] * y for f, (x, y) in zip(features, train)) for i in range(n)]
    weights = solve(matrix, right)
    errors = [(sum(w * p for w, p in zip(weights, powers(x, degree))) - y) ** 2 for x, y in test]
    return sum(errors) / len(errors)


def mean(values):
    return sum(values) / len(values)


def main():
    folds = 4
    data = delayed(make_data)(120, seed=7)
    grid = [(degree, ridge) for degree in range(1, 8, 2) for ridge in (0.0001, 0.01, 1.0)]
    scores = []
    for degree, ridge in grid:
        parts = [delayed(fit_and_score)(data, fold, folds, degree, ridge) for fold in range(folds)]
        scores.append(delayed(mean)(parts))
    scores = dask.compute(*scores)
    order = sorted(range(len(grid)), key=lambda i: scores[i])
    for i in order[:3]:
        print(f"degree {grid[i][0]}, ridge {grid[i][1]}: error {scores[i]:.6f}")
    print("worst:", grid[order[-1]], round(scores[order[-1]], 6))


if __name__ == "__main__":
    main()
