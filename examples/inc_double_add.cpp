// The graph that every introduction to task graphs draws: inc and double each number, add the two, sum it all up.
// Nothing runs before compute().
#include <cstdio>

#include <rankine/rankine.hpp>

int inc(int x) { return x + 1; }
int twice(int x) { return 2 * x; }
int add(int x, int y) { return x + y; }
int sum(const std::vector<int>& values) {
  int total = 0;
  for (const int value : values) total += value;
  return total;
}
RANKINE_TASK(inc);
RANKINE_TASK(twice);
RANKINE_TASK(add);
RANKINE_TASK(sum);

int main(int argc, char** argv) {
  return rankine::run(argc, argv, [](rankine::Client& client) {
    std::vector<rankine::Delayed<int>> output;
    for (int x = 0; x < 256; ++x)
      output.push_back(rankine::delayed<add>(rankine::delayed<inc>(x), rankine::delayed<twice>(x)));
    std::printf("total %d\n", client.compute(rankine::delayed<sum>(output)));
  });
}
