#include <catch2/catch.hpp>

#include "sched/regular_graph.hpp"
#include "sim/network.hpp"
#include "sim/scale.hpp"

using namespace rankine;
using namespace rankine::sim;

TEST_CASE("transfers share ports max-min fairly") {
  Network network(4, 12);
  std::vector<Network::Ending> endings;
  // Three out of worker 0, one of them into worker 3, which also hears from worker 2.
  const auto a = network.begin({}, {0}, {1}, {1000}, endings);
  const auto b = network.begin({}, {0}, {2}, {1000}, endings);
  const auto c = network.begin({}, {0}, {3}, {1000}, endings);
  const auto d = network.begin({}, {2}, {3}, {1000}, endings);
  CHECK(network.rate(a) == 4);
  CHECK(network.rate(b) == 4);
  CHECK(network.rate(c) == 4);
  CHECK(network.rate(d) == 8);
  // d ends first, after 125 us; nobody gains, for worker 0's port is what limits the others.
  const Network::Ending last = endings.back();
  REQUIRE(last.transfer == d);
  CHECK(last.at.ns == 125'000);
  endings.clear();
  REQUIRE(network.end(last, endings));
  CHECK(endings.empty());
  CHECK_FALSE(network.end(last, endings));
  CHECK(network.active_count() == 3);
}

TEST_CASE("a transfer speeds up when its rival has ended") {
  Network network(2, 10);
  std::vector<Network::Ending> endings;
  const auto longer = network.begin({}, {0}, {1}, {1000}, endings);
  const auto shorter = network.begin({}, {0}, {1}, {100}, endings);
  Network::Ending first{};
  for (const auto& ending : endings)
    if (ending.transfer == shorter) first = ending;
  CHECK(first.at.ns == 20'000);
  endings.clear();
  REQUIRE(network.end(first, endings));
  REQUIRE(endings.size() == 1);
  CHECK(endings[0].transfer == longer);
  // 100 of its bytes went at half the speed, 900 go at full speed.
  CHECK(endings[0].at.ns == 20'000 + 90'000);
}

TEST_CASE("a thousand workers reduce a tree in little more than their share of the time, within memory") {
  std::vector<sched::RegularLayer> layers(2);
  layers[0] = {.width = 40'000, .edges = {}, .output_bytes = {1 << 20}, .scratch_bytes = {}, .cost_us = 1000};
  layers[1] = {.width = 40'000, .edges = {{0, sched::Pattern::same, 1}}, .output_bytes = {1 << 14}, .scratch_bytes = {}, .cost_us = 200};
  while (layers.back().width > 1)
    layers.push_back({.width = (layers.back().width + 7) / 8,
                      .edges = {{static_cast<std::uint32_t>(layers.size()) - 1, sched::Pattern::fan_in, 8}},
                      .output_bytes = {1 << 14}, .scratch_bytes = {}, .cost_us = 50});
  ScaleOptions options;
  options.worker_count = 1000;
  options.memory_limit = {8 << 20};
  const ScaleResult result = simulate_at_scale(std::make_shared<sched::RegularGraph>(layers), options);
  const double work_s = (40'000 * 1200e-6 + 5715 * 50e-6) / options.worker_count;
  CHECK(result.makespan_s < 1.25 * work_s);
  CHECK(result.forced == 0);
  CHECK(result.peak_held <= options.memory_limit);
  const ScaleResult again = simulate_at_scale(std::make_shared<sched::RegularGraph>(layers), options);
  CHECK(again.makespan_s == result.makespan_s);
  CHECK(again.bytes_moved == result.bytes_moved);
}
