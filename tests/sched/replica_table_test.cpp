#include <catch2/catch.hpp>

#include <map>

#include "base/prng.hpp"
#include "sched/replica_table.hpp"

using namespace rankine;
using rankine::sched::ReplicaTable;

TEST_CASE("the replica table agrees with a map through a million additions and removals") {
  Prng prng(1);
  ReplicaTable table;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<std::uint32_t, std::uint64_t>> model;
  for (int step = 0; step < 1'000'000; ++step) {
    const std::pair key{static_cast<std::uint32_t>(prng.below(200)), static_cast<std::uint32_t>(prng.below(20))};
    const auto known = model.find(key);
    bool agree;
    if (known == model.end() || prng.chance(0.45)) {
      const std::uint64_t bytes = prng.below(1000);
      agree = table.add({key.first}, {key.second}, bytes) == (known == model.end() ? bytes : 0);
      if (known == model.end()) model[key] = {1, bytes};
      else ++known->second.first;
    } else {
      const bool is_last = --known->second.first == 0;
      agree = table.remove({key.first}, {key.second}) == (is_last ? known->second.second : 0);
      if (is_last) model.erase(known);
    }
    if (!agree || table.size() != model.size()) FAIL("they differ after step " << step);
  }
  for (std::uint32_t task = 0; task < 200; ++task)
    for (std::uint32_t worker = 0; worker < 20; ++worker) {
      const auto known = model.find({task, worker});
      if (table.count({task}, {worker}) != (known == model.end() ? 0 : known->second.first)) FAIL("a count differs");
    }
}
