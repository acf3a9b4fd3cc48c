// Custom graphs in C++ for the tests of what is kept of them and of what is spilled: prints what it computes.
//     call_client tree        a tree over slow leaves, then futures as they complete, and tasks that submit tasks
//     call_client field N MB  N results of so many MiB, all held at once, and used twice
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

using Numbers = std::vector<std::uint64_t>;

std::uint64_t step(std::uint64_t x, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) x = x * 6364136223846793005ULL + 1442695040888963407ULL;
  return x;
}
RANKINE_TASK(step);

std::uint64_t add(std::uint64_t a, std::uint64_t b) { return a + b; }
RANKINE_TASK(add);

std::uint64_t nested(std::uint64_t x) {
  rankine::TaskClient& client = rankine::task_client();
  std::vector<rankine::Future<std::uint64_t>> parts;
  for (std::uint64_t i = 0; i < 4; ++i) parts.push_back(client.submit<step>(x + i, std::uint64_t{4'000'000}));
  std::uint64_t total = 0;
  for (const auto& part : client.gather(parts)) total += part;
  return total;
}
RANKINE_TASK(nested);

Numbers field(std::uint64_t seed, std::uint64_t count) {
  Numbers values(count);
  for (auto& value : values) value = seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
  return values;
}
RANKINE_TASK(field);

std::uint64_t sum(const Numbers& values) {
  std::uint64_t total = 0;
  for (const std::uint64_t value : values) total += value;
  return total;
}
RANKINE_TASK(sum);

std::uint64_t difference(const Numbers& values, std::uint64_t from) {
  std::uint64_t total = 0;
  for (const std::uint64_t value : values) total = total * 31 + (value - from);
  return total;
}
RANKINE_TASK(difference);

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  return rankine::run(argc, argv, [&](rankine::Client& client) {
    if (what == "tree") {
      std::vector<rankine::Future<std::uint64_t>> level;
      for (std::uint64_t i = 0; i < 48; ++i) level.push_back(client.submit<step>(i, std::uint64_t{20'000'000}));
      while (level.size() > 1) {
        std::vector<rankine::Future<std::uint64_t>> next;
        for (std::size_t i = 0; i + 1 < level.size(); i += 2) next.push_back(client.submit<add>(level[i], level[i + 1]));
        if (level.size() % 2 == 1) next.push_back(level.back());
        level = next;
      }
      std::printf("%llu\n", static_cast<unsigned long long>(level[0].get()));
      std::vector<rankine::Future<std::uint64_t>> more;
      for (std::uint64_t i = 0; i < 24; ++i) more.push_back(client.submit<step>(1000 + i, std::uint64_t{20'000'000}));
      std::uint64_t total = 0;
      for (const auto& future : client.as_completed(more)) total += client.submit<add>(future, std::uint64_t{1}).get();
      std::printf("%llu\n", static_cast<unsigned long long>(total));
      std::vector<rankine::Future<std::uint64_t>> deep;
      for (std::uint64_t i = 0; i < 6; ++i) deep.push_back(client.submit<nested>(5000 + 10 * i));
      total = 0;
      for (const auto& value : client.gather(deep)) total = total * 3 + value;
      std::printf("%llu\n", static_cast<unsigned long long>(total));
    } else if (what == "field" && argc == 4) {
      const auto count = std::strtoull(argv[2], nullptr, 10), numbers = std::strtoull(argv[3], nullptr, 10) << 17;
      std::vector<rankine::Future<Numbers>> fields;
      std::vector<rankine::Future<std::uint64_t>> sums;
      for (std::uint64_t i = 0; i < count; ++i) {
        fields.push_back(client.submit<field>(i + 1, std::uint64_t{numbers}));
        sums.push_back(client.submit<sum>(fields.back()));
      }
      const auto whole = client.reduce<rankine::plus>(sums);
      std::vector<rankine::Future<std::uint64_t>> differences;
      for (const auto& one : fields) differences.push_back(client.submit<difference>(one, whole));
      std::uint64_t total = 0;
      for (const auto& value : client.gather(differences)) total = total * 3 + value;
      std::printf("%llu %llu\n", static_cast<unsigned long long>(whole.get()), static_cast<unsigned long long>(total));
      // One of them as a whole, fetched from where it is.
      std::printf("%llu\n", static_cast<unsigned long long>(fields[count / 2].get().back()));
    } else {
      std::fprintf(stderr, "call_client tree | field N MB\n");
      std::exit(2);
    }
  });
}
