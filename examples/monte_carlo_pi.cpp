// Pi by throwing darts, until it is known well enough: results are used as they come, more is submitted meanwhile, and what
// is left at the end is cancelled.
#include <cmath>
#include <cstdio>
#include <random>

#include <rankine/rankine.hpp>

constexpr long throws = 200'000;

long hits(unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> place(0, 1);
  long inside = 0;
  for (long i = 0; i < throws; ++i) {
    const double x = place(random), y = place(random);
    inside += x * x + y * y < 1;
  }
  return inside;
}
RANKINE_TASK(hits);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    unsigned seed = 0;
    std::vector<rankine::Future<long>> first;
    for (; seed < 16; ++seed) first.push_back(client.submit<hits>(seed));
    auto completed = client.as_completed(first);
    double inside = 0, thrown = 0, pi = 0;
    for (const auto& future : completed) {
      inside += static_cast<double>(future.get());
      thrown += throws;
      pi = 4 * inside / thrown;
      const double error = 4 * std::sqrt(pi / 4 * (1 - pi / 4) / thrown);
      if (error < 0.0005) break;
      completed.add(client.submit<hits>(seed++));
    }
    completed.cancel();
    std::printf("pi is about %.2f\n", pi);
  });
}
