// Singular values of a tall and skinny matrix, block by block: a QR decomposition of each block of rows, then of pairs of
// triangles stacked on each other, up a tree (TSQR, Demmel et al. 2012). Only n x n triangles travel.
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <rankine/rankine.hpp>

constexpr int n = 8, rows = 500, blocks = 40;
using Matrix = std::vector<double>;  // n columns, row after row

Matrix block_of_rows(int block) {
  Matrix a;
  for (int r = block * rows; r < (block + 1) * rows; ++r)
    for (int c = 0; c < n; ++c) a.push_back(std::sin(0.001 * r * (c + 1)) + (r % (c + 2) == 0 ? 1.0 : 0.0));
  return a;
}

/// The upper triangle R of A = QR.
Matrix triangle(Matrix a) {
  double tau[n];
  LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, static_cast<int>(a.size()) / n, n, a.data(), n, tau);
  a.resize(n * n);
  for (int r = 1; r < n; ++r) std::fill_n(a.begin() + r * n, r, 0.0);
  return a;
}

Matrix stacked_triangle(const Matrix& upper, const Matrix& lower) {
  Matrix both = upper;
  both.insert(both.end(), lower.begin(), lower.end());
  return triangle(both);
}

std::vector<double> singular_values(Matrix r) {
  std::vector<double> values(n), unused(n);
  LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'N', 'N', n, n, r.data(), n, values.data(), nullptr, n, nullptr, n, unused.data());
  return values;
}
RANKINE_TASK(block_of_rows);
RANKINE_TASK(triangle);
RANKINE_TASK(stacked_triangle);
RANKINE_TASK(singular_values);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    std::vector<rankine::Future<Matrix>> triangles;
    for (int block = 0; block < blocks; ++block) triangles.push_back(client.submit<triangle>(client.submit<block_of_rows>(block)));
    const auto r = client.reduce<stacked_triangle>(triangles, 2);
    std::printf("singular values of %d x %d:", rows * blocks, n);
    for (const double value : client.submit<singular_values>(r).get()) std::printf(" %.4f", value);
    std::printf("\n");
  });
}
