// A tree reduction, spelt out with lazy tasks: neighbours are added until one is left.
#include <cstdio>

#include <rankine/rankine.hpp>

double square(double x) { return x * x; }
double add(double a, double b) { return a + b; }
RANKINE_TASK(square);
RANKINE_TASK(add);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    std::vector<rankine::Delayed<double>> level;
    for (int i = 1; i <= 1024; ++i) level.push_back(rankine::delayed<square>(i));
    while (level.size() > 1) {
      std::vector<rankine::Delayed<double>> next;
      for (std::size_t i = 0; i < level.size(); i += 2) next.push_back(rankine::delayed<add>(level[i], level[i + 1]));
      level = next;
    }
    std::printf("sum of squares %.0f\n", client.compute(level[0]));
  });
}
