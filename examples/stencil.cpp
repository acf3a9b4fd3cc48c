// Heat spreads over a plate: a 2-d five-point stencil on blocks. A block's next step needs its own values and one edge of
// each neighbour, so only edges travel between workers.
#include <cmath>
#include <cstdio>

#include <rankine/rankine.hpp>

constexpr int n = 32, blocks = 4, steps = 50;  // rows and columns of a block, blocks a side
using Block = std::vector<double>;             // n * n
using Edge = std::vector<double>;              // n; empty outside the plate, which is kept at 0

Block hot_corner(int i, int j) {
  Block block(n * n, 0.0);
  if (i == 0 && j == 0)
    for (int k = 0; k < n * n; ++k) block[k] = 100.0;
  return block;
}

enum Side { north, south, west, east };
Edge edge(const Block& block, int side) {
  Edge values(n);
  for (int k = 0; k < n; ++k)
    values[k] = side == north ? block[k] : side == south ? block[(n - 1) * n + k] : side == west ? block[k * n] : block[k * n + n - 1];
  return values;
}

Block step(const Block& old, const Edge& above, const Edge& below, const Edge& left, const Edge& right) {
  const auto outside = [](const Edge& edge, int k) { return edge.empty() ? 0.0 : edge[k]; };
  Block next(n * n);
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c) {
      const double up = r > 0 ? old[(r - 1) * n + c] : outside(above, c);
      const double down = r + 1 < n ? old[(r + 1) * n + c] : outside(below, c);
      const double west = c > 0 ? old[r * n + c - 1] : outside(left, r);
      const double east = c + 1 < n ? old[r * n + c + 1] : outside(right, r);
      const double here = old[r * n + c];
      next[r * n + c] = here + 0.2 * (up + down + west + east - 4 * here);
    }
  return next;
}

double heat(const Block& block) {
  double sum = 0;
  for (const double value : block) sum += value;
  return sum;
}
RANKINE_TASK(hot_corner);
RANKINE_TASK(edge);
RANKINE_TASK(step);
RANKINE_TASK(heat);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    using rankine::Future;
    const auto outside = client.scatter(Edge{});
    std::vector<Future<Block>> plate;
    for (int b = 0; b < blocks * blocks; ++b) plate.push_back(client.submit<hot_corner>(b / blocks, b % blocks));
    for (int s = 0; s < steps; ++s) {
      const auto neighbour_s = [&](int i, int j, int side) -> Future<Edge> {
        if (i < 0 || j < 0 || i == blocks || j == blocks) return outside;
        return client.submit<edge>(plate[i * blocks + j], side);
      };
      std::vector<Future<Block>> next;
      for (int i = 0; i < blocks; ++i)
        for (int j = 0; j < blocks; ++j)
          next.push_back(client.submit<step>(plate[i * blocks + j], neighbour_s(i - 1, j, south), neighbour_s(i + 1, j, north),
                                             neighbour_s(i, j - 1, east), neighbour_s(i, j + 1, west)));
      plate = next;  // the step before is dropped as soon as nobody needs it
    }
    const double left = client.reduce<rankine::plus>(client.map<heat>(plate)).get();

    // The same in plain loops.
    constexpr int size = n * blocks;
    std::vector<double> whole((size + 2) * (size + 2), 0.0);
    for (int r = 1; r <= n; ++r)
      for (int c = 1; c <= n; ++c) whole[r * (size + 2) + c] = 100.0;
    for (int s = 0; s < steps; ++s) {
      const auto old = whole;
      for (int r = 1; r <= size; ++r)
        for (int c = 1; c <= size; ++c) {
          const int k = r * (size + 2) + c;
          whole[k] = old[k] + 0.2 * (old[k - size - 2] + old[k + size + 2] + old[k - 1] + old[k + 1] - 4 * old[k]);
        }
    }
    double expected = 0;
    for (const double value : whole) expected += value;
    std::printf("heat left %.3f, %s\n", left, std::abs(left - expected) < 1e-6 ? "as in plain loops" : "NOT as in plain loops");
  });
}
