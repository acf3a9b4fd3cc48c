// A parameter sweep: every combination of two parameters is a task; the best one is found by a reduction on the workers.
#include <cstdio>

#include <rankine/rankine.hpp>

struct Run {
  double growth, capacity, error;
};

/// How far the logistic map ends from a wanted value.
Run simulate(double growth, double capacity) {
  double population = 0.1;
  for (int year = 0; year < 2000; ++year) population += growth * population * (1 - population / capacity);
  return {growth, capacity, std::abs(population - 0.7) + 0.01 * growth};
}
RANKINE_TASK(simulate);

Run better(const Run& a, const Run& b) { return b.error < a.error ? b : a; }
RANKINE_TASK(better);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    std::vector<rankine::Future<Run>> runs;
    for (int i = 0; i < 20; ++i)
      for (int j = 0; j < 20; ++j) runs.push_back(client.submit<simulate>(0.05 + 0.05 * i, 0.1 + 0.05 * j));
    const Run best = client.reduce<better>(runs).get();
    std::printf("best of %zu: growth %.2f, capacity %.2f\n", runs.size(), best.growth, best.capacity);
  });
}
